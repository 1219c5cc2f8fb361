"""Erasing a document: nothing of it stays in rows, files or indexes that Footnote keeps."""

import hashlib
import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from ingest.database import Database, lock_changes, record_change
from ingest.documents import family_of, remove
from ingest.errors import NotFound
from ingest.replica import clear_indexes, live_indexes
from ingest.storage import DataFolder, Originals
from ingest.tables import Document, Embedding, Passage, Version

CHECKPOINT_SECONDS = 10.0
POLL_SECONDS = 0.1
READ_BYTES = 1 << 20


@dataclass(frozen=True)
class ErasedRows:
    """What was deleted of a document and its attachments, and the originals it had."""

    documents: int
    versions: int
    passages: int
    vectors: int
    hashes: frozenset[str]


@dataclass(frozen=True)
class ErasedFiles:
    """What was deleted on disk; `originals_shared` stay because other documents have the same content.

    `indexes_waiting` counts the running processes that still hold the document in files of their own, and
    `database_cleaned` tells whether the database's own files hold nothing of it any more.
    """

    originals: int
    originals_shared: int
    page_images: int
    staged_files: int
    snapshots: int
    indexes_waiting: int
    database_cleaned: bool


def erase_rows(session: Session, document_id: str) -> ErasedRows:
    """Delete a document's rows and those of its attachments, and tell every index to forget them; see `erase_files`.

    Raises:
        NotFound: there is no such document.
    """
    lock_changes(session)
    if session.get(Document, document_id) is None:
        raise NotFound("There is no such document.")
    family = whole_family(session, document_id)
    versions = session.execute(select(Version.id, Version.sha256).where(Version.document_id.in_(family))).all()
    n_passages = _count(session, Passage)
    n_vectors = _count(session, Embedding)
    remove(session, document_id)
    record_change(session, "erase", document_id)
    return ErasedRows(
        documents=len(family),
        versions=len(versions),
        passages=n_passages - _count(session, Passage),
        vectors=n_vectors - _count(session, Embedding),
        hashes=frozenset(sha256 for _, sha256 in versions),
    )


def whole_family(session: Session, document_id: str) -> list[str]:
    """The ids of a document, its attachments, and theirs."""
    own, *attachments = family_of(session, document_id)
    return [own, *(descendant for attachment in attachments for descendant in whole_family(session, attachment))]


def erase_files(
    database: Database, folder: DataFolder, originals: Originals, hashes: Collection[str], *, wait_seconds: float
) -> ErasedFiles:
    """Delete what the erased originals left on disk, after their rows are gone.

    Snapshots of the indexes are deleted, and rebuilt from SQL by whoever needs them; running processes are waited for.
    """
    n_staged = sum(_delete_copies(folder, originals.path(sha256)) for sha256 in hashes if originals.is_whole(sha256))
    n_images = n_deleted = 0
    for sha256 in hashes:
        with database.write() as session:
            lock_changes(session)
            shared = session.scalar(select(func.count()).select_from(Version).where(Version.sha256 == sha256))
            if not shared:
                n_images += sum(1 for _ in (folder.page_images / sha256).glob("*"))
                originals.delete(sha256)
                n_deleted += 1
    until = time.monotonic() + wait_seconds
    held = live_indexes(folder.indexes)
    n_snapshots = clear_indexes(folder.indexes)
    while (waiting := {owner for owner, files in held.items() if files.exists()}) and time.monotonic() < until:
        time.sleep(POLL_SECONDS)
    return ErasedFiles(
        originals=n_deleted,
        originals_shared=len(hashes) - n_deleted,
        page_images=n_images,
        staged_files=n_staged,
        snapshots=n_snapshots,
        indexes_waiting=len(waiting),
        database_cleaned=_clean_database(database),
    )


def _count(session: Session, table: type[Passage] | type[Embedding]) -> int:
    return session.scalar(select(func.count()).select_from(table)) or 0


def _delete_copies(folder: DataFolder, original: Path) -> int:
    """Delete staged files that begin like an original: uploads of it that a crash cut off."""
    n_deleted = 0
    for staged in folder.scratch.glob("staged-*"):
        if _is_beginning(staged, original):
            staged.unlink(missing_ok=True)
            n_deleted += 1
    return n_deleted


def _is_beginning(staged: Path, original: Path) -> bool:
    size = staged.stat().st_size
    return 0 < size <= original.stat().st_size and _digest(staged, size) == _digest(original, size)


def _digest(path: Path, n_bytes: int) -> bytes:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while n_bytes > 0 and (block := file.read(min(READ_BYTES, n_bytes))):
            digest.update(block)
            n_bytes -= len(block)
    return digest.digest()


def _clean_database(database: Database) -> bool:
    """Have deleted rows leave the database's files, as far as that can be asked of it; whether it did.

    SQLite overwrites deleted rows (`secure_delete`); what is in its log is moved over and the log emptied, as soon as
    no reader needs it. PostgreSQL frees dead rows; its own log and backups are its operator's.
    """
    if not database.is_sqlite:
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM document, version, page, passage, embedding"))
        return True
    until = time.monotonic() + CHECKPOINT_SECONDS
    while True:
        with database.engine.connect() as connection:
            busy = connection.connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        if not busy or time.monotonic() > until:
            return not busy
        time.sleep(POLL_SECONDS)
