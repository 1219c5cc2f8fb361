"""The life of a document in SQL: one version an upload, readers, removal, and the log that indexes follow."""

import io
from pathlib import Path

import pytest
from sqlalchemy import func, select

from ingest.database import Base, Change, Database
from ingest.documents import (
    AddedVersion,
    add_version,
    clean_filename,
    clean_readers,
    delete_unreferenced_originals,
    edit_document,
    remove,
    retry,
    set_readers,
)
from ingest.errors import InvalidInput, NotFound
from ingest.storage import Originals, open_data_folder
from ingest.tables import AclEntry, Document, Job, Version


class Library:
    """A database and originals to which tests upload."""

    def __init__(self, root: Path) -> None:
        folder = open_data_folder(root)
        self.database = Database(f"sqlite:///{folder.root / 'footnote.db'}")
        Base.metadata.create_all(self.database.engine)
        self.originals = Originals(folder, max_bytes=1000, min_free_bytes=0)

    def upload(self, content: bytes, filename: str = "policy.md", readers: set[str] | None = None) -> AddedVersion:
        staged = self.originals.stage(io.BytesIO(content), filename)
        with self.database.write() as session:
            return add_version(session, self.originals, staged, filename=filename, readers=readers)

    def count(self, table: type[Base]) -> int:
        with self.database.read() as session:
            return session.scalar(select(func.count()).select_from(table)) or 0

    def readers(self, document_id: str) -> set[str]:
        with self.database.read() as session:
            return set(session.scalars(select(AclEntry.principal).where(AclEntry.document_id == document_id)))

    def changes(self) -> list[tuple[int, str]]:
        with self.database.read() as session:
            return [(change.seq, change.kind) for change in session.scalars(select(Change).order_by(Change.seq))]


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path)


def test_upload_writes_document_version_readers_and_job_together(library: Library) -> None:
    added = library.upload(b"# Travel")
    assert not added.unchanged
    assert (library.count(Document), library.count(Version), library.count(Job)) == (1, 1, 1)
    assert library.readers(added.document.id) == {"everyone"}
    assert library.originals.path(added.version.sha256).read_bytes() == b"# Travel"


def test_same_content_again_is_no_work(library: Library) -> None:
    first = library.upload(b"# Travel")
    again = library.upload(b"# Travel")
    assert again.unchanged
    assert (again.document.id, again.version.id) == (first.document.id, first.version.id)
    assert library.count(Job) == 1


def test_other_content_under_the_same_name_is_the_next_version(library: Library) -> None:
    first = library.upload(b"# Travel")
    second = library.upload(b"# Travel, revised")
    assert second.document.id == first.document.id
    assert (first.version.number, second.version.number) == (1, 2)


def test_new_version_keeps_the_readers(library: Library) -> None:
    library.upload(b"one", readers={"group:finance"})
    second = library.upload(b"two")
    assert library.readers(second.document.id) == {"group:finance"}


def test_upload_with_other_readers_changes_them(library: Library) -> None:
    library.upload(b"one", readers={"group:finance"})
    second = library.upload(b"one", readers={"group:legal"})
    assert library.readers(second.document.id) == {"group:legal"}
    assert [kind for _, kind in library.changes()] == ["readers"]


def test_setting_the_same_readers_changes_nothing(library: Library) -> None:
    added = library.upload(b"one")
    with library.database.write() as session:
        set_readers(session, added.document.id, {"everyone"})
    assert library.changes() == []


def test_failed_transaction_leaves_no_document(library: Library) -> None:
    staged = library.originals.stage(io.BytesIO(b"x"), "a.md")
    with pytest.raises(InvalidInput), library.database.write() as session:
        add_version(session, library.originals, staged, filename="a.md", readers={"not a principal"})
    assert library.count(Document) == 0


def test_removed_document_is_gone_with_its_original(library: Library) -> None:
    added = library.upload(b"secret")
    with library.database.write() as session:
        remove(session, added.document.id)
    assert delete_unreferenced_originals(library.database, library.originals) == 1
    assert (library.count(Document), library.count(Version), library.count(Job), library.count(AclEntry)) == (
        0,
        0,
        0,
        0,
    )
    assert list(library.originals.hashes()) == []
    assert [kind for _, kind in library.changes()] == ["withdraw"]


def test_original_shared_by_two_documents_outlives_one(library: Library) -> None:
    first = library.upload(b"shared", "a.md")
    library.upload(b"shared", "b.md")
    with library.database.write() as session:
        remove(session, first.document.id)
    assert delete_unreferenced_originals(library.database, library.originals) == 0
    assert len(list(library.originals.hashes())) == 1


def test_removing_an_unknown_document_says_so(library: Library) -> None:
    with pytest.raises(NotFound), library.database.write() as session:
        remove(session, "0" * 32)


def test_change_numbers_have_no_gap(library: Library) -> None:
    added = library.upload(b"one")
    for title in ("A", "B", "C"):
        with library.database.write() as session:
            edit_document(session, session.get_one(Document, added.document.id), title=title)
    assert library.changes() == [(1, "rename"), (2, "rename"), (3, "rename")]


def test_only_a_failed_version_can_be_retried(library: Library) -> None:
    added = library.upload(b"one")
    with pytest.raises(InvalidInput, match="has not failed"), library.database.write() as session:
        retry(session, added.version.id)


def test_document_cannot_move_onto_another_of_the_same_name(library: Library) -> None:
    added = library.upload(b"one")
    staged = library.originals.stage(io.BytesIO(b"two"), "policy.md")
    with library.database.write() as session:
        add_version(session, library.originals, staged, filename="policy.md", collection="hr")
    with pytest.raises(InvalidInput, match="already has"), library.database.write() as session:
        edit_document(session, session.get_one(Document, added.document.id), collection="hr")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        pytest.param("../../etc/passwd", "etc/passwd", id="parent_folders"),
        pytest.param("C:\\Users\\ann\\plan.pdf", "C:/Users/ann/plan.pdf", id="windows_path"),
        pytest.param("a\x00b\r\n.md", "ab.md", id="control_characters"),
        pytest.param("fdp.\u202efdp.exe", "fdp.fdp.exe", id="right_to_left_override"),
    ],
)
def test_file_name_is_made_harmless(given: str, kept: str) -> None:
    assert clean_filename(given) == kept


def test_very_long_file_name_keeps_its_ending() -> None:
    name = clean_filename("x" * 4096 + ".pdf")
    assert len(name) <= 1000
    assert name.endswith(".pdf")


def test_user_principals_are_in_lower_case() -> None:
    assert clean_readers(["User:Ann@Example.org"]) == {"user:ann@example.org"}


@pytest.mark.parametrize("reader", ["ann@example.org", "user:", "group:", "admin", "everyone else", ""])
def test_malformed_reader_is_refused(reader: str) -> None:
    with pytest.raises(InvalidInput, match="is not a reader"):
        clean_readers([reader])
