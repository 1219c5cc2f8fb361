"""Restoring a backup: checked first, put in place in one step, and nothing that was deleted since comes back."""

import datetime as dt
import shutil
import sqlite3
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from alembic.script import ScriptDirectory
from sqlalchemy import delete, select, text, update
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from api.backup import close_wal, delete_documents, deleted_in_later, make_backup, writing
from api.backup_files import Generation, verify_generation
from api.errors import BackupDamaged
from api.migrate import alembic_config, migrate
from api.table_copy import Progress, copy_tables, known_tables
from api.tables import ApiKey, GroupMember, SignIn, User
from ingest.database import Change, Database, record_change
from ingest.errors import InvalidInput, StorageError
from ingest.manifest import Facts, sync
from ingest.storage import DataFolder, Originals
from ingest.tables import AclEntry, Document, Job, Version

REPLACED = "replaced"


@dataclass(frozen=True)
class Place:
    """Where a backup is restored to. Nobody else uses it meanwhile (see `ingest.storage.hold_alone`)."""

    folder: DataFolder
    database_url: str
    originals: Originals

    @property
    def replaced(self) -> Path:
        """The folder of backups of what restores have replaced."""
        return self.folder.root / REPLACED


@dataclass(frozen=True)
class Restored:
    """What a restore did; `set_aside` is the backup of what was there before, None where nothing was."""

    facts: Facts
    n_deleted: int
    n_originals: int
    set_aside: Generation | None


@dataclass
class _Decisions:
    """What was decided here after the backup was made, and stays decided."""

    deleted: set[str] = field(default_factory=set)
    readers: dict[str, set[str]] = field(default_factory=dict)
    revoked: dict[str, dt.datetime | None] = field(default_factory=dict)
    suspended: set[str] = field(default_factory=set)
    members: dict[str, set[str]] = field(default_factory=dict)


def restore_backup(
    generation: Generation, place: Place, progress: Progress, *, replace: bool = False, database_lost: bool = False
) -> Restored:
    """Put a backup in the place of what is there, which is set aside as a backup of its own.

    Documents deleted here since the backup was made stay deleted; readers set, keys revoked and people suspended
    since stay as they are; everybody signs in again. Up to the last step, which is one rename or one transaction,
    everything stays as it was.

    Args:
        generation: what to restore.
        place: where.
        progress: told how far it is.
        replace: allow it where documents or people are.
        database_lost: go on where the present database cannot be read, so that what was deleted is not known.

    Raises:
        BackupDamaged: the backup, or what a newer one beside it says about deletions, is not as it was written.
        InvalidInput: something is there already, or cannot be read, and the caller did not allow for it.
    """
    facts = verify_generation(generation, progress)
    _check_revision(generation, str(facts["revision"]))
    set_aside, decisions = _leave(place, dt.datetime.fromisoformat(str(facts["made_at"])), progress,
                                  replace=replace, database_lost=database_lost)  # fmt: skip
    if generation.root != place.replaced:
        decisions.deleted |= deleted_in_later(generation)
    staged = _staging_path(place)
    try:
        shutil.copyfile(generation.rows, staged)
        migrate(f"sqlite:///{staged}")
        n_deleted = _apply(staged, decisions, undoing=generation.root == place.replaced)
        n_originals = _bring_originals(generation, staged, place, progress)
        _put_in_place(staged, place, progress)
    finally:
        for suffix in ("", "-wal", "-shm", "-journal"):
            Path(f"{staged}{suffix}").unlink(missing_ok=True)
    for folder in (place.folder.indexes, place.folder.page_images):
        shutil.rmtree(folder, ignore_errors=True)
    return Restored(facts, n_deleted, n_originals, set_aside)


def _check_revision(generation: Generation, revision: str) -> None:
    known = {script.revision for script in ScriptDirectory.from_config(alembic_config()).walk_revisions()}
    if revision not in known:
        raise BackupDamaged(
            f"{generation.name}: was made by a newer Footnote (tables {revision}); install that version to restore it."
        )


def _leave(
    place: Place, made_at: dt.datetime, progress: Progress, *, replace: bool, database_lost: bool
) -> tuple[Generation | None, _Decisions]:
    """Set aside what is there, and read what was decided there since `made_at`."""
    file = _sqlite_file(place.database_url)
    if file is not None and not file.exists():
        return None, _Decisions()
    try:
        migrate(place.database_url)
        living = Database(place.database_url)
        try:
            with living.read() as session:
                if _is_empty(session):
                    return None, _Decisions()
                if not replace:
                    raise InvalidInput(
                        f"{place.folder.root} has documents or people already; add --replace to put the backup in "
                        "their place (what is there is set aside), or set FOOTNOTE_DATA_DIR to another folder."
                    )
                decisions = _read_decisions(session, made_at)
            backup = make_backup(living, place.originals, place.replaced, progress, link=True)
            return backup.generation, decisions
        finally:
            living.close()
    except (DatabaseError, sqlite3.DatabaseError, StorageError) as error:
        if not (replace and database_lost):
            raise InvalidInput(
                f"What is here cannot be read whole ({str(error).splitlines()[0]}), so documents that were deleted "
                "after the backup was made could come back. Add --replace --database-lost to restore all the same."
            ) from error
        _keep_lost_files(place, file)
        return None, _Decisions()


def _is_empty(session: Session) -> bool:
    return all(session.scalar(select(table).limit(1)) is None for table in (Document.id, User.id, Change.seq))


def _keep_lost_files(place: Place, file: Path | None) -> None:
    """Keep a database file that cannot be read beside the data, for whoever can mend it."""
    if file is None:
        return
    place.replaced.mkdir(mode=0o700, exist_ok=True)
    for suffix in ("", "-wal", "-shm"):
        with suppress(FileNotFoundError):
            shutil.copy2(f"{file}{suffix}", place.replaced / f"unreadable-{file.name}{suffix}")


def _read_decisions(session: Session, made_at: dt.datetime) -> _Decisions:
    since = select(Change.document_id).where(Change.kind == "readers", Change.at > made_at)
    found = _Decisions(
        deleted=set(session.scalars(select(Change.document_id).where(Change.document_id.not_in(select(Document.id))))),
        revoked={
            key.id: key.revoked_at for key in session.scalars(select(ApiKey).where(ApiKey.revoked_at.is_not(None)))
        },
        suspended=set(session.scalars(select(User.id).where(User.suspended))),
    )
    for entry in session.scalars(select(AclEntry).where(AclEntry.document_id.in_(since))):
        found.readers.setdefault(entry.document_id, set()).add(entry.principal)
    for member in session.scalars(select(GroupMember)):
        found.members.setdefault(member.group_name, set()).add(member.member)
    return found


def _apply(rows: Path, decisions: _Decisions, *, undoing: bool) -> int:
    """Bring the staged rows to what was decided since; returns how many documents were deleted in them."""
    staged = Database(f"sqlite:///{rows}")
    try:
        with staged.write() as session:
            n_deleted = delete_documents(session, _present(session, decisions.deleted))
            _keep_readers(session, decisions.readers)
            for key_id, revoked_at in decisions.revoked.items():
                session.execute(update(ApiKey).where(ApiKey.id == key_id).values(revoked_at=revoked_at))
            for user_id in decisions.suspended:
                session.execute(update(User).where(User.id == user_id).values(suspended=True))
            if not undoing:
                _leave_groups(session, decisions.members)
            session.execute(delete(SignIn))
            session.execute(
                update(Job).where(Job.state == "running").values(state="queued", lease_until=None, stage="")
            )
            session.execute(update(Version).where(Version.status == "running").values(status="queued"))
    finally:
        staged.close()
    close_wal(rows)
    return n_deleted


def _present(session: Session, document_ids: Collection[str]) -> set[str]:
    return set(session.scalars(select(Document.id))) & set(document_ids)


def _keep_readers(session: Session, readers: dict[str, set[str]]) -> None:
    """Give documents the readers that were set after the backup was made."""
    for document_id in sorted(_present(session, readers)):
        session.execute(delete(AclEntry).where(AclEntry.document_id == document_id))
        session.add_all(AclEntry(document_id=document_id, principal=reader) for reader in readers[document_id])
        session.flush()
        record_change(session, "readers", document_id)


def _leave_groups(session: Session, members: dict[str, set[str]]) -> None:
    """Take those out of the groups that are there now who have left them."""
    for name, present in members.items():
        session.execute(delete(GroupMember).where(GroupMember.group_name == name, GroupMember.member.not_in(present)))


def _bring_originals(generation: Generation, rows: Path, place: Place, progress: Progress) -> int:
    """Put every original that the staged rows need into the data folder; returns how many were not there whole."""
    staged = Database(f"sqlite:///{rows}")
    try:
        with staged.read() as session:
            wanted = list(session.scalars(select(Version.sha256).distinct()))
    finally:
        staged.close()
    n_brought = 0
    for n_done, sha256 in enumerate(wanted, start=1):
        if not place.originals.is_whole(sha256):
            with generation.original(sha256).open("rb") as stream:
                place.originals.adopt(place.originals.stage(stream, sha256))
            n_brought += 1
        progress("restoring originals", n_done, len(wanted))
    return n_brought


def _sqlite_file(url: str) -> Path | None:
    parsed = make_url(url)
    return Path(parsed.database or "") if parsed.get_backend_name() == "sqlite" else None


def _staging_path(place: Place) -> Path:
    """Where rows are prepared: beside the file that they will replace, so that one rename does it."""
    file = _sqlite_file(place.database_url)
    return file.with_name(f"{file.name}.restoring") if file else place.folder.scratch / "restoring.db"


def _put_in_place(staged: Path, place: Place, progress: Progress) -> None:
    """Make the staged rows those of the place: all of them or, if this is interrupted, none."""
    file = _sqlite_file(place.database_url)
    if file is not None:
        close_wal(staged)
        sync(staged)
        if file.exists():
            with suppress(sqlite3.Error):
                close_wal(file)
        for suffix in ("-wal", "-shm"):
            Path(f"{file}{suffix}").unlink(missing_ok=True)
        staged.chmod(0o600)
        staged.replace(file)
        sync(file.parent)
        return
    prepared, living = Database(f"sqlite:///{staged}"), Database(place.database_url)
    try:
        with prepared.engine.connect() as source, writing(living) as target, target.begin():
            names = ", ".join(f'"{table.name}"' for table in known_tables(target))
            target.execute(text(f"TRUNCATE {names}"))
            copy_tables(source, target, progress)
    finally:
        prepared.close()
        living.close()
