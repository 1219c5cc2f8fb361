"""Documents as they change, as a stream of events."""

import datetime as dt
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import anyio
from anyio.to_thread import run_sync
from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from fastapi.sse import EventSourceResponse

from api.document_views import changing_documents, document_views
from api.events import HEADERS, comment, encode
from api.policies import PersonDep, RuntimeDep
from api.runtime import Runtime
from api.schemas import DocumentView
from api.sign_in import Caller, renewed
from ingest.database import utc_now

router = APIRouter(prefix="/v1/documents", tags=["Documents"])

POLL_SECONDS = 0.5
OVERLAP = dt.timedelta(seconds=2)
MAX_CHANGING = 200
PING_POLLS = 20
UNFINISHED = frozenset({"queued", "running"})


@router.get("/events", summary="Follow documents", response_class=StreamingResponse)
def follow(caller: PersonDep, runtime: RuntimeDep) -> EventSourceResponse:
    """An event `document` for each document the caller may know of whenever its status or progress changes.

    Ends with an event `end` when the sign-in or key that opened it no longer counts.
    """
    return EventSourceResponse(_events(runtime, caller), headers=HEADERS)


@dataclass
class _Watch:
    """One stream's memory: who watches, and how each document that they were told of was last."""

    runtime: Runtime
    caller: Caller | None
    told: dict[str, DocumentView] = field(default_factory=dict)
    since: dt.datetime = field(default_factory=utc_now)

    def look(self) -> list[bytes]:
        """The events since the last look; sets `caller` to None when it no longer counts."""
        unfinished = {document_id for document_id, view in self.told.items() if view.status in UNFINISHED}
        with self.runtime.database.read() as session:
            assert self.caller is not None
            self.caller = renewed(session, self.caller)
            if self.caller is None:
                return [encode("end", {})]
            looked_at = utc_now()
            changing = changing_documents(session, self.since - OVERLAP, limit=MAX_CHANGING)
            views = document_views(session, self.caller, changing | unfinished)
        self.since = looked_at
        news = [view for view in sorted(views, key=lambda view: view.updated_at) if self.told.get(view.id) != view]
        self.told = {view.id: view for view in views}
        return [encode("document", view.model_dump(mode="json")) for view in news]


async def _events(runtime: Runtime, caller: Caller) -> AsyncIterator[bytes]:
    watch = _Watch(runtime, caller)
    n_polls = 0
    yield comment("following")
    while watch.caller is not None and not runtime.stopping:
        for event in await run_sync(watch.look):
            yield event
        n_polls += 1
        if n_polls % PING_POLLS == 0:
            yield comment("ping")
        await anyio.sleep(POLL_SECONDS)
