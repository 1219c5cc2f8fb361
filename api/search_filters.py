"""From what a request, a form or a command says to search filters."""

import json
from collections.abc import Iterable

from api.asking_schemas import FiltersBody
from ingest.errors import InvalidInput
from retrieval.filters import SearchFilters


def search_filters(body: FiltersBody | None, collection: str | None) -> SearchFilters:
    """The filters of a request's body, and the one collection that it may name beside them.

    Raises:
        InvalidInput: a value cannot be used.
    """
    given = body or FiltersBody()
    pairs = [
        (key, value)
        for key, values in given.metadata.items()
        for value in ([values] if isinstance(values, str) else values)
    ]
    return SearchFilters(
        collections=(*given.collections, *([collection] if collection else [])),
        file_types=tuple(given.file_types),
        metadata=tuple(pairs),
        dated_from=given.dated_from,
        dated_until=given.dated_until,
    )


def form_metadata(given: list[str]) -> dict[str, str]:
    """Metadata from the fields of a form: texts such as team=sales, or one JSON object of texts and numbers.

    Raises:
        InvalidInput: a field is neither.
    """
    if len(given) != 1 or not given[0].lstrip().startswith("{"):
        return dict(metadata_pairs(given))
    try:
        values = json.loads(given[0])
    except json.JSONDecodeError as error:
        raise InvalidInput(f"The field `metadata` is not valid JSON: {error}; or send KEY=VALUE.") from error
    for key, value in values.items():
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise InvalidInput(f"The metadata {key[:80]} is neither text nor a number; send one of these.")
    return {key: str(value) for key, value in values.items()}


def metadata_pairs(given: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Pairs of key and value, from texts such as team=sales.

    Raises:
        InvalidInput: a text has no = in it.
    """
    pairs = []
    for text in given:
        key, equals, value = text.partition("=")
        if not equals:
            raise InvalidInput(f"{text[:80]!r} is not metadata; write key=value, such as team=sales.")
        pairs.append((key.strip(), value.strip()))
    return tuple(pairs)
