"""`footnote search` and `footnote ask`: passages and cited answers on the terminal."""

import textwrap
from dataclasses import asdict
from typing import Annotated

import typer
from rich.markup import escape

from api.commands.console import (
    AsOption,
    CollectionOption,
    JsonOption,
    acting_person,
    acting_principals,
    command,
    out,
    print_json,
)
from api.parts import Parts
from generation.events import AnswerView, Length
from generation.options import AnswerOptions
from retrieval.search import SearchMode

EXCERPT_CHARS = 300
HIT_FIELDS = (
    "passage_id", "document_id", "version_id", "title", "filename", "collection", "page", "start", "end", "heading",
    "text", "score", "rank",
)  # fmt: skip


def search(
    query: Annotated[str, typer.Argument(help="What to find; words in double quotes are found as a phrase.")],
    given: AsOption = None,
    k: Annotated[int, typer.Option("-k", "--k", help="How many passages.")] = 10,
    collection: CollectionOption = None,
    mode: Annotated[SearchMode, typer.Option(help="hybrid, or one side alone.")] = "hybrid",
    as_json: JsonOption = False,
) -> None:
    """Find passages that a person may read, best first."""
    with command() as parts, parts.database.read() as session:
        principals = acting_principals(session, given)
        hits = parts.searcher.search(session, query, principals, k, collection=collection, mode=mode)
    if as_json:
        rows = [{name: value for name, value in asdict(hit).items() if name in HIT_FIELDS} for hit in hits]
        print_json({"query": query, "hits": rows})
        return
    if not hits:
        out.print("Nothing was found that you may read.")
    for hit in hits:
        place = f"{hit.filename}, page {hit.page}" + (f", {hit.heading}" if hit.heading else "")
        out.print(f"[bold]{hit.rank}. {escape(hit.title)}[/bold]  {hit.score:.2f}  [dim]{escape(place)}[/dim]")
        excerpt = textwrap.shorten(" ".join(hit.text.split()), EXCERPT_CHARS, placeholder=" …")
        out.print(f"   {escape(excerpt)}\n")


def ask(
    question: Annotated[str, typer.Argument(help="A question in your own words.")],
    given: AsOption = None,
    collection: CollectionOption = None,
    length: Annotated[Length | None, typer.Option(help="short, normal or long.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Answer a question from the documents a person may read; every sentence carries a checked citation."""
    with command() as parts:
        answer = answer_question(parts, question, given, collection=collection, length=length)
    if as_json:
        print_json(answer.to_json())
    else:
        print_answer(answer)


def answer_question(
    parts: Parts,
    question: str,
    given: list[str] | None,
    *,
    collection: str | None = None,
    length: Length | None = None,
) -> AnswerView:
    """Ask, as the principals that `--as` gives, and wait for the whole answer."""
    with parts.database.read() as session:
        principals = acting_principals(session, given)
    return parts.answerer.answer_whole(
        question, principals, asked_by=acting_person(given), options=AnswerOptions(collection, length=length)
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
