"""Search over real ingestion: what a person may read is found, and nothing else is."""

from collections.abc import Iterator

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from evals.knowledge_base import KnowledgeBase, temporary_knowledge_base
from ingest.documents import edit_document, remove, set_readers
from ingest.embed import Embedder
from ingest.errors import InvalidInput
from ingest.replica_view import ReplicaView
from ingest.tables import Document
from retrieval.filters import NO_FILTERS, SearchFilters
from retrieval.hit import Hit
from retrieval.options import DEFAULTS, SearchMode, SearchOptions
from retrieval.search import Searcher

EVERYONE = frozenset({"everyone"})
FINANCE = frozenset({"everyone", "user:ann@example.org", "group:finance"})

TRAVEL = b"# Travel\n\nA hotel night is paid up to 140 euros. Book trains instead of flights below 600 kilometres.\n"
SALARIES = (
    b"# Salaries\n\nThe salary band for senior engineers starts at 95,000 euros. Form HR-4412 asks for a raise.\n"
)
PARKING = b"# Parking\n\nThe garage opens at six in the morning. Bicycles have their own room beside the lift.\n"


@pytest.fixture
def base(embedder: Embedder, database_url: str) -> Iterator[KnowledgeBase]:
    with temporary_knowledge_base(embedder, database_url) as base:
        base.add(TRAVEL, "travel.md")
        base.add(SALARIES, "salaries.md", readers=["group:finance"])
        base.add(PARKING, "parking.md", collection="facilities")
        base.work()
        yield base


def search(
    base: KnowledgeBase,
    query: str,
    principals: frozenset[str] = EVERYONE,
    *,
    k: int = 10,
    filters: SearchFilters = NO_FILTERS,
    options: SearchOptions = DEFAULTS,
) -> list[Hit]:
    with base.database.read() as session:
        return base.searcher.search(session, query, principals, k, filters=filters, options=options)


def filenames(hits: list[Hit]) -> list[str]:
    return [hit.filename for hit in hits]


def document_id(base: KnowledgeBase, filename: str) -> str:
    with base.database.read() as session:
        return session.scalars(select(Document.id).where(Document.filename == filename)).one()


@pytest.mark.parametrize("mode", ["keyword", "vector", "hybrid"])
def test_passage_that_answers_comes_first(base: KnowledgeBase, mode: SearchMode) -> None:
    assert filenames(search(base, "How much may a hotel cost?", options=SearchOptions(mode=mode)))[0] == "travel.md"


def test_hit_is_an_exact_span_with_its_place(base: KnowledgeBase) -> None:
    hit = search(base, "hotel night")[0]
    assert "A hotel night is paid up to 140 euros." in hit.text
    assert (hit.rank, hit.page, hit.collection) == (1, 1, "default")
    assert hit.end - hit.start == len(hit.text)


def test_identifier_is_found_as_written(base: KnowledgeBase) -> None:
    assert filenames(search(base, "HR-4412", FINANCE, options=SearchOptions(mode="keyword")))[0] == "salaries.md"


@pytest.mark.parametrize("mode", ["keyword", "vector", "hybrid"])
def test_reader_outside_the_group_finds_nothing_of_it(base: KnowledgeBase, mode: SearchMode) -> None:
    assert "salaries.md" not in filenames(search(base, "salary band HR-4412", options=SearchOptions(mode=mode)))


@pytest.mark.parametrize("mode", ["keyword", "vector", "hybrid"])
def test_reader_in_the_group_finds_it(base: KnowledgeBase, mode: SearchMode) -> None:
    assert (
        filenames(search(base, "salary band for engineers", FINANCE, options=SearchOptions(mode=mode)))[0]
        == "salaries.md"
    )


@pytest.mark.parametrize("mode", ["keyword", "vector", "hybrid"])
def test_nobody_finds_nothing(base: KnowledgeBase, mode: SearchMode) -> None:
    assert search(base, "hotel", frozenset(), options=SearchOptions(mode=mode)) == []


def test_collection_narrows_the_search(base: KnowledgeBase) -> None:
    assert filenames(search(base, "hotel bicycles garage", filters=SearchFilters(("facilities",)))) == ["parking.md"]


def test_revoked_reader_finds_nothing_in_the_next_search(base: KnowledgeBase) -> None:
    assert "salaries.md" in filenames(search(base, "salary band", FINANCE))
    with base.database.write() as session:
        set_readers(session, document_id(base, "salaries.md"), {"group:board"})
    assert "salaries.md" not in filenames(search(base, "salary band", FINANCE))


class IndexBehind:
    """A replica that a change has not reached yet, as when readers change while a search runs."""

    def __init__(self, base: KnowledgeBase) -> None:
        self._view = base.replica.view()

    def catch_up(self, _session: Session) -> int:
        return self._view.seq

    def view(self) -> ReplicaView:
        return self._view


@pytest.mark.parametrize("mode", ["keyword", "vector", "hybrid"])
def test_reader_revoked_while_the_search_runs_gets_no_text(
    base: KnowledgeBase, embedder: Embedder, mode: SearchMode
) -> None:
    search(base, "salary band", FINANCE)
    behind = Searcher(IndexBehind(base), embedder)
    with base.database.write() as session:
        set_readers(session, document_id(base, "salaries.md"), {"group:board"})
    with base.database.read() as session:
        hits = behind.search(session, "salary band for engineers", FINANCE, 10, options=SearchOptions(mode=mode))
    assert "salaries.md" not in filenames(hits)


def test_granted_reader_finds_it_in_the_next_search(base: KnowledgeBase) -> None:
    with base.database.write() as session:
        set_readers(session, document_id(base, "salaries.md"), {"everyone"})
    assert filenames(search(base, "salary band"))[0] == "salaries.md"


def test_removed_document_is_gone_from_the_next_search(base: KnowledgeBase) -> None:
    with base.database.write() as session:
        remove(session, document_id(base, "travel.md"))
    assert "travel.md" not in filenames(search(base, "hotel night"))


def test_new_version_replaces_the_old_text(base: KnowledgeBase) -> None:
    base.add(b"# Travel\n\nA hostel bunk is paid up to 40 euros.\n", "travel.md")
    base.work()
    texts = " ".join(hit.text for hit in search(base, "hotel hostel bunk"))
    assert "hostel bunk" in texts
    assert "hotel night" not in texts


def test_renamed_document_shows_its_new_title(base: KnowledgeBase) -> None:
    with base.database.write() as session:
        edit_document(session, session.get_one(Document, document_id(base, "travel.md")), title="Trips")
    assert search(base, "hotel night")[0].title == "Trips"


def test_ranks_and_scores_go_down_together(base: KnowledgeBase) -> None:
    hits = search(base, "hotel garage salary", FINANCE)
    assert [hit.rank for hit in hits] == list(range(1, len(hits) + 1))
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


@pytest.mark.parametrize("query", ['"unbalanced', "a AND (", "title:*", "+-&&||!(){}[]^~*?:\\/", "’", "🙂"])
def test_any_text_is_a_safe_query(base: KnowledgeBase, query: str) -> None:
    assert isinstance(search(base, query), list)


@pytest.mark.parametrize(
    ("query", "k", "message"),
    [
        pytest.param("   ", 5, "empty", id="empty_query"),
        pytest.param("x" * 2001, 5, "at most 2000", id="too_long"),
        pytest.param("hotel", 0, "between 1 and 100", id="k_too_small"),
        pytest.param("hotel", 101, "between 1 and 100", id="k_too_large"),
    ],
)
def test_unusable_request_says_why(base: KnowledgeBase, query: str, k: int, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        search(base, query, k=k)
