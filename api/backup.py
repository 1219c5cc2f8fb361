"""Making a backup while everything runs: one consistent state of the rows, and the originals that it needs."""

import hashlib
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Collection
from contextlib import closing
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from sqlalchemy import Connection, func, select, text
from sqlalchemy.orm import Session

from api.backup_files import (
    FORMAT,
    GENERATIONS,
    ORIGINALS_FILE,
    ROWS_FILE,
    UNFINISHED,
    Generation,
    deleted_documents,
    generations,
    original_path,
)
from api.migrate import migrate
from api.table_copy import Progress, copy_tables
from generation.record import forget_document
from ingest.database import Database, head_seq, utc_now
from ingest.documents import remove
from ingest.errors import InvalidInput, NotFound, StorageError
from ingest.file_lock import locked
from ingest.manifest import Facts, publish_folder, sync
from ingest.storage import COPY_BYTES, Originals
from ingest.tables import Document, Embedding, Passage, Version

PAGES_AT_ONCE = 2000

KeepOriginal = Callable[[Path, Path], None]


@dataclass(frozen=True)
class Backup:
    """A backup that was made, what it holds, and how many originals had to be copied for it."""

    generation: Generation
    facts: Facts
    n_copied: int


def make_backup(
    database: Database, originals: Originals, root: Path, progress: Progress, *, link: bool = False
) -> Backup:
    """Add a generation to the folder of backups `root`; originals that are there are not copied again.

    Nothing waits for it: on SQLite the rows are taken by the online backup, on PostgreSQL by one repeatable read
    transaction. `link` makes hard links of originals instead of copies, for backups that stay beside the data.

    Raises:
        InvalidInput: `root` is a folder of something else.
        StorageBusy: another backup is being written there.
        StorageError: an original is missing or damaged; the text names its document.
    """
    if root.exists() and any(root.iterdir()) and not (root / GENERATIONS).is_dir():
        raise InvalidInput(f"{root} holds other files; name an empty folder, a new one, or one with backups in it.")
    for folder in (root, root / GENERATIONS):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with locked(root / "backup.lock", wait=False):
        for left in (root / GENERATIONS).glob(f"{UNFINISHED}*"):
            shutil.rmtree(left)
        prepared = Path(tempfile.mkdtemp(prefix=UNFINISHED, dir=root / GENERATIONS))
        try:
            return _fill(database, originals, prepared, progress, keep=_link if link else _copy)
        finally:
            shutil.rmtree(prepared, ignore_errors=True)


def _fill(
    database: Database, originals: Originals, prepared: Path, progress: Progress, *, keep: KeepOriginal
) -> Backup:
    root, made_at = prepared.parent.parent, utc_now()
    rows = prepared / ROWS_FILE
    _export_rows(database, rows, progress)
    snapshot = Database(f"sqlite:///{rows}")
    try:
        n_copied = _copy_originals(database, snapshot, originals, root, progress, keep=keep)
        with snapshot.read() as session:
            _write_list_of_originals(session, prepared / ORIGINALS_FILE)
            facts = _facts(session, made_at.isoformat())
    finally:
        snapshot.close()
    close_wal(rows)
    generation = Generation(root, f"{made_at:%Y%m%dT%H%M%S%fZ}")
    publish_folder(prepared, generation.folder, facts)
    return Backup(generation, facts, n_copied)


def _export_rows(database: Database, rows: Path, progress: Progress) -> None:
    """Write one state of the database to a new SQLite file."""
    if database.is_sqlite:
        with database.engine.connect() as connection:
            connection.execute(text("SELECT seq FROM change_head"))  # begins the state that is copied
            source = connection.connection.driver_connection
            assert isinstance(source, sqlite3.Connection)
            with closing(sqlite3.connect(rows)) as target:
                source.backup(
                    target,
                    pages=PAGES_AT_ONCE,
                    progress=lambda _, left, total: progress("copying rows", total - left, total),
                )
        return
    url = f"sqlite:///{rows}"
    migrate(url)
    target_database = Database(url)
    try:
        with (
            database.engine.connect().execution_options(isolation_level="REPEATABLE READ") as taken,
            writing(target_database) as into,
            into.begin(),
        ):
            copy_tables(taken, into, progress)
    finally:
        target_database.close()


def writing(database: Database) -> Connection:
    """A connection whose transaction takes SQLite's write lock when it begins; the caller commits."""
    return database.engine.connect().execution_options(footnote_write=True)


def _copy_originals(
    database: Database, snapshot: Database, originals: Originals, root: Path, progress: Progress, *, keep: KeepOriginal
) -> int:
    """Bring every original of the snapshot to `root`; documents deleted since are taken out of the snapshot.

    Returns how many were not there yet.
    """
    with snapshot.read() as session:
        wanted = list(session.scalars(select(Version.sha256).distinct()))
    n_copied, missing = 0, []
    for n_done, sha256 in enumerate(wanted, start=1):
        path = original_path(root, sha256)
        if not path.exists():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            try:
                keep(originals.path(sha256), path)
                n_copied += 1
            except FileNotFoundError:
                missing.append(sha256)
        progress("copying originals", n_done, len(wanted))
    if missing:
        with database.read() as session:
            still_there = set(session.scalars(select(Document.id)))
        with snapshot.write() as session:
            affected = set(session.scalars(select(Version.document_id).where(Version.sha256.in_(missing))))
            delete_documents(session, affected - still_there)
            left = session.scalars(select(Version.filename).where(Version.sha256.in_(missing)).limit(1)).first()
        if left is not None:
            raise StorageError(f"{left}: its original is missing; upload it again or remove the document, then retry.")
    return n_copied


def delete_documents(session: Session, document_ids: Collection[str]) -> int:
    """Delete those of the documents that are there, with what stored answers took from them; returns how many."""
    n_deleted = 0
    for document_id in sorted(document_ids):
        forget_document(session, document_id)
        try:
            remove(session, document_id)
            n_deleted += 1
        except NotFound:
            continue
    return n_deleted


def _copy(source: Path, target: Path) -> None:
    """Copy an original and bring it to disk. Raises StorageError if it is not what its name says."""
    digest, unfinished = hashlib.sha256(), target.with_name(UNFINISHED + target.name)
    try:
        with source.open("rb") as given, unfinished.open("wb") as taken:
            while block := given.read(COPY_BYTES):
                digest.update(block)
                taken.write(block)
        if digest.hexdigest() != target.name:
            raise StorageError(
                f"The original {target.name} is damaged in {source.parent.parent}; upload its document again."
            )
        sync(unfinished)
        unfinished.replace(target)
        sync(target.parent)
    finally:
        unfinished.unlink(missing_ok=True)


def _link(source: Path, target: Path) -> None:
    try:
        target.hardlink_to(source)
    except FileNotFoundError:
        raise
    except OSError:
        _copy(source, target)  # a file system without hard links


def _write_list_of_originals(session: Session, path: Path) -> None:
    rows = session.execute(select(Version.sha256, func.max(Version.size_bytes)).group_by(Version.sha256))
    path.write_text("".join(f"{sha256}\t{size}\n" for sha256, size in rows), encoding="ascii")


def _facts(session: Session, made_at: str) -> Facts:
    def count(table: type) -> int:
        return session.scalar(select(func.count()).select_from(table)) or 0

    models = session.scalars(select(Embedding.model_id).distinct().order_by(Embedding.model_id))
    return {
        "format": FORMAT,
        "footnote": version("footnote"),
        "revision": str(session.scalar(text("SELECT version_num FROM alembic_version"))),
        "made_at": made_at,
        "change": head_seq(session),
        "documents": count(Document),
        "versions": count(Version),
        "passages": count(Passage),
        "originals": session.scalar(select(func.count(Version.sha256.distinct()))) or 0,
        "embeddings": count(Embedding),
        "models": ", ".join(models),
    }


def close_wal(path: Path) -> None:
    """Make a SQLite file one file again, without its write-ahead log beside it."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")


def deleted_in_later(chosen: Generation) -> set[str]:
    """Ids of the documents that newer backups of the same folder know to be deleted."""
    later = [generation for generation in generations(chosen.root) if generation.name > chosen.name]
    return {document_id for generation in later for document_id in deleted_documents(generation.rows)}
