"""Backups: whole, refused when damaged, and never a way back for what was deleted."""

import datetime as dt
import json
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy import MetaData, func, select, text
from typer.testing import CliRunner

from api.backup import Backup, make_backup
from api.backup_files import FORMAT, Generation, generations, opened_backup, pack, prune, verify_generation
from api.cli import app
from api.errors import BackupDamaged
from api.identity import add_member, create_key, find_user
from api.migrate import alembic_config, migrate
from api.restore import Place, Restored, restore_backup
from api.tables import ApiKey, GroupMember, SignIn, User
from ingest.database import Database, record_change
from ingest.documents import add_version, remove, set_readers
from ingest.embed import Embedder
from ingest.errors import InvalidInput, StorageBusy, StorageError
from ingest.manifest import publish_folder
from ingest.sandbox import Sandbox
from ingest.storage import Originals, hold_alone, hold_in_use, open_data_folder
from ingest.tables import AclEntry, Document, Passage, Version
from tests.api.office import Furnished, Office, email, opened


def quietly(what: str, done: int, total: int) -> None:
    """Nobody watches."""


@pytest.fixture
def home(furnished: Furnished, tmp_path: Path, embedder: Embedder, sandbox: Sandbox) -> Iterator[Office]:
    """The furnished office without a server."""
    shutil.copytree(furnished.root, tmp_path / "data")
    with opened(tmp_path / "data", embedder, sandbox) as office:
        yield office


@pytest.fixture
def postgresql(postgresql_url: str) -> Iterator[str]:
    """An empty PostgreSQL database."""
    yield postgresql_url
    database = Database(postgresql_url)
    with database.engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    database.close()


def back_up(office: Office, root: Path) -> Backup:
    return make_backup(office.database, office.parts.originals, root, quietly)


def place_of(office: Office) -> Place:
    return place_at(office.parts.folder.root)


def place_at(root: Path, url: str | None = None) -> Place:
    folder = open_data_folder(root)
    originals = Originals(folder, max_bytes=10**9, min_free_bytes=0)
    return Place(folder, url or f"sqlite:///{folder.root / 'footnote.db'}", originals)


def restore(backup: Backup, place: Place, **options: bool) -> Restored:
    return restore_backup(backup.generation, place, quietly, **options)


def rows_of(url: str) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, sorted; times without zone, JSON as values."""
    database = Database(url)
    metadata = MetaData()
    metadata.reflect(database.engine)
    with database.engine.connect() as connection:
        rows = {
            name: sorted((tuple(map(plain, row)) for row in connection.execute(select(table))), key=repr)
            for name, table in metadata.tables.items()
        }
    database.close()
    return rows


def plain(value: object) -> object:
    if isinstance(value, dt.datetime):
        return value.replace(tzinfo=None) if value.tzinfo is None else value.astimezone(dt.UTC).replace(tzinfo=None)
    return json.dumps(value, sort_keys=True) if isinstance(value, dict | list) else value


def without_sign_ins(rows: dict[str, list[tuple[Any, ...]]]) -> dict[str, list[tuple[Any, ...]]]:
    return {name: found for name, found in rows.items() if name != "sign_in"}


def document_ids(place: Place) -> set[str]:
    database = Database(place.database_url)
    with database.read() as session:
        found = set(session.scalars(select(Document.id)))
    database.close()
    return found


def test_every_row_and_original_survives_the_way_to_postgresql_and_back(
    home: Office, furnished: Furnished, tmp_path: Path, postgresql: str
) -> None:
    later = home.add(b"# Cover\n\nThe mail in which the first document came.\n", "cover.md", ["everyone"])
    with home.database.write() as session:
        session.get_one(Document, furnished.open_id).parent_id = later  # a row that names one that is copied after it
    before = rows_of(place_of(home).database_url)
    away = place_at(tmp_path / "away", postgresql)
    restore(back_up(home, tmp_path / "backup"), away)
    database = Database(postgresql)
    second = make_backup(database, away.originals, tmp_path / "second", quietly)
    database.close()
    back = place_at(tmp_path / "back")
    restore(second, back)

    assert without_sign_ins(rows_of(back.database_url)) == without_sign_ins(before)
    assert all(back.originals.is_whole(sha256) for sha256 in home.parts.originals.hashes())


def test_number_that_a_passage_had_is_not_given_to_another(
    home: Office, furnished: Furnished, tmp_path: Path, postgresql: str
) -> None:
    with home.database.write() as session:
        last = session.scalars(select(func.max(Passage.id))).one()
        remove(session, furnished.hidden_id)
        remove(session, furnished.open_id)
    away = place_at(tmp_path / "away", postgresql)
    restore(back_up(home, tmp_path / "backup"), away)
    database = Database(postgresql)
    second = make_backup(database, away.originals, tmp_path / "second", quietly)
    with database.engine.connect() as connection:
        following = connection.scalar(text("SELECT nextval(pg_get_serial_sequence('passage', 'id'))"))
    database.close()

    assert following == last + 1
    with closing(sqlite3.connect(second.generation.rows)) as rows:
        assert rows.execute("SELECT seq FROM sqlite_sequence WHERE name = 'passage'").fetchone() == (last,)


def test_restored_documents_are_found_without_embedding_anything(
    home: Office, furnished: Furnished, tmp_path: Path, embedder: Embedder, sandbox: Sandbox
) -> None:
    restore(back_up(home, tmp_path / "backup"), place_at(tmp_path / "new"))
    with opened(tmp_path / "new", embedder, sandbox) as office:
        search = office.parts.load_search()
        with office.database.read() as session:
            report = search.replica.verify(session)
            hits = search.searcher.search(session, "How much is a hotel night?", frozenset({"everyone"}), k=3)

    assert report.matches
    assert report.not_embedded == 0
    assert [hit.document_id for hit in hits] == [furnished.open_id]


def test_second_backup_into_a_folder_copies_only_new_originals(home: Office, tmp_path: Path) -> None:
    first = back_up(home, tmp_path / "backup")
    second = back_up(home, tmp_path / "backup")

    assert (first.n_copied, second.n_copied) == (2, 0)
    assert [found.name for found in generations(tmp_path / "backup")] == [second.generation.name, first.generation.name]


def test_pruning_keeps_the_newest_and_what_it_needs(home: Office, furnished: Furnished, tmp_path: Path) -> None:
    back_up(home, tmp_path / "backup")
    with home.database.write() as session:
        remove(session, furnished.hidden_id)
    kept = back_up(home, tmp_path / "backup")
    prune(tmp_path / "backup", 1)
    originals = [path.name for path in (tmp_path / "backup" / "originals").glob("*/*")]

    assert generations(tmp_path / "backup") == [kept.generation]
    assert originals == list(kept.generation.originals())
    verify_generation(kept.generation, quietly)


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


@pytest.mark.parametrize("damage", [flip, truncate, Path.unlink])
@pytest.mark.parametrize("name", ["MANIFEST", "footnote.db", "originals.tsv", "original"])
def test_damaged_backup_is_refused_by_name_and_nothing_changes(
    home: Office, tmp_path: Path, name: str, damage: Callable[[Path], None]
) -> None:
    backup, before = back_up(home, tmp_path / "backup"), rows_of(place_of(home).database_url)
    original = next(iter(backup.generation.originals()))
    path = backup.generation.original(original) if name == "original" else backup.generation.folder / name
    damage(path)
    shown = {"original": original, "MANIFEST": "manifest"}.get(name, name)
    with pytest.raises(BackupDamaged, match=f"{shown}.*use another backup"):
        restore(backup, place_of(home), replace=True)

    assert rows_of(place_of(home).database_url) == before


def test_tar_file_holds_the_same_and_is_refused_when_cut(home: Office, tmp_path: Path) -> None:
    backup = back_up(home, tmp_path / "backup")
    pack(backup.generation, tmp_path / "one.tar")
    with opened_backup(tmp_path / "one.tar") as found:
        assert verify_generation(found[0], quietly) == backup.facts
    cut = (tmp_path / "one.tar").read_bytes()[:200_000]
    (tmp_path / "one.tar").write_bytes(cut)
    with pytest.raises(BackupDamaged, match=r"one\.tar"), opened_backup(tmp_path / "one.tar"):
        pass


def test_document_deleted_since_stays_deleted(home: Office, furnished: Furnished, tmp_path: Path) -> None:
    backup = back_up(home, tmp_path / "backup")
    with home.database.write() as session:
        remove(session, furnished.hidden_id)
    home.parts.originals.delete(next(iter(backup.generation.originals())))
    restored = restore(backup, place_of(home), replace=True)

    assert restored.n_deleted == 1
    assert document_ids(place_of(home)) == {furnished.open_id}
    assert restore(backup, place_of(home), replace=True).n_deleted == 1


def test_document_that_was_only_hidden_for_a_while_is_restored(
    home: Office, furnished: Furnished, tmp_path: Path
) -> None:
    backup = back_up(home, tmp_path / "backup")
    with home.database.write() as session:
        record_change(session, "withdraw", furnished.open_id)
    restore(backup, place_of(home), replace=True)

    assert document_ids(place_of(home)) == {furnished.open_id, furnished.hidden_id}


def test_deletion_that_a_newer_backup_knows_is_kept_on_another_machine(
    home: Office, furnished: Furnished, tmp_path: Path
) -> None:
    older = back_up(home, tmp_path / "backup")
    with home.database.write() as session:
        remove(session, furnished.hidden_id)
    back_up(home, tmp_path / "backup")
    restore(older, place_at(tmp_path / "other"))

    assert document_ids(place_at(tmp_path / "other")) == {furnished.open_id}


def test_document_deleted_during_the_backup_is_not_in_it(home: Office, furnished: Furnished, tmp_path: Path) -> None:
    def delete_meanwhile(what: str, done: int, total: int) -> None:
        if what != "copying rows" or done < total:
            return
        with home.database.write() as session:
            sha256 = session.scalars(select(Version.sha256).where(Version.document_id == furnished.hidden_id)).one()
            remove(session, furnished.hidden_id)
        home.parts.originals.delete(sha256)

    backup = make_backup(home.database, home.parts.originals, tmp_path / "backup", delete_meanwhile)

    assert backup.facts["documents"] == 1
    verify_generation(backup.generation, quietly)


def test_missing_original_of_a_living_document_fails_the_backup_by_name(home: Office, tmp_path: Path) -> None:
    with home.database.read() as session:
        version = session.scalars(select(Version).where(Version.filename == "travel.md")).one()
    home.parts.originals.delete(version.sha256)
    with pytest.raises(StorageError, match=r"travel\.md: its original is missing"):
        back_up(home, tmp_path / "backup")

    assert generations(tmp_path / "backup") == []


def test_rights_that_were_taken_since_are_not_given_back(home: Office, furnished: Furnished, tmp_path: Path) -> None:
    with home.database.write() as session:
        create_key(session, find_user(session, email("ann")), "program")
        key_id = session.scalars(select(ApiKey.id)).one()
        add_member(session, "finance", f"user:{email('bob')}")
        user_id = find_user(session, email("eve")).id
        session.add(SignIn(sha256="0" * 64, user_id=user_id, expires_at=dt.datetime(2100, 1, 1, tzinfo=dt.UTC)))
    backup = back_up(home, tmp_path / "backup")
    with home.database.write() as session:
        set_readers(session, furnished.open_id, {"group:finance"})
        session.get_one(ApiKey, key_id).revoked_at = dt.datetime.now(dt.UTC)
        session.get_one(User, user_id).suspended = True
        session.delete(session.get_one(GroupMember, ("finance", f"user:{email('bob')}")))
    home.database.close()
    restore(backup, place_of(home), replace=True)
    with home.database.read() as session:
        readers = session.scalars(select(AclEntry.principal).where(AclEntry.document_id == furnished.open_id)).all()
        assert readers == ["group:finance"]
        assert session.get_one(ApiKey, key_id).revoked_at is not None
        assert session.get_one(User, user_id).suspended
        assert session.get(GroupMember, ("finance", f"user:{email('bob')}")) is None
        assert session.scalars(select(SignIn)).all() == []


def test_restore_over_documents_needs_permission_and_can_be_undone(home: Office, tmp_path: Path) -> None:
    backup = back_up(home, tmp_path / "backup")
    later = home.add(b"# Later\n\nWritten after the backup was made.\n", "later.md", ["everyone"])
    home.database.close()
    with pytest.raises(InvalidInput, match="--replace"):
        restore(backup, place_of(home))
    assert later in document_ids(place_of(home))
    restored = restore(backup, place_of(home), replace=True)
    assert later not in document_ids(place_of(home))
    assert restored.set_aside is not None
    restore_backup(restored.set_aside, place_of(home), quietly, replace=True)
    assert later in document_ids(place_of(home))


class Interrupted(Exception):
    """What a test raises in the middle of a restore."""


@pytest.mark.parametrize("stage", ["checking originals", "copying rows", "copying originals", "restoring originals"])
def test_interrupted_restore_changes_nothing(home: Office, tmp_path: Path, stage: str) -> None:
    backup = back_up(home, tmp_path / "backup")
    home.add(b"# Later\n\nWritten after the backup was made.\n", "later.md", ["everyone"])
    before = rows_of(place_of(home).database_url)

    def interrupt(what: str, done: int, total: int) -> None:
        if what == stage:
            raise Interrupted

    with pytest.raises(Interrupted):
        restore_backup(backup.generation, place_of(home), interrupt, replace=True)

    assert rows_of(place_of(home).database_url) == before
    assert not list(home.parts.folder.root.glob("*.restoring*"))


def test_unreadable_database_is_not_replaced_unless_said(home: Office, furnished: Furnished, tmp_path: Path) -> None:
    backup = back_up(home, tmp_path / "backup")
    home.database.close()
    file = home.parts.folder.root / "footnote.db"
    file.write_bytes(b"torn" * 5000)
    with pytest.raises(InvalidInput, match="--database-lost"):
        restore(backup, place_of(home), replace=True)
    restore(backup, place_of(home), replace=True, database_lost=True)

    assert document_ids(place_of(home)) == {furnished.open_id, furnished.hidden_id}
    assert (home.parts.folder.root / "replaced" / "unreadable-footnote.db").read_bytes() == b"torn" * 5000


def backup_at_revision(root: Path, revision: str) -> Generation:
    """A backup with one user that an older Footnote made."""
    prepared = root / "backups" / "prepared"
    prepared.mkdir(parents=True)
    database = Database(f"sqlite:///{prepared / 'footnote.db'}")
    with database.engine.connect().execution_options(footnote_write=True) as connection, connection.begin():
        config = alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        connection.execute(text(
            "INSERT INTO user_account (id, email, name, is_admin, is_evaluator, suspended, created_at) "
            "VALUES ('1', 'old@example.org', '', 1, 0, 0, '2025-01-01')"))  # fmt: skip
    with database.engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA journal_mode=DELETE")
        connection.exec_driver_sql("BEGIN")
    database.close()
    (prepared / "originals.tsv").touch()
    generation = Generation(root, "20250101T000000000000Z")
    facts = {"format": FORMAT, "revision": revision, "made_at": "2025-01-01T00:00:00+00:00"}
    publish_folder(prepared, generation.folder, facts)
    return generation


def test_backup_of_an_older_footnote_is_brought_up_to_date(tmp_path: Path) -> None:
    place = place_at(tmp_path / "data")
    restore_backup(backup_at_revision(tmp_path / "backup", "0001"), place, quietly)
    before = rows_of(place.database_url)
    migrate(place.database_url)

    assert rows_of(place.database_url) == before
    assert [row[1] for row in before["user_account"]] == ["old@example.org"]


def test_backup_of_a_newer_footnote_is_refused(tmp_path: Path) -> None:
    generation = backup_at_revision(tmp_path / "backup", "0001")
    newer = Generation(generation.root, "20260101T000000000000Z")
    shutil.move(generation.folder, tmp_path / "taken")
    (tmp_path / "taken" / "MANIFEST").unlink()
    facts = {"format": FORMAT, "revision": "9999", "made_at": "2026-01-01T00:00:00+00:00"}
    publish_folder(tmp_path / "taken", newer.folder, facts)
    with pytest.raises(BackupDamaged, match="newer Footnote"):
        restore_backup(newer, place_at(tmp_path / "data"), quietly)


def test_restore_waits_for_nobody_to_use_the_data_folder(tmp_path: Path) -> None:
    folder = open_data_folder(tmp_path / "data")
    with (
        hold_in_use(folder),
        hold_in_use(folder),
        pytest.raises(StorageBusy, match="stop its server"),
        hold_alone(folder),
    ):
        pass
    with hold_alone(folder), pytest.raises(StorageBusy, match="being restored"):
        hold_in_use(folder)


def test_backups_beside_uploads_always_hold_what_they_name(home: Office, tmp_path: Path) -> None:
    stop = threading.Event()

    def keep_uploading() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            home_originals = home.parts.originals
            with home.database.write() as session:
                path = tmp_path / f"{number}.md"
                path.write_text(f"# Note {number}\n\nWritten while a backup is made.\n")
                with path.open("rb") as stream:
                    staged = home_originals.stage(stream, path.name)
                add_version(session, home_originals, staged, filename=path.name)

    uploading = threading.Thread(target=keep_uploading)
    uploading.start()
    try:
        backups = [back_up(home, tmp_path / "backup") for _ in range(5)]
    finally:
        stop.set()
        uploading.join()
    counts = [int(backup.facts["documents"]) for backup in backups]

    assert counts == sorted(counts)
    assert [verify_generation(backup.generation, quietly) for backup in backups] == [backup.facts for backup in backups]


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(arguments))
    return result.exit_code, result.stdout or result.stderr


def test_commands_back_up_and_restore_with_fixed_json(
    home: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.database.close()
    monkeypatch.setenv("FOOTNOTE_DATA_DIR", str(home.parts.folder.root))
    folder, file = str(tmp_path / "backups"), str(tmp_path / "backup.tar.gz")
    code, made = run("backup", folder, "--keep", "3", "--json")
    assert (code, json.loads(made)["documents"], json.loads(made)["originals_copied"]) == (0, 2, 2)
    assert run("backup", file, "--json")[0] == 0
    code, checked = run("backup", file, "--verify", "--json")
    assert (code, json.loads(checked)["whole"]) == (0, True)
    assert run("restore", folder)[0] == 2
    code, restored = run("restore", folder, "--replace", "--json")
    assert (code, json.loads(restored)["deleted"], json.loads(restored)["passages"]) == (0, 0, 2)
    assert run("restore", "--undo", "--json")[0] == 0
    assert run("restore", str(tmp_path / "nothing"))[0] == 2
    assert run("restore")[0] == 2
