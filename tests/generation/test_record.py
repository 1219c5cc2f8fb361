"""A stored answer is given only to its asker, and only as far as they may read what it cites now."""

from dataclasses import replace

import pytest
from sqlalchemy import delete, func, select

from generation.claims import check_claim
from generation.events import AnswerView, ClaimView, Usage
from generation.feedback import add_feedback
from generation.history import delete_answer, delete_answers_of, list_answers
from generation.options import AnswerOptions
from generation.pieces import Quote, SentencePiece
from generation.record import (
    WITHHELD_TEXT,
    Circumstances,
    forget_document,
    forget_removed_documents,
    hash_principals,
    load_answer,
    store_answer,
)
from generation.tables import Answer, AnswerHit, Citation, Claim, Feedback
from ingest.database import Database
from ingest.errors import InvalidInput, NotFound
from ingest.tables import AclEntry, Document, new_id
from retrieval.hit import Hit
from tests.generation.hits import StoreDocument

ANN = "user:ann@example.org"
RIGHTS = frozenset({ANN, "everyone"})
SECRET = "Bob earns much.\n"


def put(database: Database, *hits: Hit, question: str = "What is paid?", asked_by: str = ANN) -> AnswerView:
    """Store an answer that quotes each hit's text as one sentence."""
    text, claims = "", []
    for hit in hits:
        lead = " " if text else ""
        piece = SentencePiece(lead, hit.text.strip(), (Quote(hit, 0, len(hit.text) - 1, 0.5),))
        with database.read() as session:
            claim = check_claim(session, piece, len(text) + len(lead), RIGHTS)
        text, claims = text + lead + claim.text, [*claims, claim]
    answer = AnswerView(
        id=new_id(),
        question=question,
        query=question,
        text=text,
        abstained=not claims,
        claims=tuple(claims),
        hits=hits,
        model="extractive",
        usage=Usage(),
        timings_ms={"total": 1.5},
        degraded=(),
    )
    with database.write() as session:
        store_answer(session, answer, Circumstances(asked_by, RIGHTS, AnswerOptions()))
    return answer


def load(database: Database, answer_id: str, asked_by: str = ANN) -> AnswerView:
    with database.read() as session:
        return load_answer(session, answer_id, asked_by, RIGHTS)


def hide(database: Database, hit: Hit) -> None:
    with database.write() as session:
        session.execute(delete(AclEntry).where(AclEntry.document_id == hit.document_id))


def test_answer_comes_back_as_it_was_given(database: Database, store_document: StoreDocument) -> None:
    answer = put(
        database, store_document("Leave is paid.\n"), store_document("Lunch is paid.\n", title="Lunch", rank=2)
    )
    assert load(database, answer.id) == answer
    assert answer.text == "Leave is paid. Lunch is paid."


def test_answer_has_the_published_form(database: Database, store_document: StoreDocument) -> None:
    form = put(database, store_document("Leave is paid.\n")).to_json()
    assert set(form) == {
        "id", "question", "query", "text", "abstained", "claims", "hits", "model", "usage", "timings_ms", "degraded",
            "conversation_id",
    }  # fmt: skip
    assert set(form["claims"][0]) == {"text", "start", "end", "verdict", "citations"}
    assert set(form["claims"][0]["citations"][0]) == {
        "document_id", "version_id", "version_sha256", "title", "filename", "page", "start", "end", "quote", "score"
    }  # fmt: skip


def test_answer_of_someone_else_is_not_found(database: Database, store_document: StoreDocument) -> None:
    answer = put(database, store_document("Leave is paid.\n"))
    with pytest.raises(NotFound):
        load(database, answer.id, asked_by="user:bob@example.org")


def test_claim_on_a_document_that_may_not_be_read_any_more_is_withheld(
    database: Database, store_document: StoreDocument
) -> None:
    secret = store_document(SECRET, title="Pay")
    answer = put(database, secret, store_document("Lunch is paid.\n", title="Lunch", rank=2))
    hide(database, secret)
    shown = load(database, answer.id)
    assert shown.text == f"{WITHHELD_TEXT} Lunch is paid."
    assert [shown.text[claim.start : claim.end] for claim in shown.claims] == [WITHHELD_TEXT, "Lunch is paid."]
    assert "Bob" not in str(shown.to_json())
    assert "Pay" not in str(shown.to_json())
    assert [hit.title for hit in shown.hits] == ["Lunch"]


def test_removed_document_is_withheld(database: Database, store_document: StoreDocument) -> None:
    secret = store_document(SECRET, title="Pay")
    answer = put(database, secret)
    with database.write() as session:
        session.execute(delete(Document))
    shown = load(database, answer.id)
    assert (shown.text, shown.hits) == (WITHHELD_TEXT, ())


def test_uncited_sentence_is_withheld_with_the_documents_it_may_come_from(
    database: Database, store_document: StoreDocument
) -> None:
    secret = store_document(SECRET, title="Pay")
    stated = "Somebody earns much."
    answer = put(database, secret)
    told = replace(answer, id=new_id(), text=stated, claims=(ClaimView(stated, 0, len(stated), "uncited", ()),))
    with database.write() as session:
        store_answer(session, told, Circumstances(ANN, RIGHTS, AnswerOptions()))
    assert load(database, told.id).text == stated
    hide(database, secret)
    assert load(database, told.id).text == WITHHELD_TEXT


def test_forgotten_document_leaves_no_words_behind(database: Database, store_document: StoreDocument) -> None:
    secret = store_document(SECRET, title="Pay")
    answer = put(database, secret, store_document("Lunch is paid.\n", title="Lunch", rank=2))
    with database.write() as session:
        row = session.get_one(Answer, answer.id)
        row.raw_output, row.query = "Bob earns much [1]. Lunch is paid [2].", "What is paid to Bob?"
        assert forget_document(session, secret.document_id) == 1
    assert load(database, answer.id).text == f"{WITHHELD_TEXT} Lunch is paid."
    with database.read() as session:
        stored = [*session.scalars(select(Answer.text)), *session.scalars(select(Claim.text))]
        stored += [str(kept) for row in session.scalars(select(Answer)) for kept in (row.raw_output, row.query)]
        stored += [*session.scalars(select(Citation.quote)), *session.scalars(select(Citation.title))]
        stored += [str(details) for details in session.scalars(select(AnswerHit.details))]
    assert "Bob" not in " ".join(stored)
    assert "Pay" not in " ".join(stored)


def test_documents_that_are_gone_are_forgotten_together(database: Database, store_document: StoreDocument) -> None:
    gone, kept = store_document(SECRET, title="Pay"), store_document("Lunch is paid.\n", title="Lunch", rank=2)
    put(database, gone)
    answer = put(database, kept)
    with database.write() as session:
        session.delete(session.get_one(Document, gone.document_id))
        session.flush()
        assert forget_removed_documents(session) == 1
        assert "Bob" not in " ".join(session.scalars(select(Answer.text)))
    assert load(database, answer.id).text == "Lunch is paid."


def test_history_is_newest_first_and_goes_on_at_the_cursor(database: Database, store_document: StoreDocument) -> None:
    hit = store_document("Leave is paid.\n")
    ids = [put(database, hit, question=f"Question {n}").id for n in range(3)]
    put(database, hit, asked_by="user:bob@example.org")
    with database.read() as session:
        first = list_answers(session, ANN, 2)
        second = list_answers(session, ANN, 2, first.next_cursor)
    assert [item.id for item in (*first.items, *second.items)] == ids[::-1]
    assert second.next_cursor is None


@pytest.mark.parametrize(
    ("limit", "cursor"), [(0, None), (201, None), (10, "nonsense"), (10, "~"), (10, "2026-13-01~x")]
)
def test_wrong_page_of_the_history_is_refused(database: Database, limit: int, cursor: str | None) -> None:
    with database.read() as session, pytest.raises(InvalidInput):
        list_answers(session, ANN, limit, cursor)


def test_deleted_answer_leaves_nothing_behind(database: Database, store_document: StoreDocument) -> None:
    answer = put(database, store_document("Leave is paid.\n"))
    with database.write() as session:
        add_feedback(session, answer.id, ANN, "up")
        delete_answer(session, answer.id, ANN)
    with database.read() as session:
        tables = (Answer, AnswerHit, Claim, Citation, Feedback)
        assert [session.scalar(select(func.count()).select_from(table)) for table in tables] == [0] * 5


def test_answer_of_someone_else_cannot_be_deleted_or_rated(database: Database, store_document: StoreDocument) -> None:
    answer = put(database, store_document("Leave is paid.\n"))
    with database.write() as session:
        with pytest.raises(NotFound):
            delete_answer(session, answer.id, "user:bob@example.org")
        with pytest.raises(NotFound):
            add_feedback(session, answer.id, "user:bob@example.org", "up")


def test_all_answers_of_a_person_can_be_deleted(database: Database, store_document: StoreDocument) -> None:
    hit = store_document("Leave is paid.\n")
    put(database, hit)
    kept = put(database, hit, asked_by="user:bob@example.org")
    with database.write() as session:
        assert delete_answers_of(session, ANN) == 1
    with database.read() as session:
        assert session.scalars(select(Answer.id)).all() == [kept.id]


def test_later_feedback_replaces_the_earlier(database: Database, store_document: StoreDocument) -> None:
    answer = put(database, store_document("Leave is paid.\n"))
    with database.write() as session:
        add_feedback(session, answer.id, ANN, "up")
        add_feedback(session, answer.id, ANN, "down", "It is not.")
    with database.read() as session:
        row = session.scalars(select(Feedback)).one()
    assert (row.rating, row.comment) == ("down", "It is not.")


def test_too_long_a_comment_is_refused(database: Database, store_document: StoreDocument) -> None:
    answer = put(database, store_document("Leave is paid.\n"))
    with database.write() as session, pytest.raises(InvalidInput):
        add_feedback(session, answer.id, ANN, "up", "x" * 5000)


def test_equal_rights_have_equal_hashes() -> None:
    assert hash_principals(["b", "a"]) == hash_principals(["a", "b"]) != hash_principals(["a"])
