"""Who may read, decided over an index's rows exactly as in SQL, for any rights and any documents."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from evals.knowledge_base import KnowledgeBase, temporary_knowledge_base
from ingest.document_table import DocumentTable
from ingest.documents import set_readers
from ingest.embed import Embedder
from ingest.tables import Document, Passage
from retrieval.permissions import ReadableRows, readable_by, readable_rows

PRINCIPALS = ["everyone", "group:finance", "group:legal", "user:ann@example.org", "user:bob@example.org"]
READERS = [["everyone"], ["group:finance"], ["group:legal", "user:bob@example.org"], ["user:ann@example.org"], []]


@pytest.fixture(scope="module")
def base(embedder: Embedder) -> Iterator[KnowledgeBase]:
    with temporary_knowledge_base(embedder) as base:
        for number, readers in enumerate(READERS):
            base.add(
                f"# Rule {number}\n\nThis rule has the number {number}.\n".encode(), f"{number}.md", readers=readers
            )
        base.work()
        with base.database.read() as session:
            base.replica.catch_up(session)
        yield base


def readable_in_sql(base: KnowledgeBase, principals: frozenset[str]) -> set[int]:
    statement = select(Passage.id).join(Document, Document.current_version_id == Passage.version_id)
    with base.database.read() as session:
        return set(session.scalars(statement.where(readable_by(principals))))


@given(principals=st.frozensets(st.sampled_from(PRINCIPALS)))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_rows_of_the_index_are_those_that_sql_lets_read(base: KnowledgeBase, principals: frozenset[str]) -> None:
    view = base.replica.view()
    rows = readable_rows(view, principals)
    assert set(view.passage_ids[rows].tolist()) == readable_in_sql(base, principals)


def test_nobody_may_read_nothing(base: KnowledgeBase) -> None:
    assert readable_in_sql(base, frozenset()) == set()
    assert not readable_rows(base.replica.view(), frozenset()).any()


def test_document_without_readers_is_read_by_nobody(base: KnowledgeBase) -> None:
    assert len(readable_in_sql(base, frozenset(PRINCIPALS))) == len(READERS) - 1


def test_remembered_rows_are_those_of_the_asking_person_only(base: KnowledgeBase) -> None:
    view, remembered = base.replica.view(), ReadableRows()
    for principals in (frozenset({"group:finance"}), frozenset({"group:legal"}), frozenset({"group:finance"})):
        assert np.array_equal(remembered.of(view, principals), readable_rows(view, principals))


def test_remembered_rows_are_forgotten_when_the_index_changes(base: KnowledgeBase) -> None:
    view, remembered = base.replica.view(), ReadableRows()
    ann = frozenset({"user:ann@example.org"})
    before = remembered.of(view, ann).sum()
    opened = replace(view, documents=DocumentTable(replace(document, readers=ann) for document in view.documents))
    assert remembered.of(opened, ann).sum() > before


def test_remembered_rows_follow_a_change_of_readers(base: KnowledgeBase) -> None:
    remembered, bob = ReadableRows(), frozenset({"user:bob@example.org"})
    before = remembered.of(base.replica.view(), bob).sum()
    with base.database.write() as session:
        document_id = session.scalars(select(Document.id).where(Document.filename == "4.md")).one()
        set_readers(session, document_id, bob)
    with base.database.read() as session:
        base.replica.catch_up(session)
    assert remembered.of(base.replica.view(), bob).sum() == before + 1
    with base.database.write() as session:
        set_readers(session, document_id, [])
    with base.database.read() as session:
        base.replica.catch_up(session)
