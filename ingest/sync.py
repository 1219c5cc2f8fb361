"""Comparing a folder with the documents that came from it: what is new, changed, ruled otherwise, and gone."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from ingest.documents import edit_document, remove, set_readers
from ingest.errors import InvalidInput
from ingest.folder import FolderFile, FolderListing, FolderRule
from ingest.jobs import RETRIABLE
from ingest.metadata import read_metadata, set_metadata
from ingest.tables import AclEntry, Document, Version

SOURCES_PER_QUERY = 500
REMOVALS_WITHOUT_ASKING = 20
UNFINISHED = frozenset({"queued", "running"})


@dataclass(frozen=True)
class KnownFile:
    """A document that came from a file, as far as a comparison needs it; `status` is that of its newest version."""

    document_id: str
    version_id: str
    source: str
    collection: str
    stamp: str | None
    status: str
    error_class: str | None
    message: str | None
    n_passages: int
    readers: frozenset[str]


@dataclass(frozen=True)
class SyncPlan:
    """What to do so that the documents are those of the folder; `settle` are files that only their rule changes."""

    read: tuple[FolderFile, ...]
    settle: tuple[tuple[KnownFile, FolderFile], ...]
    unchanged: tuple[tuple[KnownFile, FolderFile], ...]
    remove: tuple[KnownFile, ...]
    n_known: int

    @property
    def removes_suspiciously_much(self) -> bool:
        """Whether the folder looks unmounted or emptied: nothing is left of it, or most of many files are gone."""
        n_left = self.n_known - len(self.remove)
        return bool(self.remove) and (n_left == 0 or len(self.remove) > max(REMOVALS_WITHOUT_ASKING, n_left))


def plan_sync(session: Session, listing: FolderListing, *, retry_failed: bool = True) -> SyncPlan:
    """Compare a folder with SQL.

    Unchanged files that failed for a reason that may pass are read again, unless `retry_failed` is false.
    """
    known = _known_below(session, listing)
    by_source: dict[str, list[KnownFile]] = {}
    for document in known:
        by_source.setdefault(document.source, []).append(document)
    read: list[FolderFile] = []
    settle: list[tuple[KnownFile, FolderFile]] = []
    unchanged: list[tuple[KnownFile, FolderFile]] = []
    for file in listing.files:
        copies = by_source.pop(str(file.path), [])
        match = _copy_in(file.rule.collection, copies)
        passing = match is not None and retry_failed and match.error_class in RETRIABLE
        if match is None or match.stamp != file.stamp or match.status in UNFINISHED or passing:
            read.append(file)
        elif _is_settled(session, match, file.rule):
            unchanged.append((match, file))
        else:
            settle.append((match, file))
    gone = [copy for copies in by_source.values() for copy in copies if not listing.is_closed(copy.source)]
    return SyncPlan(tuple(read), tuple(settle), tuple(unchanged), tuple(gone), n_known=len(known))


def settle_rule(session: Session, document_id: str, rule: FolderRule) -> None:
    """Give a document the readers, collection and metadata of its file's rule; nothing is read or embedded again.

    Raises:
        InvalidInput: the collection has another document of this file.
    """
    document = session.get_one(Document, document_id)
    if rule.readers is not None:
        set_readers(session, document_id, rule.readers)
    if document.collection != rule.collection:
        edit_document(session, document, collection=rule.collection)
    if rule.metadata is not None:
        set_metadata(session, document_id, rule.metadata)


def move_known(session: Session, source: str, collection: str) -> None:
    """Move the document of a file to the collection where it belongs now, unless that has one of the file already."""
    copies = session.scalars(select(Document).where(Document.source == source)).all()
    if len(copies) == 1 and copies[0].collection != collection:
        edit_document(session, copies[0], collection=collection)


def remove_gone(session: Session, gone: Iterable[KnownFile]) -> None:
    """Remove the documents whose files are gone, in the caller's transaction."""
    for document in gone:
        if session.get(Document, document.document_id) is not None:
            remove(session, document.document_id)


def refuse_suspicious(plan: SyncPlan, listing: FolderListing) -> None:
    """Raise InvalidInput for a plan that would remove what is most likely only out of sight."""
    if plan.removes_suspiciously_much:
        raise InvalidInput(
            f"{len(plan.remove)} of the {plan.n_known} documents from {listing.root} would be removed. Is its disk "
            "mounted? Nothing was removed; look with --dry-run, and give --yes if it is right."
        )


def _copy_in(collection: str, copies: Sequence[KnownFile]) -> KnownFile | None:
    """The document of a file: the one in its collection, else any."""
    return min(copies, key=lambda copy: copy.collection != collection, default=None)


def _is_settled(session: Session, document: KnownFile, rule: FolderRule) -> bool:
    if document.collection != rule.collection or rule.readers not in (None, document.readers):
        return False
    return rule.metadata is None or rule.metadata == read_metadata(session, document.document_id)


def _known_below(session: Session, listing: FolderListing) -> list[KnownFile]:
    """The documents whose source is a path below the folder, with their newest versions."""
    prefix = f"{listing.root}/"
    rows = session.execute(
        select(Document, Version)
        .join(Version, Version.document_id == Document.id)
        .where(Document.source.startswith(prefix, autoescape=True), Document.parent_id.is_(None))
        .order_by(Document.id, Version.number)
    )
    newest = {document.id: (document, version) for document, version in rows}
    readers: dict[str, set[str]] = {}
    ids = list(newest)
    for first in range(0, len(ids), SOURCES_PER_QUERY):
        part = ids[first : first + SOURCES_PER_QUERY]
        for entry in session.scalars(select(AclEntry).where(AclEntry.document_id.in_(part))):
            readers.setdefault(entry.document_id, set()).add(entry.principal)
    return [
        KnownFile(
            document_id=document.id,
            version_id=version.id,
            source=document.source,
            collection=document.collection,
            stamp=document.source_stamp,
            status=version.status,
            error_class=version.error_class,
            message=version.message,
            n_passages=version.n_passages,
            readers=frozenset(readers.get(document.id, ())),
        )
        for document, version in newest.values()
        if document.source.startswith(prefix)
    ]
