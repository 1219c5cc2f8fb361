"""No quote is shown as a citation unless it stands, character for character, in the stored version."""

from dataclasses import replace

import pytest
from sqlalchemy import delete, update

from generation.events import CitationView
from generation.pieces import Quote
from generation.verify import all_readable, check_quote, judge
from ingest.database import Database
from ingest.tables import AclEntry, Document, Page
from retrieval.hit import Hit
from tests.generation.hits import StoreDocument

EVERYONE = frozenset({"everyone"})
TEXT = "Leave is\npaid. Ask your manager first.\n"


def check(
    database: Database, hit: Hit, start: int = 0, end: int = 14, principals: frozenset[str] = EVERYONE
) -> CitationView | None:
    with database.read() as session:
        return check_quote(session, Quote(hit, start, end, 0.7), principals)


def test_stored_quote_becomes_a_citation(database: Database, store_document: StoreDocument) -> None:
    hit = store_document(TEXT)
    citation = check(database, hit)
    assert citation.quote == TEXT[0:14] == "Leave is\npaid."
    assert (citation.version_sha256, citation.page, citation.title) == (hit.version_sha256, 1, "Handbook")


def test_quote_of_changed_text_is_refused(database: Database, store_document: StoreDocument) -> None:
    hit = store_document(TEXT)
    with database.write() as session:
        session.execute(update(Page).values(text=TEXT.replace("paid", "lost")))
    assert check(database, hit) is None


def test_quote_of_invented_text_is_refused(database: Database, store_document: StoreDocument) -> None:
    hit = store_document(TEXT)
    assert check(database, replace(hit, text=TEXT.replace("paid", "lost"))) is None


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"version_sha256": "0" * 64}, id="sha256"),
        pytest.param({"version_id": "0" * 32}, id="version"),
        pytest.param({"document_id": "0" * 32}, id="document"),
        pytest.param({"page": 2}, id="page"),
    ],
)
def test_quote_of_another_place_is_refused(
    database: Database, store_document: StoreDocument, changes: dict[str, str | int]
) -> None:
    assert check(database, replace(store_document(TEXT), **changes)) is None


@pytest.mark.parametrize(("start", "end"), [(-1, 5), (5, 5), (6, 5), (0, 1000)])
def test_span_outside_the_passage_is_refused(
    database: Database, store_document: StoreDocument, start: int, end: int
) -> None:
    assert check(database, store_document(TEXT), start, end) is None


def test_quote_of_a_document_that_may_not_be_read_any_more_is_refused(
    database: Database, store_document: StoreDocument
) -> None:
    hit = store_document(TEXT)
    with database.write() as session:
        session.execute(delete(AclEntry))
    assert check(database, hit) is None


def test_quote_of_a_removed_document_is_refused(database: Database, store_document: StoreDocument) -> None:
    hit = store_document(TEXT)
    with database.write() as session:
        session.execute(delete(Document))
    assert check(database, hit) is None


def test_quote_of_an_older_version_still_holds(database: Database, store_document: StoreDocument) -> None:
    hit = store_document(TEXT)
    with database.write() as session:
        session.execute(update(Document).values(current_version_id="f" * 32))
    assert check(database, hit) is not None


def test_verdicts(database: Database, store_document: StoreDocument) -> None:
    citation = check(database, store_document(TEXT))
    assert judge("Leave is paid.", (citation,), None) == "supported"
    assert judge("Leave is always paid.", (citation,), None) == "partly"
    assert judge("Leave is always paid.", (citation,), "unsupported") == "unsupported"
    assert judge("Leave is paid.", (), "supported") == "uncited"


def test_every_document_must_be_readable(database: Database, store_document: StoreDocument) -> None:
    open_id = store_document(TEXT).document_id
    hidden_id = store_document(TEXT, readers=("group:finance",), title="Pay").document_id
    with database.read() as session:
        assert all_readable(session, {open_id}, EVERYONE)
        assert not all_readable(session, {open_id, hidden_id}, EVERYONE)
