"""Conversations: questions that may refer to those asked before."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from api.conversation_schemas import ConversationBody, ConversationItem, ConversationList, ConversationStarted
from api.deps import checked_id
from api.policies import PersonDep, RuntimeDep
from generation.conversations import delete_conversation, list_conversations, load_conversation, start_conversation

router = APIRouter(prefix="/v1/conversations", tags=["Conversations"])


@router.post("", status_code=201, summary="Start a conversation")
def start(caller: PersonDep, runtime: RuntimeDep) -> ConversationStarted:
    """A conversation to ask in: send its id as `conversation_id` with each question."""
    with runtime.database.write() as session:
        return ConversationStarted(id=start_conversation(session, caller.principal))


@router.get("", summary="List my conversations")
def list_mine(
    caller: PersonDep,
    runtime: RuntimeDep,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
) -> ConversationList:
    """The caller's own conversations in which something was asked, the newest first."""
    with runtime.database.read() as session:
        page = list_conversations(session, caller.principal, limit, cursor or None)
    items = [ConversationItem.model_validate(item) for item in page.items]
    return ConversationList(items=items, next_cursor=page.next_cursor)


@router.get("/{conversation_id}", summary="Show a conversation", response_model=ConversationBody)
def show(conversation_id: str, caller: PersonDep, runtime: RuntimeDep) -> dict[str, Any]:
    """One of the caller's own conversations, without what they may no longer read."""
    with runtime.database.read() as session:
        summary, answers = load_conversation(session, checked_id(conversation_id), caller.principal, caller.principals)
    return asdict(summary) | {"answers": [answer.to_json() for answer in answers]}


@router.delete("/{conversation_id}", status_code=204, summary="Delete a conversation", response_class=Response)
def delete(conversation_id: str, caller: PersonDep, runtime: RuntimeDep) -> None:
    """Delete one of the caller's own conversations with its answers."""
    with runtime.database.write() as session:
        delete_conversation(session, checked_id(conversation_id), caller.principal)
