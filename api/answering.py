"""Answers over HTTP: what a question's body asks for, and events for as long as the caller keeps their rights."""

import time
from collections.abc import Iterator

from api.errors import NotSignedIn
from api.runtime import Runtime
from api.sign_in import Caller, renewed
from generation.events import AnswerEvent, Event

RECHECK_SECONDS = 0.25


def while_allowed(runtime: Runtime, caller: Caller, events: Iterator[Event]) -> Iterator[Event]:
    """The events, for as long as the caller has the rights they asked with.

    Raises:
        NotSignedIn: they were suspended or signed out, or their groups changed, meanwhile.
    """
    checked_at = time.monotonic()
    for event in events:
        if time.monotonic() - checked_at >= RECHECK_SECONDS or isinstance(event, AnswerEvent):
            with runtime.database.read() as session:
                now = renewed(session, caller)
            if now is None or now.principals != caller.principals:
                raise NotSignedIn("Your rights changed while the answer was written; sign in and ask again.")
            checked_at = time.monotonic()
        yield event
