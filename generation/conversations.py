"""Conversations: questions of one person that belong together, and what a follow-up question may refer to."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import delete, select, tuple_
from sqlalchemy.orm import Session

from generation.events import AnswerView
from generation.history import MAX_LIST_LIMIT, delete_answers, next_cursor_of, read_cursor
from generation.pieces import Turn
from generation.record import load_answer
from generation.tables import Answer, Conversation
from ingest.database import utc_now
from ingest.errors import InvalidInput, NotFound

MAX_TURNS = 6
MAX_TITLE_CHARS = 200


@dataclass(frozen=True)
class ConversationSummary:
    """A line of someone's conversations."""

    id: str
    title: str
    created_at: dt.datetime
    updated_at: dt.datetime


@dataclass(frozen=True)
class ConversationPage:
    """A part of someone's conversations, those asked in last first; `next_cursor` leads on, None at the end."""

    items: tuple[ConversationSummary, ...]
    next_cursor: str | None


def start_conversation(session: Session, started_by: str) -> str:
    """A new conversation's id, in the caller's transaction; the first question becomes its title."""
    conversation = Conversation(started_by=started_by, title="")
    session.add(conversation)
    session.flush()
    return conversation.id


def touch_conversation(session: Session, conversation_id: str, started_by: str, question: str) -> None:
    """Note that a question is asked in it, in the caller's transaction.

    Raises:
        NotFound: there is no such conversation, or someone else's.
    """
    conversation = _own(session, conversation_id, started_by)
    conversation.title = conversation.title or " ".join(question.split())[:MAX_TITLE_CHARS]
    conversation.updated_at = utc_now()


def read_turns(session: Session, conversation_id: str, started_by: str, principals: frozenset[str]) -> list[Turn]:
    """The last turns, oldest first, without what the person may no longer read.

    Raises:
        NotFound: there is no such conversation, or someone else's.
    """
    newest = _answers(session, _own(session, conversation_id, started_by).id, started_by, principals, MAX_TURNS)
    return [Turn(answer.query, answer.text) for answer in newest]


def load_conversation(
    session: Session, conversation_id: str, started_by: str, principals: frozenset[str]
) -> tuple[ConversationSummary, list[AnswerView]]:
    """A conversation with its answers, oldest first and at most the last 200, as the person may see them now.

    Raises:
        NotFound: there is no such conversation, or someone else's.
    """
    row = _own(session, conversation_id, started_by)
    return _summary(row), _answers(session, row.id, started_by, principals, MAX_LIST_LIMIT)


def list_conversations(
    session: Session, started_by: str, limit: int = 50, cursor: str | None = None
) -> ConversationPage:
    """Someone's own conversations, `limit` at a time (1 to 200).

    Raises:
        InvalidInput: the limit is out of range, or the cursor did not come from here.
    """
    if not 1 <= limit <= MAX_LIST_LIMIT:
        raise InvalidInput(f"limit is {limit}; it must be between 1 and {MAX_LIST_LIMIT}.")
    statement = select(Conversation).where(Conversation.started_by == started_by, Conversation.title != "")
    if cursor is not None:
        statement = statement.where(tuple_(Conversation.updated_at, Conversation.id) < read_cursor(cursor))
    ordered = statement.order_by(Conversation.updated_at.desc(), Conversation.id.desc())
    rows = session.scalars(ordered.limit(limit + 1)).all()
    items = tuple(_summary(row) for row in rows[:limit])
    return ConversationPage(items, next_cursor_of(items[-1].updated_at, items[-1].id) if len(rows) > limit else None)


def delete_conversation(session: Session, conversation_id: str, started_by: str) -> None:
    """Delete one's own conversation with its answers, in the caller's transaction.

    Raises:
        NotFound: there is no such conversation, or someone else's.
    """
    row = _own(session, conversation_id, started_by)
    delete_answers(session, Answer.conversation_id == row.id)
    session.delete(row)
    session.flush()


def delete_conversations_of(session: Session, started_by: str) -> None:
    """Delete all conversations of one person, in the caller's transaction; their answers are deleted apart."""
    session.execute(delete(Conversation).where(Conversation.started_by == started_by))


def _own(session: Session, conversation_id: str, started_by: str) -> Conversation:
    row = session.scalar(
        select(Conversation).where(Conversation.id == conversation_id, Conversation.started_by == started_by)
    )
    if row is None:
        raise NotFound("There is no such conversation.")
    return row


def _answers(
    session: Session, conversation_id: str, asked_by: str, principals: frozenset[str], limit: int
) -> list[AnswerView]:
    """The newest answers, oldest first."""
    newest = (
        select(Answer.id)
        .where(Answer.conversation_id == conversation_id, Answer.asked_by == asked_by)
        .order_by(Answer.created_at.desc(), Answer.id.desc())
        .limit(limit)
    )
    return [
        load_answer(session, answer_id, asked_by, principals) for answer_id in reversed(session.scalars(newest).all())
    ]


def _summary(row: Conversation) -> ConversationSummary:
    return ConversationSummary(row.id, row.title, row.created_at, row.updated_at)
