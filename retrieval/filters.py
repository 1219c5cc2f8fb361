"""Search filters: which documents to search, by collection, metadata, date and file type. They only ever narrow."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session, aliased

from ingest.containers import DOCX, EML, EPUB, MBOX, MSG, ODP, ODS, ODT, PPTX, RTF, XLSX
from ingest.errors import InvalidInput
from ingest.tables import Document, MetadataEntry, Version
from retrieval.permissions import readable_by

MAX_VALUES = 100

# What people call a kind of file → media types of its versions.
FILE_TYPES: dict[str, tuple[str, ...]] = {
    "pdf": ("application/pdf",),
    "docx": (DOCX,),
    "xlsx": (XLSX,),
    "pptx": (PPTX,),
    "odt": (ODT,),
    "ods": (ODS,),
    "odp": (ODP,),
    "rtf": (RTF,),
    "epub": (EPUB,),
    "mail": (EML, MBOX, MSG),
    "markdown": ("text/markdown",),
    "html": ("text/html",),
    "text": ("text/plain",),
    "csv": ("text/csv",),
    "json": ("application/json",),
    "yaml": ("application/yaml",),
}


@dataclass(frozen=True)
class SearchFilters:
    """What a document must be to be searched; every filter that is given must hold, an empty one leaves all.

    `collections` and `file_types` (names of `FILE_TYPES`, or media types) are alternatives. `metadata` holds pairs of
    key and value: for each key one of its values. `dated_from` and `dated_until` are the first and the last day, in
    UTC, of `Document.dated_at`.

    Raises:
        InvalidInput: a file type is unknown, the days are in the wrong order, or there are more than `MAX_VALUES`.
    """

    collections: tuple[str, ...] = ()
    file_types: tuple[str, ...] = ()
    metadata: tuple[tuple[str, str], ...] = ()
    dated_from: dt.date | None = None
    dated_until: dt.date | None = None

    def __post_init__(self) -> None:
        if max(len(self.collections), len(self.file_types), len(self.metadata)) > MAX_VALUES:
            raise InvalidInput(f"A filter takes at most {MAX_VALUES} values; give fewer.")
        for file_type in self.file_types:
            if file_type.lower() not in FILE_TYPES and "/" not in file_type:
                raise InvalidInput(f"{file_type[:80]!r} is not a file type; choose from {', '.join(FILE_TYPES)}.")
        if self.dated_from and self.dated_until and self.dated_from > self.dated_until:
            raise InvalidInput(f"There is no day from {self.dated_from} until {self.dated_until}; swap the two.")

    def __bool__(self) -> bool:
        return self != SearchFilters()

    def to_json(self) -> dict[str, Any]:
        """The filters that are given, in the form in which the API takes them."""
        metadata: dict[str, list[str]] = {}
        for key, value in self.metadata:
            metadata.setdefault(key, []).append(value)
        fields = {
            "collections": list(self.collections),
            "file_types": list(self.file_types),
            "metadata": metadata,
            "dated_from": self.dated_from and self.dated_from.isoformat(),
            "dated_until": self.dated_until and self.dated_until.isoformat(),
        }
        return {name: value for name, value in fields.items() if value}

    def conditions(self) -> list[ColumnElement[bool]]:
        """The filters as conditions on `Document`; every one must hold."""
        wanted: list[ColumnElement[bool]] = []
        if self.collections:
            wanted.append(Document.collection.in_(self.collections))
        if self.file_types:
            current = aliased(Version)
            of_type = current.media_type.in_(media_types(self.file_types))
            wanted.append(exists().where(current.id == Document.current_version_id, of_type))
        for key in dict.fromkeys(key for key, _ in self.metadata):
            values = [value for own, value in self.metadata if own == key]
            entry = MetadataEntry.document_id == Document.id
            wanted.append(exists().where(entry, MetadataEntry.key == key, MetadataEntry.value.in_(values)))
        if self.dated_from:
            wanted.append(Document.dated_at >= _midnight(self.dated_from))
        if self.dated_until and self.dated_until < dt.date.max:
            wanted.append(Document.dated_at < _midnight(self.dated_until + dt.timedelta(days=1)))
        return wanted


NO_FILTERS = SearchFilters()


def filters_from_json(values: dict[str, Any]) -> SearchFilters:
    """The filters that `SearchFilters.to_json` wrote."""
    days = {name: dt.date.fromisoformat(values[name]) for name in ("dated_from", "dated_until") if values.get(name)}
    return SearchFilters(
        collections=tuple(values.get("collections", ())),
        file_types=tuple(values.get("file_types", ())),
        metadata=tuple((key, value) for key, own in values.get("metadata", {}).items() for value in own),
        **days,
    )


def media_types(file_types: Iterable[str]) -> list[str]:
    """The media types of kinds of files; a media type stands for itself."""
    return [own for name in file_types for own in FILE_TYPES.get(name.lower(), (name.lower(),))]


def matching_documents(session: Session, filters: SearchFilters, principals: frozenset[str]) -> frozenset[str]:
    """Ids of the published documents that the filters let through and one of `principals` may read."""
    published = Document.current_version_id.is_not(None)
    return frozenset(
        session.scalars(select(Document.id).where(published, readable_by(principals), *filters.conditions()))
    )


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), dt.UTC)
