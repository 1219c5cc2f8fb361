"""`footnote search`: passages on the terminal."""

import textwrap
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.markup import escape

from api.commands.console import AsOption, JsonOption, acting_principals, command, out, print_degraded, print_json
from api.commands.filter_options import (
    CollectionsOption,
    FromOption,
    MetadataOption,
    TypesOption,
    UntilOption,
    filters_of,
)
from retrieval.hit import Hit
from retrieval.options import Fusion, Group, SearchMode, SearchOptions

EXCERPT_CHARS = 300
HIT_FIELDS = (
    "passage_id", "document_id", "version_id", "title", "filename", "collection", "page", "start", "end", "heading",
    "text", "score", "rank",
)  # fmt: skip


def search(
    query: Annotated[str, typer.Argument(help="What to find; words in double quotes are found as a phrase.")],
    given: AsOption = None,
    k: Annotated[int, typer.Option("-k", "--k", help="How many hits.")] = 10,
    collection: CollectionsOption = None,
    types: TypesOption = None,
    metadata: MetadataOption = None,
    dated_from: FromOption = None,
    dated_until: UntilOption = None,
    group: Annotated[Group, typer.Option(help="One hit of each passage, page or document.")] = "passage",
    merge: Annotated[bool, typer.Option("--merge", help="Join found passages that follow each other.")] = False,
    mode: Annotated[SearchMode, typer.Option(help="hybrid, or one side alone.")] = "hybrid",
    fusion: Annotated[Fusion, typer.Option(help="How both sides are merged; rrf to compare.")] = "mean",
    explain: Annotated[bool, typer.Option("--explain", help="Show each stage's score and rank.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Find passages that a person may read, best first."""
    with command() as parts, parts.database.read() as session:
        principals = acting_principals(session, given)
        filters = filters_of(collection, types, metadata, dated_from, dated_until)
        options = SearchOptions(mode=mode, fusion=fusion, group=group, merge_neighbours=merge, explain=explain)
        hits = parts.searcher.search(session, query, principals, k, filters=filters, options=options)
        degraded = parts.searcher.degraded(query, principals, options=options)
    if as_json:
        print_json({"query": query, "hits": [_to_json(hit) for hit in hits], "degraded": list(degraded)})
        return
    print_degraded(degraded)
    if not hits:
        out.print("Nothing was found that you may read.")
    for hit in hits:
        _print_hit(hit)


def _to_json(hit: Hit) -> dict[str, Any]:
    fields = asdict(hit)
    further = [name for name in ("duplicates", "explanation") if fields[name]]
    return {name: fields[name] for name in (*HIT_FIELDS, *further)}


def _print_hit(hit: Hit) -> None:
    place = f"{hit.filename}, page {hit.page}" + (f", {hit.heading}" if hit.heading else "")
    out.print(f"[bold]{hit.rank}. {escape(hit.title)}[/bold]  {hit.score:.2f}  [dim]{escape(place)}[/dim]")
    excerpt = textwrap.shorten(" ".join(hit.text.split()), EXCERPT_CHARS, placeholder=" …")
    out.print(f"   {escape(excerpt)}")
    for same in hit.duplicates:
        out.print(f"   [dim]the same in {escape(same.title)} ({escape(same.filename)}, page {same.page})[/dim]")
    if hit.explanation:
        stages = ", ".join(f"{stage.stage} {stage.score:.3f} (rank {stage.rank})" for stage in hit.explanation)
        out.print(f"   [dim]{stages}[/dim]")
    out.print()
