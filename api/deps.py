"""From ids in a request to rows: the only place where documents, versions and answers are looked up by id."""

import re
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.sign_in import Caller
from ingest.errors import InvalidInput, NotFound
from ingest.tables import Document, Page, Version
from retrieval.permissions import readable_by

_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class PagePlace:
    """A page's offset in its version's text, and its length, in characters."""

    start: int
    n_chars: int


def readable_document(session: Session, document_id: str, caller: Caller) -> Document:
    """A document whose content the caller may read. Raises NotFound for hidden and unknown ones alike."""
    document = None
    if is_id(document_id):
        document = session.scalar(select(Document).where(Document.id == document_id, readable_by(caller.principals)))
    if document is None:
        raise NotFound("There is no such document.")
    return document


def managed_document(session: Session, document_id: str, caller: Caller) -> Document:
    """A document whose name, readers and progress the caller may see: an admin any, others what they may read.

    Raises:
        NotFound: hidden and unknown ones alike.
    """
    if not caller.is_admin:
        return readable_document(session, document_id, caller)
    document = session.get(Document, document_id) if is_id(document_id) else None
    if document is None:
        raise NotFound("There is no such document.")
    return document


def readable_version(session: Session, document_id: str, version_id: str | None, caller: Caller) -> Version:
    """A version of a document that the caller may read; the current one where none is named.

    Raises:
        NotFound: no such document or version, none that the caller may read, or nothing published yet.
    """
    document = readable_document(session, document_id, caller)
    wanted = version_id or document.current_version_id
    version = session.get(Version, wanted) if wanted and is_id(wanted) else None
    if version is None or version.document_id != document.id:
        raise NotFound("There is no such version.")
    return version


def page_place(session: Session, version: Version, number: int) -> PagePlace:
    """Where a page lies in its version's text. Raises NotFound when there is no such page."""
    row = session.execute(
        select(Page.start, func.length(Page.text)).where(Page.version_id == version.id, Page.number == number)
    ).first()
    if row is None:
        raise NotFound("There is no such page.")
    return PagePlace(row[0], row[1])


def is_id(text: str) -> bool:
    """Whether a text has the form of the ids that Footnote gives."""
    return _ID.fullmatch(text) is not None


def checked_id(text: str) -> str:
    """The id. Raises NotFound where it has not the form of an id, as for one that does not exist."""
    if not is_id(text):
        raise NotFound("There is no such id.")
    return text


def check_span(start: int | None, end: int | None) -> None:
    """Check a span of characters. Raises InvalidInput when it ends before it starts."""
    if start is not None and end is not None and end < start:
        raise InvalidInput(f"The span ends at {end}, before it starts at {start}; swap them.")
