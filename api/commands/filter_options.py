"""The options by which `footnote search` and `footnote ask` narrow where they look."""

import datetime as dt
from typing import Annotated

import typer

from api.search_filters import metadata_pairs
from retrieval.filters import FILE_TYPES, SearchFilters

CollectionsOption = Annotated[
    list[str] | None, typer.Option("--collection", "-c", help="Only documents of this collection; again for more.")
]
TypesOption = Annotated[
    list[str] | None,
    typer.Option("--type", metavar="TYPE", help=f"Only files of this kind: {', '.join(FILE_TYPES)}; again for more."),
]
MetadataOption = Annotated[
    list[str] | None,
    typer.Option("--meta", metavar="KEY=VALUE", help="Only documents with this metadata; again for more."),
]
FromOption = Annotated[
    dt.datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="Only documents dated this day or later.")
]
UntilOption = Annotated[
    dt.datetime | None, typer.Option("--until", formats=["%Y-%m-%d"], help="Only documents dated this day or earlier.")
]


def filters_of(
    collections: list[str] | None,
    types: list[str] | None,
    metadata: list[str] | None,
    dated_from: dt.datetime | None,
    dated_until: dt.datetime | None,
) -> SearchFilters:
    """The filters that the options name.

    Raises:
        InvalidInput: one cannot be used.
    """
    return SearchFilters(
        collections=tuple(collections or ()),
        file_types=tuple(types or ()),
        metadata=metadata_pairs(metadata or ()),
        dated_from=dated_from and dated_from.date(),
        dated_until=dated_until and dated_until.date(),
    )
