"""Answers that were given before, for the same question under the same rights while nothing has changed."""

import threading
from collections import OrderedDict
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from generation.events import AnswerView
from generation.options import AnswerOptions
from generation.record import WrittenBy
from ingest.tables import AclEntry

CACHED_ANSWERS = 256


@dataclass(frozen=True)
class CacheKey:
    """Everything an answer depends on: question, rights, choices, model with its prompt, and the last change."""

    query: str
    rights: frozenset[str]
    options: AnswerOptions
    length: str
    model: str
    change_seq: int


@dataclass(frozen=True)
class CachedAnswer:
    """An answer as it was stored, and by which prompt it was written."""

    answer: AnswerView
    written_by: WrittenBy


class AnswerCache:
    """The answers asked for last, in this process; safe in any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: OrderedDict[CacheKey, CachedAnswer] = OrderedDict()

    def get(self, key: CacheKey) -> CachedAnswer | None:
        """The answer for a key, if it is remembered."""
        with self._lock:
            found = self._answers.get(key)
            if found is not None:
                self._answers.move_to_end(key)
            return found

    def put(self, key: CacheKey, answer: CachedAnswer) -> None:
        """Remember an answer in place of the one that was asked for longest ago."""
        with self._lock:
            self._answers[key] = answer
            self._answers.move_to_end(key)
            while len(self._answers) > CACHED_ANSWERS:
                self._answers.popitem(last=False)


def effective_rights(session: Session, principals: frozenset[str]) -> frozenset[str]:
    """Those of the principals that some document names: people with equal ones may read the same documents."""
    named = select(AclEntry.principal).where(AclEntry.principal.in_(sorted(principals))).distinct()
    return frozenset(session.scalars(named))
