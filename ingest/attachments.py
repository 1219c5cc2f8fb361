"""Attachments: the files in a file as documents of their own, which are read, moved and removed with it."""

import contextlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO, cast

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import Session, aliased

from ingest.database import record_change, utc_now
from ingest.documents import add_to_document, attachments_of, clean_filename, remove, write_readers
from ingest.errors import FileRejected, InvalidInput
from ingest.jobs import BACKFILL
from ingest.parsed import Attachment, ParsedDocument
from ingest.storage import Originals, StagedFile
from ingest.tables import AclEntry, Document, Job, Version

# More than these come from an archive or mailbox; single uploads of others go first.
MAX_WITH_PARENTS_PRIORITY = 10


@dataclass(frozen=True)
class StagedAttachment:
    """An attachment on disk; `name` is clean, and no other attachment of the same document has it."""

    name: str
    file: StagedFile


@dataclass(frozen=True)
class StagedAttachments:
    """The attachments of a document on disk, and what was left out, in a sentence each."""

    files: tuple[StagedAttachment, ...] = ()
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class AttachmentCounts:
    """How far the attachments of a document are; `waiting` are queued or being read."""

    total: int = 0
    searchable: int = 0
    failed: int = 0
    waiting: int = 0

    def __str__(self) -> str:
        """Such as «37 documents; 2 failed»."""
        more = [f"{n} {word}" for n, word in ((self.failed, "failed"), (self.waiting, "waiting")) if n]
        return "; ".join([f"{self.total} document{'' if self.total == 1 else 's'}", *more])


@contextlib.contextmanager
def staged_attachments(originals: Originals, parsed: ParsedDocument, written: IO[bytes]) -> Iterator[StagedAttachments]:
    """Stage what a parser has written out; what is not published by the end of the block is deleted.

    Raises:
        StorageFull: too little free space is left.
    """
    files: list[StagedAttachment] = []
    left_out: list[str] = []
    names: set[str] = set()
    try:
        for attachment in parsed.attachments:
            name = _unused_name(attachment.name, names)
            try:
                stream = cast(IO[bytes], _Part(written, attachment))
                files.append(StagedAttachment(name, originals.stage(stream, name)))
            except FileRejected as rejected:
                left_out.append(f"{rejected}")
        yield StagedAttachments(tuple(files), tuple(left_out))
    finally:
        for staged in files:
            originals.discard(staged.file)


def publish_attachments(
    session: Session, originals: Originals, version_id: str, attachments: Sequence[StagedAttachment]
) -> None:
    """Make attachments documents with the readers and in the collection of theirs, and remove those it has no more.

    In the transaction that publishes their version, which holds `lock_changes`; nothing when a newer one is current.
    Each gets a job. One of the same name becomes a new version of the document that is there.
    """
    parent = session.get_one(Document, session.get_one(Version, version_id).document_id)
    if parent.current_version_id != version_id:
        return
    present = {document.source: document for document in attachments_of(session, parent.id)}
    readers = session.scalars(select(AclEntry.principal).where(AclEntry.document_id == parent.id)).all()
    priority = _priority(session, parent, len(attachments))
    for attachment in attachments:
        source = f"{parent.id}\n{attachment.name}"  # no upload and no path has such a source
        filename = clean_filename(f"{parent.filename}/{attachment.name}")
        document = present.pop(source, None)
        if document is None:
            document = Document(
                collection=parent.collection,
                source=source,
                filename=filename,
                title=PurePosixPath(filename).stem,
                parent_id=parent.id,
            )
            session.add(document)
            session.flush()
            write_readers(session, document.id, readers)
        elif document.filename != filename:
            document.filename, document.updated_at = filename, utc_now()
            record_change(session, "rename", document.id)
        add_to_document(session, originals, attachment.file, document, filename=filename, priority=priority)
    for document in present.values():
        remove(session, document.id)


def newest_of_attachments(session: Session, document_id: str) -> list[tuple[Document, Version]]:
    """The attachments of a document with the newest version of each, by file name."""
    rows = session.execute(
        select(Document, Version)
        .join(Version, Version.document_id == Document.id)
        .where(Document.parent_id == document_id, _is_newest())
        .order_by(Document.filename)
    )
    return [(document, version) for document, version in rows]


def name_in_parent(attachment: Document) -> str:
    """What an attachment is called in the document in which it came."""
    return attachment.source.split("\n", 1)[1]


def count_attachments(session: Session, document_ids: Collection[str]) -> dict[str, AttachmentCounts]:
    """How far the attachments of documents are, by the id of the document; without those that have none."""
    rows = session.execute(
        select(Document.parent_id, Version.status, func.count())
        .join(Version, Version.document_id == Document.id)
        .where(Document.parent_id.in_(document_ids), _is_newest())
        .group_by(Document.parent_id, Version.status)
    )
    by_parent: dict[str, dict[str, int]] = {}
    for parent_id, status, n in rows:
        by_parent.setdefault(str(parent_id), {})[status] = n
    return {
        parent_id: AttachmentCounts(
            total=sum(counts.values()),
            searchable=counts.get("searchable", 0),
            failed=counts.get("failed", 0),
            waiting=counts.get("queued", 0) + counts.get("running", 0),
        )
        for parent_id, counts in by_parent.items()
    }


def _is_newest() -> ColumnElement[bool]:
    """That a version is the newest of its document."""
    newer = aliased(Version)
    return ~exists().where(newer.document_id == Version.document_id, newer.number > Version.number)


class _Part:
    """A file that lies within another one: an object that `Originals.stage` reads."""

    def __init__(self, file: IO[bytes], place: Attachment) -> None:
        self._file = file
        self._at, self._end = place.start, place.start + place.size

    def read(self, size: int) -> bytes:
        """At most `size` bytes, none at the end."""
        self._file.seek(self._at)
        block = self._file.read(min(size, self._end - self._at))
        self._at += len(block)
        return block


def _unused_name(name: str, used: set[str]) -> str:
    """A clean name that none of `used` is, to which it is added: «report (2).pdf» for a second «report.pdf»."""
    try:
        cleaned = clean_filename(name)
    except InvalidInput:
        cleaned = "unnamed"
    path, number, unused = PurePosixPath(cleaned), 1, cleaned
    while unused in used:
        number += 1
        unused = str(path.with_name(f"{path.stem} ({number}){path.suffix}"))
    used.add(unused)
    return unused


def _priority(session: Session, parent: Document, n_attachments: int) -> int:
    """That of the parent's newest job for a few attachments, else the one that lets other uploads go first."""
    if n_attachments > MAX_WITH_PARENTS_PRIORITY:
        return BACKFILL
    jobs = select(Job.priority).join(Version, Version.id == Job.version_id).where(Version.document_id == parent.id)
    priority = session.scalar(jobs.order_by(Version.number.desc()).limit(1))
    return BACKFILL if priority is None else priority
