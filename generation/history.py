"""Someone's own answers: the list of them, and their deletion."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import ColumnElement, delete, select, tuple_
from sqlalchemy.orm import Session

from generation.record import own_answer
from generation.tables import Answer, AnswerHit, Citation, Claim, ClaimFeedback, Feedback
from ingest.errors import InvalidInput

MAX_LIST_LIMIT = 200


@dataclass(frozen=True)
class AnswerSummary:
    """A line of someone's history."""

    id: str
    question: str
    abstained: bool
    created_at: dt.datetime


@dataclass(frozen=True)
class AnswerPage:
    """A part of someone's history, newest first; `next_cursor` leads to the next part, None at the end."""

    items: tuple[AnswerSummary, ...]
    next_cursor: str | None


def list_answers(session: Session, asked_by: str, limit: int = 50, cursor: str | None = None) -> AnswerPage:
    """Someone's own answers, newest first, `limit` at a time (1 to 200).

    Raises:
        InvalidInput: the limit is out of range, or the cursor did not come from here.
    """
    if not 1 <= limit <= MAX_LIST_LIMIT:
        raise InvalidInput(f"limit is {limit}; it must be between 1 and {MAX_LIST_LIMIT}.")
    statement = select(Answer).where(Answer.asked_by == asked_by)
    if cursor is not None:
        statement = statement.where(tuple_(Answer.created_at, Answer.id) < read_cursor(cursor))
    rows = session.scalars(statement.order_by(Answer.created_at.desc(), Answer.id.desc()).limit(limit + 1)).all()
    items = tuple(AnswerSummary(row.id, row.question, row.abstained, row.created_at) for row in rows[:limit])
    more = len(rows) > limit
    return AnswerPage(items, next_cursor_of(items[-1].created_at, items[-1].id) if more else None)


def next_cursor_of(moment: dt.datetime, last_id: str) -> str:
    """The cursor that leads on after the row with this moment and id."""
    return f"{moment.isoformat()}~{last_id}"


def read_cursor(cursor: str) -> tuple[dt.datetime, str]:
    """The moment and id in a cursor.

    Raises:
        InvalidInput: it did not come from `next_cursor_of`.
    """
    created_at, _, answer_id = cursor.partition("~")
    try:
        return dt.datetime.fromisoformat(created_at).astimezone(dt.UTC), answer_id
    except ValueError as error:
        raise InvalidInput("The cursor is not one that a list gave out; start from the first page.") from error


def delete_answer(session: Session, answer_id: str, asked_by: str) -> None:
    """Delete one's own answer with all that belongs to it, in the caller's transaction.

    Raises:
        NotFound: there is no such answer, or someone else asked for it.
    """
    delete_answers(session, Answer.id == own_answer(session, answer_id, asked_by).id)


def delete_answers_of(session: Session, asked_by: str) -> int:
    """Delete all answers that one person asked for, in the caller's transaction; returns how many."""
    return delete_answers(session, Answer.asked_by == asked_by)


def delete_answers(session: Session, which: ColumnElement[bool]) -> int:
    """Delete the answers for which a condition holds with all that belongs to them; returns how many."""
    ids = session.scalars(select(Answer.id).where(which)).all()
    for table in (Citation, Claim, AnswerHit, Feedback, ClaimFeedback):
        session.execute(delete(table).where(table.answer_id.in_(ids)))
    session.execute(delete(Answer).where(Answer.id.in_(ids)))
    session.flush()
    return len(ids)
