"""The passages of all documents at work, embedded in shared rounds, what somebody waits for first."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from ingest.embed import Embedder, EncodedPassage
from ingest.errors import LeaseLost
from ingest.jobs import INTERACTIVE

ROUND_TEXTS = 32  # embedded before the queue is looked at again: about 0.2 s
N_ROUNDS = 2  # one round is tokenized and packed while the model runs the other
WAIT_SECONDS = 0.2  # between two looks at whether a job was cancelled
PAUSE_SECONDS = 2.0  # longest that backfills stand back for a file that somebody waits for


@dataclass(eq=False)
class _Request:
    """The texts of one document, how many of them were taken into rounds, and what was made of them."""

    embedder: Embedder
    texts: Sequence[str]
    priority: int
    stop: threading.Event
    n_taken: int = 0
    encoded: dict[int, EncodedPassage] = field(default_factory=dict)
    error: Exception | None = None

    @property
    def ended(self) -> bool:
        return self.error is not None or self.stop.is_set() or len(self.encoded) == len(self.texts)


class PassageQueue:
    """Takes texts from any number of threads, and embeds them in the threads that wait, `N_ROUNDS` at a time.

    A round holds texts of several documents, so that small files fill the model's batches together; all of one model.
    Lower priority numbers go first; a round that has begun is not interrupted.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._requests: list[_Request] = []
        self._n_rounds = 0
        self._n_urgent = 0

    @contextmanager
    def urgent(self) -> Iterator[None]:
        """While it is open, backfills stand back: the processor is left to a file that somebody waits for."""
        with self._changed:
            self._n_urgent += 1
        try:
            yield
        finally:
            with self._changed:
                self._n_urgent -= 1
                self._changed.notify_all()

    def encode(
        self,
        embedder: Embedder,
        texts: Sequence[str],
        *,
        priority: int,
        on_progress: Callable[[int], None],
        stop: threading.Event,
    ) -> list[EncodedPassage]:
        """What the model makes of the texts, in order; `on_progress` is told how many are done, in this thread.

        Raises:
            LeaseLost: `stop` was set.
        """
        request = _Request(embedder, texts, priority, stop)
        with self._changed:
            self._requests.append(request)
            self._requests.sort(key=lambda waiting: waiting.priority)  # stable: first come, first served
            self._changed.notify_all()
        try:
            while not request.ended:
                self._work_or_wait(request)
                on_progress(len(request.encoded))
        finally:
            with self._changed:
                self._requests.remove(request)
        if request.error is not None:
            raise request.error
        if len(request.encoded) < len(texts):
            raise LeaseLost("Embedding a file was stopped, because its job was cancelled or taken over.")
        return [request.encoded[row] for row in range(len(texts))]

    def _work_or_wait(self, request: _Request) -> None:
        """Embed the next round, whosever texts it holds, or wait until another thread has ended one."""
        with self._changed:
            if not self._may_begin():
                backs_off = self._n_urgent and self._n_rounds < N_ROUNDS and self._has_waiting()
                ready = self._changed.wait_for(
                    lambda: request.ended or self._may_begin(), PAUSE_SECONDS if backs_off else WAIT_SECONDS
                )
                if request.ended or (not ready and not backs_off):
                    return
            taken = self._take_round()
            if not taken:
                return
            self._n_rounds += 1
        try:
            self._run_round(taken)
        finally:
            with self._changed:
                self._n_rounds -= 1
                self._changed.notify_all()

    def _has_waiting(self) -> bool:
        return any(waiting.n_taken < len(waiting.texts) for waiting in self._requests)

    def _may_begin(self) -> bool:
        """Whether a round can begin now without taking the processor from a file that somebody waits for."""
        best = min((r.priority for r in self._requests if r.n_taken < len(r.texts)), default=None)
        return best is not None and self._n_rounds < N_ROUNDS and (best <= INTERACTIVE or not self._n_urgent)

    def _take_round(self) -> list[tuple[_Request, int]]:
        """The next texts, as request and row, the most urgent first."""
        taken: list[tuple[_Request, int]] = []
        if self._n_rounds >= N_ROUNDS:
            return taken
        for request in self._requests:
            if request.ended or (taken and request.embedder is not taken[0][0].embedder):
                continue
            until = min(len(request.texts), request.n_taken + ROUND_TEXTS - len(taken))
            taken += [(request, row) for row in range(request.n_taken, until)]
            request.n_taken = until
        return taken

    def _run_round(self, taken: list[tuple[_Request, int]]) -> None:
        """Embed texts and hand out what the model made of them, or its error, to those they belong to."""
        try:
            encoded = taken[0][0].embedder.encode_passages([request.texts[row] for request, row in taken])
        except Exception as error:
            for request, _ in taken:
                request.error = error
            return
        for (request, row), passage in zip(taken, encoded, strict=True):
            request.encoded[row] = passage
