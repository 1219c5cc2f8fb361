"""Documents that disagree are both shown, and those that only resemble each other are not."""

import pytest

from evals.knowledge_base import KnowledgeBase
from generation.answer import Answerer
from generation.conflicts import find_conflicts
from generation.events import CitationView, ClaimView
from generation.options import AnswerOptions
from ingest.database import Database
from retrieval.filters import SearchFilters
from retrieval.hit import Hit
from tests.generation.hits import StoreDocument

READERS = frozenset({"user:ann@example.org", "everyone"})


def claim_of(hit: Hit) -> ClaimView:
    text = hit.text.strip()
    citation = CitationView(
        hit.document_id, hit.version_id, "", hit.title, hit.filename, 1, hit.start, hit.start + len(text), text, 1.0
    )
    return ClaimView(text, 0, len(text), "supported", (citation,))


@pytest.mark.parametrize(
    ("cited", "other"),
    [
        ("A hotel night may cost up to 140 euros.", "A hotel night may cost up to 160 euros."),
        ("Employees receive twenty days of vacation.", "Employees receive 25 days of vacation a year."),
        ("The Lisbon office closes early on 3 March.", "The Lisbon office closes early on 3 April."),
        ("Visitors may enter the laboratory alone.", "Visitors may not enter the laboratory alone."),
    ],
)
def test_sentence_that_says_otherwise_is_found(
    cited: str, other: str, database: Database, store_document: StoreDocument
) -> None:
    hits = [store_document(f"{cited}\n", title="Rules 2025"), store_document(f"{other}\n", title="Rules 2026", rank=2)]
    with database.read() as session:
        (piece,) = find_conflicts(session, [claim_of(hits[0])], hits)
    assert piece.text == other
    assert "«Rules 2025» (of 20" in piece.lead
    assert "«Rules 2026» (of 20" in piece.lead


@pytest.mark.parametrize(
    ("cited", "other"),
    [
        ("Full-time employees receive 30 days of leave.", "Part-time employees receive 15 days of leave."),
        ("Employees in Berlin receive 30 days of leave.", "Employees in Lisbon receive 25 days of leave."),
        ("A hotel night may cost up to 140 euros.", "A hotel night may cost up to 140 euros."),
        ("A hotel night may cost up to 140 euros.", "Lunch is paid up to 20 euros."),
        ("The office has 3 floors in Lisbon.", "The office in Lisbon has 120 employees."),
    ],
)
def test_sentence_about_something_else_is_no_conflict(
    cited: str, other: str, database: Database, store_document: StoreDocument
) -> None:
    hits = [store_document(f"{cited}\n", title="One"), store_document(f"{other}\n", title="Other", rank=2)]
    with database.read() as session:
        assert find_conflicts(session, [claim_of(hits[0])], hits) == []


@pytest.fixture(scope="module")
def rules(knowledge_base: KnowledgeBase) -> None:
    knowledge_base.add(b"# Hotels\n\nA hotel night may cost up to 140 euros.\n", "hotels-2025.md", collection="rules")
    knowledge_base.add(b"# Hotels\n\nA hotel night may cost up to 160 euros.\n", "hotels-2026.md", collection="rules")
    knowledge_base.add(
        b"# Hotels\n\nA hotel night may cost up to 400 euros.\n",
        "hotels-board.md",
        collection="rules",
        readers={"group:board"},
    )
    knowledge_base.work()


@pytest.mark.usefixtures("rules")
def test_answer_shows_both_with_their_citations(answerer: Answerer) -> None:
    options = AnswerOptions(SearchFilters(collections=("rules",)))
    answer = answerer.answer_whole("How much may a hotel night cost?", READERS, asked_by="user:ann", options=options)
    assert {"140", "160"} <= {word for word in answer.text.split() if word.isdigit()}
    assert {citation.filename for claim in answer.claims for citation in claim.citations} == {
        "hotels-2025.md",
        "hotels-2026.md",
    }


@pytest.mark.usefixtures("rules")
def test_document_that_may_not_be_read_disagrees_with_nothing(answerer: Answerer) -> None:
    options = AnswerOptions(SearchFilters(collections=("rules",)))
    answer = answerer.answer_whole("How much may a hotel night cost?", READERS, asked_by="user:ann", options=options)
    assert "400" not in str(answer.to_json())
