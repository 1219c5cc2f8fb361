"""From an upload to searchable passages, with the real parsers, model and worker."""

import datetime as dt
from collections.abc import Iterator

import numpy as np
import pytest
from sqlalchemy import func, select, update

from evals.knowledge_base import KnowledgeBase, temporary_knowledge_base
from ingest.database import Base, Change, utc_now
from ingest.documents import remove
from ingest.embed import Embedder
from ingest.errors import LeaseLost
from ingest.jobs import claim
from ingest.pipeline import ingest_version, version_text
from ingest.tables import Document, Embedding, Job, Page, Passage, Version
from ingest.worker import work_on

HANDBOOK = "# Travel\n\n" + "\n\n".join(
    f"## Rule {i}\n\nHotel category {i} is paid up to {100 + i} euros a night. " + f"Reason {i} is written down. " * 30
    for i in range(12)
)


@pytest.fixture
def base(embedder: Embedder, database_url: str) -> Iterator[KnowledgeBase]:
    with temporary_knowledge_base(embedder, database_url) as base:
        yield base


def count(base: KnowledgeBase, table: type[Base]) -> int:
    with base.database.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def versions_of(base: KnowledgeBase, document_id: str) -> list[Version]:
    with base.database.read() as session:
        return list(session.scalars(select(Version).where(Version.document_id == document_id).order_by(Version.number)))


def changes(base: KnowledgeBase) -> list[str]:
    with base.database.read() as session:
        return list(session.scalars(select(Change.kind).order_by(Change.seq)))


def test_uploaded_file_becomes_searchable(base: KnowledgeBase) -> None:
    document_id = base.add(HANDBOOK.encode(), "travel.md")
    base.work()
    (version,) = versions_of(base, document_id)
    assert (version.status, version.media_type, version.n_pages) == ("searchable", "text/markdown", 1)
    assert version.n_passages == count(base, Passage) > 3
    assert changes(base) == ["publish"]


def test_every_passage_is_an_exact_span_of_the_version(base: KnowledgeBase) -> None:
    document_id = base.add(HANDBOOK.encode(), "travel.md")
    base.work()
    with base.database.read() as session:
        text = version_text(session, versions_of(base, document_id)[0].id)
        passages = session.scalars(select(Passage).order_by(Passage.ordinal)).all()
    assert [passage.text for passage in passages] == [text[passage.start : passage.end] for passage in passages]


def test_every_passage_has_a_unit_vector(base: KnowledgeBase) -> None:
    base.add(HANDBOOK.encode(), "travel.md")
    base.work()
    with base.database.read() as session:
        vectors = session.scalars(
            select(Embedding.vector).join(Passage, Passage.embedding_hash == Embedding.text_hash)
        ).all()
    lengths = [float(np.linalg.norm(np.frombuffer(vector, "<f2").astype(np.float32))) for vector in vectors]
    assert len(vectors) == count(base, Passage)
    assert lengths == pytest.approx([1.0] * len(lengths), abs=2e-3)


def test_edited_document_keeps_the_vectors_of_what_did_not_change(base: KnowledgeBase) -> None:
    base.add(HANDBOOK.encode(), "travel.md")
    base.work()
    with base.database.read() as session:
        before = set(session.scalars(select(Embedding.text_hash)))
    base.add(HANDBOOK.replace("paid up to 111 euros", "paid up to 222 euros").encode(), "travel.md")
    base.work()
    with base.database.read() as session:
        after = set(session.scalars(select(Embedding.text_hash)))
    assert len(after) == len(before)
    assert len(after - before) == 1


def test_new_version_replaces_the_passages_but_keeps_the_old_pages(base: KnowledgeBase) -> None:
    document_id = base.add(b"# Travel\n\nHotels are paid.\n", "travel.md")
    base.work()
    base.add(b"# Travel\n\nHostels are paid.\n", "travel.md")
    base.work()
    old, new = versions_of(base, document_id)
    assert (old.status, new.status) == ("superseded", "searchable")
    with base.database.read() as session:
        assert "Hotels are paid." in version_text(session, old.id)
        assert set(session.scalars(select(Passage.version_id))) == {new.id}


def test_older_version_that_ends_later_does_not_replace_a_newer_one(base: KnowledgeBase) -> None:
    document_id = base.add(b"# Travel\n\nHotels are paid.\n", "travel.md")
    with base.database.write() as session:
        late = claim(session)
    base.add(b"# Travel\n\nHostels are paid.\n", "travel.md")
    base.work()
    assert late is not None
    ingest_version(base.ingestion, late)
    old, new = versions_of(base, document_id)
    assert (old.status, new.status) == ("superseded", "searchable")
    with base.database.read() as session:
        assert session.scalars(select(Document.current_version_id)).one() == new.id


def test_attempt_that_lost_its_lease_publishes_nothing(base: KnowledgeBase) -> None:
    base.add(HANDBOOK.encode(), "travel.md")
    with base.database.write() as session:
        late = claim(session)
    with base.database.write() as session:
        session.execute(update(Job).values(lease_until=utc_now() - dt.timedelta(seconds=1)))
    with base.database.write() as session:
        taken_over = claim(session)
    assert late is not None
    assert taken_over is not None
    with pytest.raises(LeaseLost):
        ingest_version(base.ingestion, late)
    assert (count(base, Passage), count(base, Page), changes(base)) == (0, 0, [])
    work_on(base.ingestion, taken_over)
    assert changes(base) == ["publish"]


def test_document_removed_while_it_is_worked_on_leaves_nothing(base: KnowledgeBase) -> None:
    document_id = base.add(HANDBOOK.encode(), "travel.md")
    with base.database.write() as session:
        job = claim(session)
    with base.database.write() as session:
        remove(session, document_id)
    assert job is not None
    work_on(base.ingestion, job)
    assert (count(base, Passage), count(base, Page), count(base, Version)) == (0, 0, 0)


def test_vectors_shared_by_two_documents_outlive_one(base: KnowledgeBase) -> None:
    first = base.add(HANDBOOK.encode(), "a/travel.md")
    base.add(HANDBOOK.encode(), "b/travel.md")
    base.work()
    with base.database.write() as session:
        remove(session, first)
    with base.database.read() as session:
        missing = select(func.count()).where(Passage.embedding_hash.not_in(select(Embedding.text_hash)))
        assert session.scalar(missing) == 0


def test_last_removal_deletes_the_vectors(base: KnowledgeBase) -> None:
    document_id = base.add(HANDBOOK.encode(), "travel.md")
    base.work()
    with base.database.write() as session:
        remove(session, document_id)
    assert (count(base, Embedding), count(base, Passage), count(base, Page)) == (0, 0, 0)


@pytest.mark.parametrize(
    ("content", "filename", "error_class"),
    [
        pytest.param(b"\x7fELF\x02\x01\x01" + bytes(200), "tool.md", "unsupported", id="program_named_markdown"),
        pytest.param(b"%PDF-1.7\nnothing of a PDF follows", "plan.pdf", "malformed", id="broken_pdf"),
        pytest.param(b" \n\t\n ", "blank.txt", "empty", id="white_space_only"),
    ],
)
def test_file_that_cannot_be_read_fails_with_its_class_and_a_sentence(
    base: KnowledgeBase, content: bytes, filename: str, error_class: str
) -> None:
    document_id = base.add(content, filename)
    base.work()
    (version,) = versions_of(base, document_id)
    assert (version.status, version.error_class) == ("failed", error_class)
    assert filename in (version.message or "")
    assert changes(base) == []


def test_failed_new_version_leaves_the_old_one_searchable(base: KnowledgeBase) -> None:
    document_id = base.add(b"# Travel\n\nHotels are paid.\n", "travel.md")
    base.work()
    base.add(b"\x7fELF\x02\x01\x01" + bytes(200), "travel.md")
    base.work()
    old, new = versions_of(base, document_id)
    assert (old.status, new.status) == ("searchable", "failed")
