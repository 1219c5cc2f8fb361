"""`footnote ask`: cited answers on the terminal."""

import textwrap
from typing import Annotated

import typer
from rich.markup import escape

from api.commands.console import (
    AsOption,
    JsonOption,
    acting_person,
    acting_principals,
    command,
    out,
    print_degraded,
    print_json,
)
from api.commands.filter_options import (
    CollectionsOption,
    FromOption,
    MetadataOption,
    TypesOption,
    UntilOption,
    filters_of,
)
from api.parts import Parts
from generation.conversations import start_conversation
from generation.events import AnswerView, Length
from generation.footnotes import Footnotes
from generation.options import AnswerOptions

EXCERPT_CHARS = 300


def ask(
    question: Annotated[str, typer.Argument(help="A question in your own words.")],
    given: AsOption = None,
    collection: CollectionsOption = None,
    types: TypesOption = None,
    metadata: MetadataOption = None,
    dated_from: FromOption = None,
    dated_until: UntilOption = None,
    length: Annotated[Length | None, typer.Option(help="short, normal or long.")] = None,
    conversation: Annotated[
        str | None, typer.Option(help="Ask in the conversation with this id; «new» starts one and prints its id.")
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Write anew what was answered before.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Answer a question from the documents a person may read; every sentence carries a checked citation."""
    with command() as parts:
        filters = filters_of(collection, types, metadata, dated_from, dated_until)
        if conversation == "new":
            with parts.database.write() as session:
                conversation = start_conversation(session, acting_person(given))
        options = AnswerOptions(filters, length=length, conversation_id=conversation, fresh=fresh)
        answer = answer_question(parts, question, given, options)
    if as_json:
        print_json(answer.to_json())
        return
    print_answer(answer)
    if answer.conversation_id:
        out.print(f"[dim]follow up with: --conversation {answer.conversation_id}[/dim]")


def answer_question(
    parts: Parts, question: str, given: list[str] | None, options: AnswerOptions | None = None
) -> AnswerView:
    """Ask, as the principals that `--as` gives, and wait for the whole answer."""
    with parts.database.read() as session:
        principals = acting_principals(session, given)
    return parts.answerer.answer_whole(question, principals, asked_by=acting_person(given), options=options)


def print_answer(answer: AnswerView) -> None:
    """Print an answer with numbered citations, and what each quotes."""
    footnotes = Footnotes()
    lines, end = [], 0
    for claim in answer.claims:
        lines.append(answer.text[end : claim.end].strip() + footnotes.mark(claim))
        end = claim.end
    out.print(escape("\n".join(lines) or answer.text))
    if footnotes.citations:
        out.print()
    for number, citation in enumerate(footnotes.citations, start=1):
        quote = textwrap.shorten(" ".join(citation.quote.split()), EXCERPT_CHARS, placeholder=" …")
        place = f"{citation.filename}, page {citation.page}"
        out.print(f"[dim]\\[{number}] {escape(citation.title)} ({escape(place)}): «{escape(quote)}»[/dim]")
    print_degraded(answer.degraded)
