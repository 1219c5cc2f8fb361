"""The whole path: a question of a real knowledge base becomes a stored answer with checked citations."""

import sqlite3
from collections.abc import Iterator

import pytest
from sqlalchemy import select

from evals.knowledge_base import KnowledgeBase
from generation.answer import Answerer
from generation.errors import ModelFailed
from generation.events import AnswerEvent, ClaimEvent, ErrorEvent, HitsEvent, TextEvent
from generation.options import AnswerOptions
from generation.pieces import Assignment, Piece, Quote, SentencePiece
from generation.record import load_answer
from generation.tables import Answer
from ingest.embed import Embedder
from ingest.errors import InvalidInput
from ingest.pipeline import version_text
from retrieval.filters import SearchFilters

ANN = "user:ann@example.org"
EVERYONE = frozenset({ANN, "everyone"})
FINANCE = EVERYONE | {"group:finance"}
LEAVE = """# Leave policy

## Parental leave

New parents receive 20 weeks of paid parental leave. Tell your manager two
months before the leave begins.

## Sick leave

Staff who fall ill call the front desk before nine in the morning. A doctor's note is needed after three days.
"""
TRAVEL = """# Travel

## Booking a trip

To book a trip you need:

- the approval of your manager
- a cost centre
- a valid passport

The travel budget of each team is set in January.
"""
SALARIES = """# Salaries

The director of the Lisbon office earns 184,000 euros a year. Bonuses are paid in March.
"""


@pytest.fixture(scope="module", autouse=True)
def documents(knowledge_base: KnowledgeBase) -> None:
    knowledge_base.add(LEAVE.encode(), "leave.md", collection="hr")
    knowledge_base.add(TRAVEL.encode(), "travel.md", collection="hr")
    knowledge_base.add(SALARIES.encode(), "salaries.md", collection="finance", readers={"group:finance"})
    knowledge_base.work()


def test_events_come_in_order_and_make_up_the_answer(answerer: Answerer) -> None:
    events = list(answerer.answer("How many weeks of parental leave are paid?", EVERYONE, asked_by=ANN))
    assert isinstance(events[0], HitsEvent)
    assert isinstance(events[-1], AnswerEvent)
    answer = events[-1].answer
    assert "".join(event.text for event in events if isinstance(event, TextEvent)) == answer.text
    assert tuple(event.claim for event in events if isinstance(event, ClaimEvent)) == answer.claims
    assert events[0].hits == answer.hits
    assert set(answer.timings_ms) == {"rewrite", "search", "generate", "verify", "total"}


def test_answer_quotes_the_stored_version_exactly(answerer: Answerer, knowledge_base: KnowledgeBase) -> None:
    answer = answerer.answer_whole("When do I tell my manager about parental leave?", EVERYONE, asked_by=ANN)
    claim = next(claim for claim in answer.claims if "manager" in claim.text)
    (citation,) = claim.citations
    with knowledge_base.database.read() as session:
        text = version_text(session, citation.version_id)
    assert text[citation.start : citation.end] == citation.quote
    assert answer.text[claim.start : claim.end] == claim.text == " ".join(citation.quote.split())
    assert (claim.verdict, citation.filename) == ("supported", "leave.md")


def test_short_question_gets_the_sentence_that_answers_it(answerer: Answerer) -> None:
    answer = answerer.answer_whole("How many weeks of parental leave do new parents get?", EVERYONE, asked_by=ANN)
    assert "20 weeks" in answer.text
    assert not answer.abstained


def test_list_comes_with_its_introduction(answerer: Answerer) -> None:
    answer = answerer.answer_whole("What do I need to book a trip?", EVERYONE, asked_by=ANN)
    assert (
        "To book a trip you need:\n- the approval of your manager\n- a cost centre\n- a valid passport" in answer.text
    )


def test_question_that_the_documents_do_not_answer_is_not_answered(answerer: Answerer) -> None:
    answer = answerer.answer_whole("What is the boiling point of tungsten?", EVERYONE, asked_by=ANN)
    assert answer.abstained
    assert answer.claims == ()
    assert answer.text.startswith("The documents do not answer this question.")
    assert answer.hits


def test_reader_outside_the_group_learns_nothing(answerer: Answerer) -> None:
    question = "How much does the director of the Lisbon office earn?"
    assert "184,000" in answerer.answer_whole(question, FINANCE, asked_by=ANN).text
    refused = answerer.answer_whole(question, EVERYONE, asked_by=ANN)
    assert "184,000" not in str(refused.to_json())
    assert "salaries" not in str(refused.to_json()).lower()
    assert refused.abstained
    assert "2 documents in collection hr" in refused.text


def test_person_without_rights_finds_nothing(answerer: Answerer) -> None:
    answer = answerer.answer_whole(
        "How many weeks of parental leave?", frozenset({"user:eve@example.org"}), asked_by=ANN
    )
    assert (answer.abstained, answer.hits) == (True, ())
    assert "1" not in answer.text
    assert "2" not in answer.text


def test_collection_bounds_the_answer(answerer: Answerer) -> None:
    answer = answerer.answer_whole(
        "How many weeks of parental leave?", FINANCE, asked_by=ANN, options=AnswerOptions(SearchFilters(("finance",)))
    )
    assert {hit.collection for hit in answer.hits} == {"finance"}
    assert "20 weeks" not in answer.text


def test_answer_is_stored_for_its_asker(answerer: Answerer, knowledge_base: KnowledgeBase) -> None:
    answer = answerer.answer_whole("How many weeks of parental leave are paid?", EVERYONE, asked_by=ANN)
    with knowledge_base.database.read() as session:
        assert load_answer(session, answer.id, ANN, EVERYONE) == answer
        row = session.scalars(select(Answer).where(Answer.id == answer.id)).one()
    assert (row.asked_by, row.k, row.length) == (ANN, 8, "short")
    assert row.change_seq > 0


@pytest.mark.parametrize("question", ["", "  \n ", "x" * 2001], ids=["empty", "blank", "too_long"])
def test_unusable_question_is_refused_at_the_call(answerer: Answerer, question: str) -> None:
    with pytest.raises(InvalidInput):
        answerer.answer(question, EVERYONE, asked_by=ANN)


def test_no_session_is_open_while_an_event_is_given_out(answerer: Answerer, knowledge_base: KnowledgeBase) -> None:
    path = knowledge_base.database.engine.url.database
    assert path is not None
    for _ in answerer.answer("How many weeks of parental leave are paid?", EVERYONE, asked_by=ANN):
        connection = sqlite3.connect(path, timeout=0)
        connection.execute("BEGIN IMMEDIATE")
        connection.rollback()
        connection.close()
        assert knowledge_base.database.engine.pool.checkedout() == 0  # type: ignore[attr-defined]


class BreaksOff:
    """A model that writes some sentences and then fails."""

    model_id = "local:breaks-off"

    def __init__(self, n_sentences: int) -> None:
        self._n_sentences = n_sentences

    def write(self, assignment: Assignment) -> Iterator[Piece]:
        hit = assignment.hits[0]
        for _ in range(self._n_sentences):
            yield SentencePiece(" ", "Parents get paid leave.", (Quote(hit, hit.start, hit.end, 0.5),))
        raise ModelFailed("The model at localhost did not answer within 30 seconds; is it running?")


class Invents:
    """A model that quotes what no document says."""

    model_id = "local:invents"

    def write(self, assignment: Assignment) -> Iterator[Piece]:
        hit = assignment.hits[0]
        yield SentencePiece("", "Leave is unlimited.", (Quote(hit, hit.end, hit.end + 10, 0.5),))
        yield SentencePiece(" ", "I know this myself.", ())


def test_failing_model_is_named_and_verbatim_sentences_stand_in(
    knowledge_base: KnowledgeBase, embedder: Embedder
) -> None:
    answerer = Answerer(knowledge_base.database, knowledge_base.searcher, embedder, BreaksOff(0))
    events = list(answerer.answer("How many weeks of parental leave are paid?", EVERYONE, asked_by=ANN))
    assert [event.message for event in events if isinstance(event, ErrorEvent)] == [
        "The model at localhost did not answer within 30 seconds; is it running?"
    ]
    assert isinstance(events[-1], AnswerEvent)
    answer = events[-1].answer
    assert answer.degraded == ("model_failed",)
    assert answer.model == "extractive"
    assert "20 weeks" in answer.text
    assert answer.hits


def test_model_that_breaks_off_keeps_what_it_wrote(knowledge_base: KnowledgeBase, embedder: Embedder) -> None:
    answerer = Answerer(knowledge_base.database, knowledge_base.searcher, embedder, BreaksOff(1))
    answer = answerer.answer_whole("How many weeks of parental leave are paid?", EVERYONE, asked_by=ANN)
    assert (answer.text, answer.degraded) == ("Parents get paid leave.", ("model_failed",))
    assert answer.claims[0].verdict == "partly"


def test_sentence_with_an_invented_quote_is_never_shown(knowledge_base: KnowledgeBase, embedder: Embedder) -> None:
    answerer = Answerer(knowledge_base.database, knowledge_base.searcher, embedder, Invents())
    answer = answerer.answer_whole("How many weeks of parental leave are paid?", EVERYONE, asked_by=ANN)
    assert answer.text == "I know this myself."
    assert answer.claims[0].verdict == "uncited"
