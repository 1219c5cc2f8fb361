"""Metadata: what people say of a document beyond its text, such as team=sales, for search to filter by."""

import re
from collections.abc import Mapping

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from ingest.database import record_change
from ingest.errors import InvalidInput
from ingest.tables import MetadataEntry

MAX_ENTRIES = 50
MAX_VALUE_CHARS = 500
_KEY = re.compile(r"\w[\w .:-]{0,62}\w|\w")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def clean_metadata(metadata: Mapping[str, str]) -> dict[str, str]:
    """Metadata with white space around keys and values taken away.

    Raises:
        InvalidInput: a key or value cannot be used, or there are too many.
    """
    cleaned = {key.strip(): value.strip() for key, value in metadata.items()}
    if len(cleaned) > MAX_ENTRIES:
        raise InvalidInput(f"A document takes at most {MAX_ENTRIES} pieces of metadata; give fewer.")
    for key, value in cleaned.items():
        if not _KEY.fullmatch(key):
            raise InvalidInput(f"{key[:80]!r} is no name for metadata; use 1 to 64 letters, digits, spaces and _.:-")
        if not value or len(value) > MAX_VALUE_CHARS or _CONTROL.search(value):
            raise InvalidInput(f"The metadata {key} needs a value of 1 to {MAX_VALUE_CHARS} printable characters.")
    return cleaned


def read_metadata(session: Session, document_id: str) -> dict[str, str]:
    """A document's metadata, by key."""
    entries = session.scalars(
        select(MetadataEntry).where(MetadataEntry.document_id == document_id).order_by(MetadataEntry.key)
    )
    return {entry.key: entry.value for entry in entries}


def set_metadata(session: Session, document_id: str, metadata: Mapping[str, str]) -> None:
    """Replace a document's metadata, in the caller's transaction; in force for the next search after the commit.

    Raises:
        InvalidInput: a key or value cannot be used, or there are too many.
    """
    wanted = clean_metadata(metadata)
    if wanted == read_metadata(session, document_id):
        return
    session.execute(delete(MetadataEntry).where(MetadataEntry.document_id == document_id))
    session.add_all(MetadataEntry(document_id=document_id, key=key, value=value) for key, value in wanted.items())
    session.flush()
    record_change(session, "metadata", document_id)
