"""Asking questions, and the answers that were given."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from api.answering import while_allowed
from api.asking_schemas import AnswerBody, FeedbackBody, FeedbackView, History, HistoryItem, HitView, QuestionBody
from api.deps import checked_id
from api.events import encode, stream_of
from api.policies import PersonDep, RuntimeDep
from api.problems import problem_of
from api.search_filters import search_filters
from api.sign_in import Caller
from generation.answer import Answerer
from generation.errors import ModelFailed
from generation.events import AnswerEvent, ClaimEvent, ErrorEvent, Event, HitsEvent, TextEvent
from generation.feedback import add_feedback
from generation.history import delete_answer, list_answers
from generation.options import AnswerOptions
from generation.record import load_answer

router = APIRouter(prefix="/v1/answers", tags=["Answers"])


@router.post(
    "",
    summary="Ask a question",
    response_model=AnswerBody,
    responses={
        200: {"content": {"text/event-stream": {"example": 'event: text\ndata: {"text":"Twenty-five days."}\n\n'}}}
    },
)
def ask(body: QuestionBody, caller: PersonDep, runtime: RuntimeDep) -> Any:
    """Answer from the documents that the caller may read.

    With `stream` the answer comes as events: `hits`, then `text` and `claim` in turn, then `answer`; or `error`.
    """
    events = _answer(runtime.search().answerer, body, caller)
    if body.stream:
        return stream_of(_encode(event) for event in while_allowed(runtime, caller, events))
    return next(event.answer.to_json() for event in events if isinstance(event, AnswerEvent))


def _answer(answerer: Answerer, body: QuestionBody, caller: Caller) -> Iterator[Event]:
    options = AnswerOptions(
        search_filters(body.filters, body.collection),
        length=body.length,
        conversation_id=body.conversation_id and checked_id(body.conversation_id),
        fresh=body.fresh,
    )
    return answerer.answer(body.question, caller.principals, asked_by=caller.principal, options=options)


def _encode(event: Event) -> bytes:
    match event:
        case HitsEvent(hits):
            return encode("hits", {"hits": [HitView.model_validate(hit).model_dump(mode="json") for hit in hits]})
        case TextEvent(text):
            return encode("text", {"text": text})
        case ClaimEvent(claim):
            return encode("claim", asdict(claim))
        case AnswerEvent(answer):
            return encode("answer", answer.to_json())
        case ErrorEvent(_, message):
            return encode("error", problem_of(ModelFailed(message)).to_json())


@router.get("", summary="List my questions")
def list_mine(
    caller: PersonDep,
    runtime: RuntimeDep,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
) -> History:
    """The caller's own questions, newest first."""
    with runtime.database.read() as session:
        page = list_answers(session, caller.principal, limit, cursor or None)
    return History(items=[HistoryItem.model_validate(item) for item in page.items], next_cursor=page.next_cursor)


@router.get("/{answer_id}", summary="Show an answer", response_model=AnswerBody)
def show(answer_id: str, caller: PersonDep, runtime: RuntimeDep) -> dict[str, Any]:
    """An answer that the caller asked for, without what they may no longer read."""
    with runtime.database.read() as session:
        return load_answer(session, checked_id(answer_id), caller.principal, caller.principals).to_json()


@router.delete("/{answer_id}", status_code=204, summary="Delete an answer", response_class=Response)
def delete(answer_id: str, caller: PersonDep, runtime: RuntimeDep) -> None:
    """Delete one of the caller's own answers."""
    with runtime.database.write() as session:
        delete_answer(session, checked_id(answer_id), caller.principal)


@router.post("/{answer_id}/feedback", summary="Judge an answer")
def judge(answer_id: str, body: FeedbackBody, caller: PersonDep, runtime: RuntimeDep) -> FeedbackView:
    """Keep what the caller thinks of their answer, or of one claim of it; a later word replaces an earlier one."""
    with runtime.database.write() as session:
        add_feedback(session, checked_id(answer_id), caller.principal, body.rating, body.comment, claim=body.claim)
    return FeedbackView(rating=body.rating, comment=body.comment, claim=body.claim)
