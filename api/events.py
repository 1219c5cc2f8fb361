"""Server-sent events: encoding, and streams that end when the client goes away or an error comes."""

import json
import logging
from collections.abc import AsyncIterator, Generator, Iterator
from typing import Any

import anyio
from anyio.to_thread import run_sync
from fastapi.sse import EventSourceResponse, format_sse_event
from starlette.concurrency import iterate_in_threadpool

from api.problems import problem_of

logger = logging.getLogger(__name__)

HEADERS = {"X-Accel-Buffering": "no"}
EVENTS: dict[int | str, dict[str, Any]] = {200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}}


def encode(event: str, data: object) -> bytes:
    """One event with its data as JSON."""
    return format_sse_event(event=event, data_str=json.dumps(data, ensure_ascii=False, separators=(",", ":")))


def comment(text: str) -> bytes:
    """A line that clients ignore; it shows whether they are still there."""
    return format_sse_event(comment=text)


def stream_of(events: Iterator[bytes]) -> EventSourceResponse:
    """A response that takes events from a blocking iterator, in the thread pool; it is closed in any case."""
    return EventSourceResponse(_until_gone(events), headers=HEADERS)


async def _until_gone(events: Iterator[bytes]) -> AsyncIterator[bytes]:
    guarded = _with_errors(events)
    try:
        async for event in iterate_in_threadpool(guarded):
            yield event
    finally:
        with anyio.CancelScope(shield=True):
            await run_sync(guarded.close)


def _with_errors(events: Iterator[bytes]) -> Generator[bytes, None, None]:
    """The events, and after an error an `error` event: the response has begun and can no longer become a 500."""
    try:
        yield from events
    except Exception as error:
        problem = problem_of(error)
        logger.exception("a stream broke off: %s", problem.kind.name)
        yield encode("error", problem.to_json())
