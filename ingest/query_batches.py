"""Queries that are there at the same time run through the model together, and one that is alone does not wait."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Given = TypeVar("Given")
Result = TypeVar("Result")


@dataclass(frozen=True)
class _Waiting(Generic[Given, Result]):
    given: Given
    result: "Future[Result]" = field(default_factory=Future)


class QueryBatches(Generic[Given, Result]):
    """Collects what several threads ask for while a batch runs; what came meanwhile is the next batch.

    The first to come runs what waits, itself included, in its own thread; so nobody waits for a time to pass.
    """

    def __init__(self, run: Callable[[Sequence[Given]], Sequence[Result]], max_size: int) -> None:
        """`run` answers up to `max_size` queries, in order; what it raises is raised to each of them."""
        self._run = run
        self._max_size = max_size
        self._lock = threading.Lock()
        self._waiting: list[_Waiting[Given, Result]] = []
        self._running = threading.Lock()

    def ask(self, given: Given) -> Result:
        """The answer to one query, which may have run with others; in the same thread when nobody else asks."""
        own: _Waiting[Given, Result] = _Waiting(given)
        with self._lock:
            self._waiting.append(own)
        with self._running:
            if not own.result.done():
                self._run_next(own)
        return own.result.result()

    def _run_next(self, own: _Waiting[Given, Result]) -> None:
        """Run a batch with `own` in it; those that came first go first."""
        with self._lock:
            place = self._waiting.index(own)
            first = max(0, place + 1 - self._max_size)
            batch = self._waiting[first : first + self._max_size]
            del self._waiting[first : first + self._max_size]
        try:
            results = self._run([waiting.given for waiting in batch])
        except BaseException as error:
            for waiting in batch:
                waiting.result.set_exception(error)
            return
        for waiting, result in zip(batch, results, strict=True):
            waiting.result.set_result(result)
