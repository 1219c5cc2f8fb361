"""The bodies of requests and responses about conversations."""

import datetime as dt

from pydantic import BaseModel, ConfigDict

from api.asking_schemas import AnswerBody


class ConversationStarted(BaseModel):
    """A new conversation, without questions yet."""

    id: str


class ConversationItem(BaseModel):
    """A conversation; its title is its first question."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    title: str
    created_at: dt.datetime
    updated_at: dt.datetime


class ConversationList(BaseModel):
    """A page of the caller's conversations, those asked in last first."""

    items: list[ConversationItem]
    next_cursor: str | None


class ConversationBody(ConversationItem):
    """A conversation with its answers, oldest first."""

    answers: list[AnswerBody]
