"""What an admin does to a document: add a version, set its readers, rename, retry, cancel, remove."""

import contextlib
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from ingest.database import Database, lock_changes, record_change, utc_now
from ingest.errors import InvalidInput, NotFound
from ingest.jobs import INTERACTIVE, RETRIABLE, end_cancelled, enqueue
from ingest.progress import unfinished_versions
from ingest.publish import delete_passages
from ingest.storage import Originals, StagedFile
from ingest.tables import AclEntry, Document, Job, Version

EVERYONE = "everyone"
DEFAULT_COLLECTION = "default"
MAX_FILENAME_CHARS = 1000
_PRINCIPAL = re.compile(r"everyone|user:[^\s@]+@[^\s@]+|group:[^\s](?:.*[^\s])?")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")


@dataclass(frozen=True)
class AddedVersion:
    """What an upload led to; `unchanged` means that this very content was already the newest version."""

    document: Document
    version: Version
    unchanged: bool


def add_version(
    session: Session,
    originals: Originals,
    staged: StagedFile,
    *,
    filename: str,
    collection: str = DEFAULT_COLLECTION,
    source: str | None = None,
    readers: Collection[str] | None = None,
    priority: int = INTERACTIVE,
) -> AddedVersion:
    """Record an upload: the document when it is new, its version, its readers and the job, in the caller's transaction.

    The upload is acknowledged by the commit. A document is known by its collection and `source` (the file
    name where None). `readers=None` keeps the readers, and gives a new document to everyone.

    Raises:
        InvalidInput: a name or principal is not usable.
    """
    filename = clean_filename(filename)
    collection = clean_collection(collection)
    lock_changes(session)
    document = session.scalar(
        select(Document).where(Document.collection == collection, Document.source == (source or filename))
    )
    if document is None:
        document = Document(
            collection=collection, source=source or filename, filename=filename, title=PurePosixPath(filename).stem
        )
        session.add(document)
        session.flush()
        write_readers(session, document.id, readers if readers is not None else {EVERYONE})
    else:
        _refuse_attachment(session, document, "upload a new version")
        if readers is not None:
            set_readers(session, document.id, readers)
    return add_to_document(session, originals, staged, document, filename=filename, priority=priority)


def add_to_document(
    session: Session, originals: Originals, staged: StagedFile, document: Document, *, filename: str, priority: int
) -> AddedVersion:
    """Record staged content as a document's next version, with its job; nothing when it is what the newest one has.

    In the caller's transaction, which holds `lock_changes`.
    """
    newest = session.scalar(
        select(Version).where(Version.document_id == document.id).order_by(Version.number.desc()).limit(1)
    )
    if newest is not None and newest.sha256 == staged.sha256:
        originals.discard(staged)
        if newest.status == "cancelled" or (newest.status == "failed" and newest.error_class in RETRIABLE):
            retry(session, newest.id)
        return AddedVersion(document, newest, unchanged=True)
    version = Version(
        document_id=document.id,
        number=newest.number + 1 if newest else 1,
        sha256=staged.sha256,
        size_bytes=staged.size_bytes,
        filename=filename,
    )
    session.add(version)
    session.flush()
    enqueue(session, version.id, priority=priority)
    document.updated_at = utc_now()
    session.flush()
    originals.adopt(staged)
    return AddedVersion(document, version, unchanged=False)


def clean_filename(filename: str) -> str:
    """A file name as it is shown: relative, with forward slashes, without control or direction characters.

    Raises:
        InvalidInput: nothing usable is left.
    """
    parts = _UNPRINTABLE.sub("", filename).replace("\\", "/").split("/")
    kept = "/".join(part.strip() for part in parts if part.strip() not in ("", ".", ".."))
    if not kept:
        raise InvalidInput(f"The file name {filename[:80]!r} has no usable characters; rename the file.")
    if len(kept) > MAX_FILENAME_CHARS:
        stem, suffix = kept[:-20], kept[-20:]
        kept = f"{stem[: MAX_FILENAME_CHARS - 21]}…{suffix}"
    return kept


def clean_collection(collection: str) -> str:
    """A collection's name, trimmed.

    Raises:
        InvalidInput: it is empty, longer than 200 characters, or has control characters.
    """
    name = collection.strip()
    if not name or len(name) > 200 or _UNPRINTABLE.search(name):
        raise InvalidInput("A collection's name has 1 to 200 printable characters; choose another name.")
    return name


def clean_readers(readers: Iterable[str]) -> frozenset[str]:
    """The principals that may read, e-mail addresses in lower case.

    Raises:
        InvalidInput: one is not `everyone`, `user:EMAIL` or `group:NAME`.
    """
    cleaned = frozenset(
        reader.strip().lower() if reader.strip().lower().startswith("user:") else reader.strip() for reader in readers
    )
    for reader in sorted(cleaned):
        if not _PRINCIPAL.fullmatch(reader) or len(reader) > 400:
            raise InvalidInput(f"{reader[:80]!r} is not a reader; write everyone, user:EMAIL or group:NAME.")
    return cleaned


def write_readers(session: Session, document_id: str, readers: Collection[str]) -> None:
    """Make `readers` a document's readers, without telling the indexes. Raises InvalidInput for one that is none."""
    wanted = clean_readers(readers)
    present = frozenset(session.scalars(select(AclEntry.principal).where(AclEntry.document_id == document_id)))
    if present - wanted:
        session.execute(
            delete(AclEntry).where(AclEntry.document_id == document_id, AclEntry.principal.in_(present - wanted))
        )
    session.add_all(AclEntry(document_id=document_id, principal=principal) for principal in wanted - present)
    session.flush()


def set_readers(session: Session, document_id: str, readers: Collection[str]) -> None:
    """Replace who may read a document and its attachments; in force for the next request after the commit.

    Nothing is embedded again.

    Raises:
        InvalidInput: a reader is none, or the document is an attachment itself.
    """
    lock_changes(session)  # an attachment that is published meanwhile would get the readers of before
    _refuse_attachment(session, session.get_one(Document, document_id), "change the readers")
    for family_id in family_of(session, document_id):
        _replace_readers(session, family_id, readers)


def _replace_readers(session: Session, document_id: str, readers: Collection[str]) -> None:
    present = frozenset(session.scalars(select(AclEntry.principal).where(AclEntry.document_id == document_id)))
    if clean_readers(readers) == present:
        return
    write_readers(session, document_id, readers)
    record_change(session, "readers", document_id)


def attachments_of(session: Session, document_id: str) -> list[Document]:
    """The documents that came in a document, by file name."""
    return list(session.scalars(select(Document).where(Document.parent_id == document_id).order_by(Document.filename)))


def family_of(session: Session, document_id: str) -> list[str]:
    """The ids of a document and its attachments, its own first: what is done to it is done to them."""
    return [document_id, *(attachment.id for attachment in attachments_of(session, document_id))]


def _refuse_attachment(session: Session, document: Document, action: str) -> None:
    """Raise InvalidInput for what must be done to the document in which this one came."""
    if document.parent_id is not None:
        parent = session.get_one(Document, document.parent_id)
        raise InvalidInput(f"{document.filename} came in {parent.filename}; {action} of that document instead.")


def edit_document(
    session: Session, document: Document, *, title: str | None = None, collection: str | None = None
) -> None:
    """Rename a document or move it to another collection; search follows without embedding anything again.

    Raises:
        InvalidInput: the title is empty, the collection has a document of the same name, or an attachment is to leave
            the collection of the document in which it came.
    """
    if title is not None:
        if not title.strip():
            raise InvalidInput("A title cannot be empty; give at least one character.")
        document.title = title.strip()
        document.title_by_hand = True
    if collection is not None and (name := clean_collection(collection)) != document.collection:
        _refuse_attachment(session, document, "change the collection")
        taken = select(Document.id).where(Document.collection == name, Document.source == document.source)
        if session.scalar(taken) is not None:
            raise InvalidInput(f"Collection {name!r} already has {document.filename}; remove or rename that one first.")
        for attachment in attachments_of(session, document.id):
            attachment.collection = name
            record_change(session, "rename", attachment.id)
        document.collection = name
    document.updated_at = utc_now()
    session.flush()
    record_change(session, "rename", document.id)


def retry(session: Session, version_id: str) -> None:
    """Queue a failed or cancelled version again, as if it had never been tried.

    Raises:
        InvalidInput: the version has neither failed nor been cancelled.
    """
    version = session.get_one(Version, version_id)
    if version.status not in ("failed", "cancelled"):
        raise InvalidInput(
            f"{version.filename} has not failed (it is {version.status}); only failed and cancelled files are retried."
        )
    version.status, version.error_class, version.message = "queued", None, None
    session.get_one(Document, version.document_id).updated_at = utc_now()
    session.execute(
        update(Job)
        .where(Job.version_id == version_id)
        .values(
            state="queued",
            failures=0,
            losses=0,
            available_at=utc_now(),
            enqueued_at=utc_now(),
            finished_at=None,
            priority=INTERACTIVE,
        )
    )


def cancel(session: Session, version_id: str) -> None:
    """Stop the reading of a version that waits or is at work; a running parser is killed within a second or so.

    What was published before stays. The version can be retried.

    Raises:
        InvalidInput: the version is not waiting and not being read.
    """
    lock_changes(session)
    version = session.get_one(Version, version_id)
    if not end_cancelled(session, version_id):
        raise InvalidInput(f"{version.filename} is {version.status}; only waiting and running files can be cancelled.")
    version.status, version.error_class = "cancelled", None
    version.message = f"{version.filename}: reading it was cancelled; try again to read it after all."
    session.get_one(Document, version.document_id).updated_at = utc_now()
    session.flush()


def cancel_unfinished(session: Session, *, limit: int) -> list[str]:
    """Cancel up to `limit` versions that wait or are at work; returns their ids, none when nothing is left."""
    lock_changes(session)
    version_ids = unfinished_versions(session)[:limit]
    for version_id in version_ids:
        with contextlib.suppress(InvalidInput):  # it ended just now
            cancel(session, version_id)
    return version_ids


def remove(session: Session, document_id: str) -> None:
    """Remove a document with its attachments, versions, passages and unshared vectors.

    No search after the commit sees it. The originals are deleted by `delete_unreferenced_originals` after the commit.

    Raises:
        NotFound: there is no such document.
    """
    document = session.get(Document, document_id)
    if document is None:
        raise NotFound("There is no such document.")
    for attachment in attachments_of(session, document_id):
        remove(session, attachment.id)
    record_change(session, "withdraw", document_id)
    version_ids = session.scalars(select(Version.id).where(Version.document_id == document_id)).all()
    delete_passages(session, version_ids)
    session.delete(document)
    session.flush()


def delete_unreferenced_originals(database: Database, originals: Originals) -> int:
    """Delete the originals that no version names, such as those of removed documents; returns how many."""
    with database.read() as session:
        referenced = set(session.scalars(select(Version.sha256)))
    n_deleted = 0
    for sha256 in set(originals.hashes()) - referenced:
        with database.write() as session:
            lock_changes(session)
            if session.scalar(select(func.count()).select_from(Version).where(Version.sha256 == sha256)) == 0:
                originals.delete(sha256)
                n_deleted += 1
    originals.delete_stale_staged()
    return n_deleted
