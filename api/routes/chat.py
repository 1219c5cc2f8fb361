"""The OpenAI-compatible endpoint: any chat client can ask, and citations come as footnotes and as data."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from fastapi import APIRouter

from api.answering import while_allowed
from api.chat_schemas import MODEL_NAME, ChatBody, ChatCompletion, ModelItem, ModelList, chunk
from api.events import stream_of
from api.policies import PersonDep, RuntimeDep
from api.runtime import Runtime
from api.sign_in import Caller
from generation.events import AnswerEvent, AnswerView, ClaimEvent, Event, TextEvent
from generation.footnotes import Footnotes
from generation.options import AnswerOptions
from generation.pieces import Turn
from ingest.errors import InvalidInput, NotFound
from ingest.tables import new_id

router = APIRouter(prefix="/v1", tags=["OpenAI-compatible"])

MAX_TURNS = 6


@router.get("/models", summary="List models")
def models(caller: PersonDep) -> ModelList:  # noqa: ARG001 (declares the policy)
    """The one model that chat clients can choose; what writes answers is the server's setting."""
    return ModelList(data=[ModelItem(id=MODEL_NAME)])


@router.post(
    "/chat/completions",
    summary="Ask as a chat",
    response_model=ChatCompletion,
    responses={200: {"content": {"text/event-stream": {"example": 'data: {"object":"chat.completion.chunk"}\n\n'}}}},
)
def complete(body: ChatBody, caller: PersonDep, runtime: RuntimeDep) -> Any:
    """Answer the last message from the documents that the caller may read.

    Earlier messages are what it may refer to. The citations stand as numbers in the text with a list at its end, and
    whole in the member `footnote`. Sampling parameters and tools are ignored: they are the server's settings.
    """
    if body.model != MODEL_NAME:
        raise NotFound("There is no such model.")
    question, turns = read_chat(body)
    events = runtime.search().answerer.answer(
        question, caller.principals, asked_by=caller.principal, options=AnswerOptions(turns=turns)
    )
    if body.stream:
        include_usage = body.stream_options is not None and body.stream_options.include_usage
        return stream_of(_chunks(runtime, caller, events, include_usage=include_usage))
    writing = _Writing()
    content = "".join(writing.read(events))
    answer = writing.whole
    return {
        "id": writing.id,
        "created": writing.created,
        "model": MODEL_NAME,
        "choices": [{"message": {"content": content}}],
        "usage": _usage(answer),
        "footnote": answer.to_json(),
    }


def read_chat(body: ChatBody) -> tuple[str, tuple[Turn, ...]]:
    """The question of a chat, and the turns before it, oldest first.

    Raises:
        InvalidInput: the last message is not the user's.
    """
    said = [message for message in body.messages if message.role in ("user", "assistant") and message.text.strip()]
    if not said or said[-1].role != "user":
        raise InvalidInput("The last message must be the user's question.")
    turns: list[Turn] = []
    for message in said[:-1]:
        if message.role == "user":
            turns.append(Turn(message.text, ""))
        elif turns:
            turns[-1] = Turn(turns[-1].query, f"{turns[-1].answer}\n{message.text}".strip())
    return said[-1].text, tuple(turns[-MAX_TURNS:])


@dataclass
class _Writing:
    """An answer on its way into the form of a chat."""

    id: str = field(default_factory=lambda: f"chatcmpl-{new_id()}")
    created: int = field(default_factory=lambda: int(time.time()))
    answer: AnswerView | None = None

    @property
    def whole(self) -> AnswerView:
        """The answer, after `read` has ended."""
        assert self.answer is not None
        return self.answer

    def read(self, events: Iterator[Event]) -> Iterator[str]:
        """The text with numbers after each claim, and the list of citations at its end."""
        footnotes = Footnotes()
        for event in events:
            if isinstance(event, TextEvent):
                yield event.text
            elif isinstance(event, ClaimEvent):
                yield footnotes.mark(event.claim)
            elif isinstance(event, AnswerEvent):
                self.answer = event.answer
        if footnotes.citations:
            yield "\n"
        for number, citation in enumerate(footnotes.citations, start=1):
            quote = " ".join(citation.quote.split())
            yield f"\n[{number}] {citation.title} ({citation.filename}, page {citation.page}): «{quote}»"


def _chunks(runtime: Runtime, caller: Caller, events: Iterator[Event], *, include_usage: bool) -> Iterator[bytes]:
    writing = _Writing()
    yield _encode(chunk(writing.id, writing.created, {"role": "assistant", "content": ""}))
    for text in writing.read(while_allowed(runtime, caller, events)):
        if text:
            yield _encode(chunk(writing.id, writing.created, {"content": text}))
    answer = writing.whole
    yield _encode(chunk(writing.id, writing.created, {}, "stop") | {"footnote": answer.to_json()})
    if include_usage:
        yield _encode(chunk(writing.id, writing.created, {}) | {"choices": [], "usage": _usage(answer)})
    yield b"data: [DONE]\n\n"


def _encode(data: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(data, ensure_ascii=False, separators=(',', ':'))}\n\n".encode()


def _usage(answer: AnswerView) -> dict[str, int]:
    prompt, written = answer.usage.prompt_tokens, answer.usage.completion_tokens
    return {"prompt_tokens": prompt, "completion_tokens": written, "total_tokens": prompt + written}
