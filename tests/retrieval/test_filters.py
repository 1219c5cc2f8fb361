"""Search filters: they find every hit that is there, and never a document that the person may not read."""

import datetime as dt
from collections.abc import Iterator

import pytest
from sqlalchemy import select, update

from evals.knowledge_base import KnowledgeBase, temporary_knowledge_base
from ingest.embed import Embedder
from ingest.errors import InvalidInput
from ingest.metadata import set_metadata
from ingest.tables import Document
from retrieval import candidates
from retrieval.filters import SearchFilters, filters_from_json
from retrieval.hit import Hit
from retrieval.options import SearchMode, SearchOptions

EVERYONE = frozenset({"everyone"})
FINANCE = frozenset({"everyone", "group:finance"})
QUESTION = "How much may a hotel night cost?"


@pytest.fixture(scope="module")
def base(embedder: Embedder) -> Iterator[KnowledgeBase]:
    with temporary_knowledge_base(embedder) as base:
        for number in range(6):
            base.add(f"# Hotels {number}\n\nA hotel night costs up to {100 + number} euros.\n".encode(), f"{number}.md")
        base.add(b"A hotel night in Rome costs up to 150 euros.\n", "rome.txt", collection="travel")
        base.add(b"A hotel night of the board costs any price.\n", "board.txt", readers=["group:finance"])
        base.work()
        mark(base, "3.md", {"team": "sales", "year": "2026"}, dt.datetime(2025, 3, 1, 23, 30, tzinfo=dt.UTC))
        mark(base, "4.md", {"team": "legal", "year": "2026"}, dt.datetime(2025, 3, 2, tzinfo=dt.UTC))
        mark(base, "board.txt", {"team": "sales"}, dt.datetime(2025, 3, 2, tzinfo=dt.UTC))
        yield base


def mark(base: KnowledgeBase, filename: str, metadata: dict[str, str], dated_at: dt.datetime) -> None:
    with base.database.write() as session:
        document_id = session.scalars(select(Document.id).where(Document.filename == filename)).one()
        session.execute(update(Document).where(Document.id == document_id).values(dated_at=dated_at))
        set_metadata(session, document_id, metadata)


def search(
    base: KnowledgeBase, filters: SearchFilters, principals: frozenset[str] = EVERYONE, mode: SearchMode = "hybrid"
) -> list[Hit]:
    with base.database.read() as session:
        return base.searcher.search(
            session, QUESTION, principals, 10, filters=filters, options=SearchOptions(mode=mode, collapse=False)
        )


def found(hits: list[Hit]) -> set[str]:
    return {hit.filename for hit in hits}


@pytest.mark.parametrize("mode", ["keyword", "vector", "hybrid"])
@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        pytest.param(SearchFilters(("travel",)), {"rome.txt"}, id="collection"),
        pytest.param(SearchFilters(("travel", "other")), {"rome.txt"}, id="any_of_the_collections"),
        pytest.param(SearchFilters(file_types=("text",)), {"rome.txt"}, id="file_type"),
        pytest.param(SearchFilters(file_types=("text/plain",)), {"rome.txt"}, id="media_type"),
        pytest.param(SearchFilters(metadata=(("team", "sales"),)), {"3.md"}, id="metadata"),
        pytest.param(
            SearchFilters(metadata=(("team", "sales"), ("team", "legal"))), {"3.md", "4.md"}, id="any_value_of_a_key"
        ),
        pytest.param(SearchFilters(metadata=(("team", "legal"), ("year", "2026"))), {"4.md"}, id="every_key"),
        pytest.param(SearchFilters(metadata=(("team", "legal"), ("year", "1999"))), set(), id="no_document"),
        pytest.param(SearchFilters(dated_until=dt.date(2025, 3, 1)), {"3.md"}, id="until_includes_the_day"),
        pytest.param(
            SearchFilters(dated_from=dt.date(2025, 3, 2), dated_until=dt.date(2025, 3, 2)), {"4.md"}, id="one_day"
        ),
        pytest.param(SearchFilters(("travel",), ("markdown",)), set(), id="filters_add_up"),
    ],
)
def test_filter_leaves_what_matches(
    base: KnowledgeBase, filters: SearchFilters, expected: set[str], mode: SearchMode
) -> None:
    assert found(search(base, filters, mode=mode)) == expected


@pytest.mark.parametrize("mode", ["keyword", "vector", "hybrid"])
def test_filter_cannot_widen_rights(base: KnowledgeBase, mode: SearchMode) -> None:
    only_board = SearchFilters(metadata=(("team", "sales"),), file_types=("text",))
    assert search(base, only_board, EVERYONE, mode) == []
    assert search(base, only_board, frozenset(), mode) == []
    assert found(search(base, only_board, FINANCE, mode)) == {"board.txt"}


def test_people_with_other_rights_do_not_share_what_a_filter_leaves(base: KnowledgeBase) -> None:
    sales = SearchFilters(metadata=(("team", "sales"),))
    assert found(search(base, sales, FINANCE)) == {"3.md", "board.txt"}
    assert found(search(base, sales, EVERYONE)) == {"3.md"}


def test_changed_metadata_counts_in_the_next_search(base: KnowledgeBase) -> None:
    red = SearchFilters(metadata=(("colour", "red"),))
    assert search(base, red) == []
    with base.database.write() as session:
        document_id = session.scalars(select(Document.id).where(Document.filename == "5.md")).one()
        set_metadata(session, document_id, {"colour": "red"})
    assert found(search(base, red)) == {"5.md"}
    with base.database.write() as session:
        set_metadata(session, document_id, {})
    assert search(base, red) == []


def test_many_documents_are_filtered_out_of_a_longer_ranking(
    base: KnowledgeBase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(candidates, "FEW_DOCUMENTS", 0)
    markdown = SearchFilters(file_types=("markdown",))
    assert found(search(base, markdown, FINANCE, "keyword")) == {f"{number}.md" for number in range(6)}


def test_filters_survive_being_stored() -> None:
    filters = SearchFilters(
        ("hr",), ("pdf",), (("team", "sales"), ("team", "legal")), dt.date(2025, 1, 1), dt.date(2025, 2, 1)
    )
    assert filters_from_json(filters.to_json()) == filters
    assert SearchFilters().to_json() == {}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        pytest.param({"file_types": ("spreadsheet",)}, "choose from pdf, docx", id="unknown_file_type"),
        pytest.param(
            {"dated_from": dt.date(2025, 2, 1), "dated_until": dt.date(2025, 1, 1)}, "swap the two", id="days_swapped"
        ),
        pytest.param({"collections": tuple(map(str, range(101)))}, "at most 100", id="too_many"),
    ],
)
def test_unusable_filter_says_why(given: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        SearchFilters(**given)  # type: ignore[arg-type]
