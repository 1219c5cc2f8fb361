"""What is said when the documents do not answer names only what the asker may read."""

import pytest

from generation.abstain import SearchedScope, abstention_text, searched_scope
from ingest.database import Database
from retrieval.filters import NO_FILTERS, SearchFilters
from tests.generation.hits import StoreDocument


def test_scope_counts_what_the_person_may_read(database: Database, store_document: StoreDocument) -> None:
    store_document("Leave is paid.\n", title="Leave")
    store_document("Pay is secret.\n", title="Pay", readers=("group:finance",))
    with database.read() as session:
        assert searched_scope(session, frozenset({"everyone"}), NO_FILTERS) == SearchedScope(1, 1, ("default",))
        assert searched_scope(session, frozenset({"everyone", "group:finance"}), NO_FILTERS).n_documents == 2
        assert searched_scope(session, frozenset(), NO_FILTERS) == SearchedScope(0, 0, ())


def test_scope_stays_in_the_collection(database: Database, store_document: StoreDocument) -> None:
    store_document("Leave is paid.\n")
    with database.read() as session:
        assert searched_scope(session, frozenset({"everyone"}), SearchFilters(("default",))).n_documents == 1
        assert searched_scope(session, frozenset({"everyone"}), SearchFilters(("other",))).n_documents == 0


@pytest.mark.parametrize(
    ("scope", "n_hits", "says"),
    [
        pytest.param(SearchedScope(1, 1, ("hr",)), 1, "1 passage of 1 document in collection hr", id="one"),
        pytest.param(SearchedScope(3, 1200, ("hr", "it")), 8, "1,200 passages of 3 documents", id="many"),
        pytest.param(
            SearchedScope(9, 9, tuple("abcdefg")), 8, "collections a, b, c, d, e and 2 more", id="collections"
        ),
        pytest.param(SearchedScope(3, 9, ("hr",)), 8, "nearest passages", id="nearest"),
        pytest.param(SearchedScope(0, 0, ()), 0, "none to search", id="nothing"),
    ],
)
def test_abstention_says_what_was_searched(scope: SearchedScope, n_hits: int, says: str) -> None:
    assert says in abstention_text(scope, n_hits)


def test_abstention_without_hits_offers_none() -> None:
    assert "nearest" not in abstention_text(SearchedScope(3, 9, ("hr",)), 0)
