"""The tables of answering: conversations, answers, what was found for them, their claims and citations, and feedback.

None of them refers to a document by foreign key: an answer outlives the documents it cites. Whether its asker
may still see what it cites is decided when it is loaded (see `generation.record`).
"""

import datetime as dt
from typing import Any

from sqlalchemy import JSON, Boolean, Float, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from ingest.database import Base, UtcDateTime, utc_now
from ingest.tables import BigId, new_id


class Conversation(Base):
    """Questions of one person that belong together; `title` is the first of them. Its answers go with it."""

    __tablename__ = "conversation"
    __table_args__ = (Index("ix_conversation_history", "started_by", "updated_at", "id"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    started_by: Mapped[str] = mapped_column(String(400))
    title: Mapped[str] = mapped_column(Text)
    created_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, default=utc_now)
    updated_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, default=utc_now)


class Answer(Base):
    """What was answered to one question, and what is needed to see later how it came about.

    `asked_by` is the principal of the asker, `principals_hash` the rights it was answered under, `change_seq` the
    last change that search had seen, `model` what wrote it, `prompt` the prompt file with its SHA-256 and `parameters`
    what the model was set to, both empty where no language model wrote, as is `raw_output`: all that it wrote, before
    anything was cut, checked or removed. `policy` is what was done with unsupported sentences. `usage`, `timings_ms`
    and `degraded` are as given out, `filters` are those of the search, empty where there were none.
    """

    __tablename__ = "answer"
    __table_args__ = (Index("ix_answer_history", "asked_by", "created_at", "id"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    asked_by: Mapped[str] = mapped_column(String(400))
    principals_hash: Mapped[str] = mapped_column(String(64))
    question: Mapped[str] = mapped_column(Text)
    query: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    abstained: Mapped[bool] = mapped_column(Boolean)
    model: Mapped[str] = mapped_column(String(400))
    prompt: Mapped[str | None] = mapped_column(String(100))
    prompt_sha256: Mapped[str | None] = mapped_column(String(64))
    parameters: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    raw_output: Mapped[str | None] = mapped_column(Text)
    policy: Mapped[str | None] = mapped_column(String(16))
    conversation_id: Mapped[str | None] = mapped_column(String(32), index=True)
    length: Mapped[str] = mapped_column(String(16))
    filters: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    k: Mapped[int]
    change_seq: Mapped[int] = mapped_column(BigId)
    usage: Mapped[dict[str, Any]] = mapped_column(JSON)
    timings_ms: Mapped[dict[str, float]] = mapped_column(JSON)
    degraded: Mapped[list[str]] = mapped_column(JSON)
    created_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, default=utc_now)


class AnswerHit(Base):
    """A passage that was found for an answer, without its text: that is read from the version again.

    `details` holds the fields of the hit that have no column of their own, such as the scores of each search.
    """

    __tablename__ = "answer_hit"

    answer_id: Mapped[str] = mapped_column(ForeignKey("answer.id", ondelete="CASCADE"), primary_key=True)
    rank: Mapped[int] = mapped_column(primary_key=True)
    passage_id: Mapped[int] = mapped_column(BigId)
    document_id: Mapped[str] = mapped_column(String(32), index=True)
    version_id: Mapped[str] = mapped_column(String(32))
    start: Mapped[int]
    end: Mapped[int]
    score: Mapped[float] = mapped_column(Float)
    details: Mapped[dict[str, Any]] = mapped_column(JSON)


class Claim(Base):
    """One sentence of an answer; `start` and `end` are its characters in the answer's text.

    `verdict` is supported, partly, unsupported or uncited.
    """

    __tablename__ = "claim"

    answer_id: Mapped[str] = mapped_column(ForeignKey("answer.id", ondelete="CASCADE"), primary_key=True)
    ordinal: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str] = mapped_column(Text)
    start: Mapped[int]
    end: Mapped[int]
    verdict: Mapped[str] = mapped_column(String(16))


class Citation(Base):
    """Where a claim is found: the characters `start` to `end` of a version's text, which equal `quote`."""

    __tablename__ = "citation"

    answer_id: Mapped[str] = mapped_column(ForeignKey("answer.id", ondelete="CASCADE"), primary_key=True)
    claim_ordinal: Mapped[int] = mapped_column(primary_key=True)
    ordinal: Mapped[int] = mapped_column(primary_key=True)
    document_id: Mapped[str] = mapped_column(String(32), index=True)
    version_id: Mapped[str] = mapped_column(String(32))
    version_sha256: Mapped[str] = mapped_column(String(64))
    title: Mapped[str] = mapped_column(Text)
    filename: Mapped[str] = mapped_column(String(5000))
    page: Mapped[int]
    start: Mapped[int]
    end: Mapped[int]
    quote: Mapped[str] = mapped_column(Text)
    score: Mapped[float] = mapped_column(Float)


class Feedback(Base):
    """What the asker thought of an answer; one row an answer and person, the last word counts."""

    __tablename__ = "feedback"

    answer_id: Mapped[str] = mapped_column(ForeignKey("answer.id", ondelete="CASCADE"), primary_key=True)
    given_by: Mapped[str] = mapped_column(String(400), primary_key=True)
    rating: Mapped[str] = mapped_column(String(8))
    comment: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, default=utc_now)


class ClaimFeedback(Base):
    """What the asker thought of one claim; one row a claim and person, the last word counts."""

    __tablename__ = "claim_feedback"

    answer_id: Mapped[str] = mapped_column(ForeignKey("answer.id", ondelete="CASCADE"), primary_key=True)
    claim_ordinal: Mapped[int] = mapped_column(primary_key=True)
    given_by: Mapped[str] = mapped_column(String(400), primary_key=True)
    rating: Mapped[str] = mapped_column(String(8))
    comment: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, default=utc_now)
