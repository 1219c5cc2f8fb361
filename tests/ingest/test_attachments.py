"""Files in files are documents of their own, read, moved and removed with the document in which they came."""

import io
import zipfile
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from evals.knowledge_base import EVERYONE, KnowledgeBase, temporary_knowledge_base
from ingest.attachments import AttachmentCounts, count_attachments
from ingest.documents import add_version, attachments_of, edit_document, remove, set_readers
from ingest.embed import Embedder
from ingest.errors import InvalidInput
from ingest.tables import AclEntry, Document, Version

ANN, BOB = frozenset({"user:ann@example.org"}), frozenset({"user:bob@example.org"})


@pytest.fixture(scope="module")
def base(embedder: Embedder) -> Iterator[KnowledgeBase]:
    with temporary_knowledge_base(embedder) as base:
        yield base


def mail(**attachments: str | bytes | EmailMessage) -> bytes:
    """A mail with attachments by name; `_` stands for a dot."""
    message = EmailMessage()
    message["From"], message["Subject"] = "ada@example.org", "Canteen"
    message.set_content("The menu is attached.")
    for name, content in attachments.items():
        kind: dict[str, Any] = {"maintype": "application", "subtype": "zip"} if isinstance(content, bytes) else {}
        message.add_attachment(content, filename=name.replace("_", "."), **kind)
    return message.as_bytes()


def archive(**files: str | bytes) -> bytes:
    """A ZIP file with files by name; `_` stands for a dot."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as packed:
        for name, content in files.items():
            packed.writestr(name.replace("_", "."), content)
    return data.getvalue()


def add(base: KnowledgeBase, content: bytes, filename: str, readers: frozenset[str] = EVERYONE) -> str:
    """Upload and work; the document's id."""
    document_id = base.add(content, filename, readers=readers)
    base.work()
    return document_id


def files(base: KnowledgeBase, parent_id: str) -> dict[str, str]:
    """The attachments of a document: file name → «status» or the class of its failure."""
    with base.database.read() as session:
        found = {}
        for document in attachments_of(session, parent_id):
            versions = select(Version).where(Version.document_id == document.id).order_by(Version.number.desc())
            newest = session.scalars(versions.limit(1)).one()
            found[document.filename] = newest.error_class or newest.status
        return found


def readers(base: KnowledgeBase, parent_id: str) -> set[frozenset[str]]:
    """The sets of readers that the attachments of a document have."""
    with base.database.read() as session:
        entries = select(AclEntry.principal).where
        return {
            frozenset(session.scalars(entries(AclEntry.document_id == document.id)))
            for document in attachments_of(session, parent_id)
        }


def found(base: KnowledgeBase, query: str, principals: frozenset[str]) -> list[str]:
    """The file names that a search finds."""
    with base.database.read() as session:
        return [hit.filename for hit in base.searcher.search(session, query, principals=principals, k=10)]


def test_attachments_become_documents_named_below_the_mail(base: KnowledgeBase) -> None:
    parent = add(base, mail(menu_csv="dish,price\nsoup,3\n", notes_txt="Open at noon."), "canteen.eml")
    assert files(base, parent) == {"canteen.eml/menu.csv": "searchable", "canteen.eml/notes.txt": "searchable"}


def test_attachment_is_found_by_the_mails_readers_and_by_nobody_else(base: KnowledgeBase) -> None:
    add(base, mail(secret_txt="The kohlrabi budget is nine."), "vegetables.eml", readers=ANN)
    assert found(base, "kohlrabi budget", ANN)[0] == "vegetables.eml/secret.txt"
    assert "vegetables.eml/secret.txt" not in found(base, "kohlrabi budget", BOB)


def test_attachment_of_a_mail_that_nobody_reads_is_read_by_nobody(base: KnowledgeBase) -> None:
    parent = add(base, mail(a_txt="For no one."), "nobody.eml", readers=frozenset())
    assert readers(base, parent) == {frozenset()}


def test_attachments_follow_the_readers_of_the_mail(base: KnowledgeBase) -> None:
    parent = add(base, mail(a_txt="The turnip budget is ten."), "turnips.eml", readers=ANN)
    with base.database.write() as session:
        set_readers(session, parent, BOB)
    assert readers(base, parent) == {BOB}
    assert "turnips.eml/a.txt" not in found(base, "turnip budget", ANN)
    assert found(base, "turnip budget", BOB)[0] == "turnips.eml/a.txt"


def test_readers_that_change_while_the_mail_is_read_count(base: KnowledgeBase) -> None:
    parent = base.add(mail(a_txt="Late."), "late.eml", readers=ANN)
    with base.database.write() as session:
        set_readers(session, parent, BOB)
    base.work()
    assert readers(base, parent) == {BOB}


def test_attachments_move_with_the_mail_to_another_collection(base: KnowledgeBase) -> None:
    parent = add(base, mail(a_txt="Moving."), "moving.eml")
    with base.database.write() as session:
        edit_document(session, session.get_one(Document, parent), collection="attic")
    with base.database.read() as session:
        assert [document.collection for document in attachments_of(session, parent)] == ["attic"]


def test_attachments_go_with_the_mail(base: KnowledgeBase) -> None:
    parent = add(base, mail(a_txt="The fennel budget is eleven."), "fennel.eml")
    with base.database.write() as session:
        remove(session, parent)
    assert not any(name.startswith("fennel.eml") for name in found(base, "fennel budget", frozenset({"everyone"})))
    with base.database.read() as session:
        assert session.scalars(select(Document.id).where(Document.filename.startswith("fennel"))).all() == []


def test_new_version_of_the_mail_replaces_keeps_and_removes(base: KnowledgeBase) -> None:
    parent = add(base, mail(kept_txt="Same.", changed_txt="Before.", gone_txt="Away."), "weekly.eml")
    with base.database.read() as session:
        before = {document.filename: document.id for document in attachments_of(session, parent)}
    add(base, mail(kept_txt="Same.", changed_txt="After.", new_txt="New."), "weekly.eml")
    with base.database.read() as session:
        after = {document.filename: document.id for document in attachments_of(session, parent)}
        numbers = dict(session.execute(select(Version.document_id, Version.number).order_by(Version.number)).all())
    assert set(after) == {"weekly.eml/changed.txt", "weekly.eml/kept.txt", "weekly.eml/new.txt"}
    assert {name: numbers[document] for name, document in after.items() if name in before} == {
        "weekly.eml/kept.txt": 1, "weekly.eml/changed.txt": 2,
    }  # fmt: skip
    assert after["weekly.eml/kept.txt"] == before["weekly.eml/kept.txt"]


Change = Callable[[KnowledgeBase, Session, Document], object]


def _upload_again(base: KnowledgeBase, session: Session, document: Document) -> None:
    staged = base.ingestion.originals.stage(io.BytesIO(b"Other."), "a.txt")
    try:
        add_version(session, base.ingestion.originals, staged, filename="a.txt", source=document.source)
    finally:
        base.ingestion.originals.discard(staged)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda _, session, document: set_readers(session, document.id, ANN), id="readers"),
        pytest.param(lambda _, session, document: edit_document(session, document, collection="x"), id="collection"),
        pytest.param(_upload_again, id="version"),
    ],
)
def test_what_belongs_to_the_mail_is_not_changed_on_an_attachment(base: KnowledgeBase, change: Change) -> None:
    parent = add(base, mail(a_txt="Bound."), "bound.eml")
    with base.database.write() as session:
        (child,) = attachments_of(session, parent)
        with pytest.raises(InvalidInput, match=r"a\.txt came in bound\.eml; .* of that document instead"):
            change(base, session, child)


def test_upload_that_is_named_like_an_attachment_is_another_document(base: KnowledgeBase) -> None:
    parent = add(base, mail(a_txt="Inside."), "alike.eml")
    other = add(base, b"Outside.", "alike.eml/a.txt")
    with base.database.read() as session:
        assert other not in [document.id for document in attachments_of(session, parent)]


def test_mail_in_a_mail_is_read_and_its_attachments_stay_closed(base: KnowledgeBase) -> None:
    inner = EmailMessage()
    inner["Subject"] = "Inner"
    inner.set_content("The celery budget is twelve.")
    inner.add_attachment("closed", filename="deep.txt")
    parent = add(base, mail(inner_eml=inner), "outer.eml")
    assert files(base, parent) == {"outer.eml/inner.eml": "searchable"}
    with base.database.read() as session:
        (child,) = attachments_of(session, parent)
        assert attachments_of(session, child.id) == []
        message = session.scalars(select(Version.message).where(Version.document_id == child.id)).one()
    assert message is not None
    assert "upload it on its own" in message


def test_archive_in_a_mail_is_refused_by_name(base: KnowledgeBase) -> None:
    parent = add(base, mail(all_zip=archive(a_txt="deep")), "packed.eml")
    assert files(base, parent) == {"packed.eml/all.zip": "unsupported"}


def test_archive_ends_as_a_count_of_its_documents(base: KnowledgeBase) -> None:
    parent = add(base, archive(a_txt="One.", b_md="Two.", c_bin=b"\x00\x01\x02" * 99), "folder.zip")
    assert files(base, parent) == {
        "folder.zip/a.txt": "searchable", "folder.zip/b.md": "searchable", "folder.zip/c.bin": "unsupported",
    }  # fmt: skip
    with base.database.read() as session:
        counts = count_attachments(session, [parent])[parent]
        version = session.scalars(select(Version).where(Version.document_id == parent)).one()
    assert (counts, str(counts)) == (AttachmentCounts(3, 2, 1, 0), "3 documents; 1 failed")
    assert (version.status, version.n_passages) == ("searchable", 0)


def test_names_that_clash_or_lead_away_are_made_harmless(base: KnowledgeBase) -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as packed:
        for name in ("../../etc/passwd", "/etc/passwd", "x\u202etxt.exe", "\u200b", "n" * 4096 + ".txt"):
            packed.writestr(name, name)
    parent = add(base, data.getvalue(), "names.zip")
    names = sorted(name.removeprefix("names.zip/") for name in files(base, parent))
    assert [name for name in names if len(name) < 100] == [
        "etc/passwd", "etc/passwd (2)", "unnamed", "xtxt.exe",
    ]  # fmt: skip
    assert [len(f"names.zip/{name}") for name in names if len(name) > 100] == [1000]


def test_unchanged_mail_is_no_work(base: KnowledgeBase) -> None:
    content = mail(a_txt="Same again.")
    parent = add(base, content, "again.eml")
    add(base, content, "again.eml")
    with base.database.read() as session:
        (child,) = attachments_of(session, parent)
        assert len(session.scalars(select(Version).where(Version.document_id == child.id)).all()) == 1


def test_nothing_is_left_in_the_scratch_folder(base: KnowledgeBase) -> None:
    add(base, mail(a_txt="Scratch.", b_txt="Scratch."), "scratch.eml")
    assert [path.name for path in base.folder.scratch.iterdir() if path.is_file()] == []
