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
from generation.events import AnswerView, Length
from generation.options import AnswerOptions
from retrieval.filters import NO_FILTERS, SearchFilters

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
    as_json: JsonOption = False,
) -> None:
    """Answer a question from the documents a person may read; every sentence carries a checked citation."""
    with command() as parts:
        filters = filters_of(collection, types, metadata, dated_from, dated_until)
        answer = answer_question(parts, question, given, filters=filters, length=length)
    if as_json:
        print_json(answer.to_json())
    else:
        print_answer(answer)


def answer_question(
    parts: Parts,
    question: str,
    given: list[str] | None,
    *,
    filters: SearchFilters = NO_FILTERS,
    length: Length | None = None,
) -> AnswerView:
    """Ask, as the principals that `--as` gives, and wait for the whole answer."""
    with parts.database.read() as session:
        principals = acting_principals(session, given)
    return parts.answerer.answer_whole(
        question, principals, asked_by=acting_person(given), options=AnswerOptions(filters, length=length)
    )


def print_answer(answer: AnswerView) -> None:
    """Print an answer with numbered citations, and what each quotes."""
    numbers: dict[tuple[str, int, int], int] = {}
    lines = []
    for claim in answer.claims:
        marks = []
        for citation in claim.citations:
            key = (citation.version_id, citation.start, citation.end)
            marks.append(f"[{numbers.setdefault(key, len(numbers) + 1)}]")
        verdict = "" if claim.verdict == "supported" else f" ({claim.verdict})"
        lines.append(f"{claim.text} {''.join(marks)}{verdict}")
    out.print(escape("\n".join(lines) or answer.text))
    if numbers:
        out.print()
    for claim in answer.claims:
        for citation in claim.citations:
            number = numbers.pop((citation.version_id, citation.start, citation.end), None)
            if number is not None:
                quote = textwrap.shorten(" ".join(citation.quote.split()), EXCERPT_CHARS, placeholder=" …")
                place = f"{citation.filename}, page {citation.page}"
                out.print(f"[dim]\\[{number}] {escape(citation.title)} ({escape(place)}): «{escape(quote)}»[/dim]")
    for name in answer.degraded:
        out.print(f"[yellow]degraded:[/yellow] {escape(name)}")
