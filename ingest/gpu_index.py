"""Exact vector search on a GPU, with an index on the CPU that answers whenever the GPU does not.

The device finds candidates in half precision; they are scored exactly on the CPU, and more are asked for until none
that was left out could be better. So rows and scores are those of `ExactIndex`, ties and all.
"""

import threading
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ingest.device import Device, DeviceLost
from ingest.exact_index import ExactIndex, best_rows
from ingest.faiss_index import FaissIndex

if TYPE_CHECKING:
    from ingest.gpu_rows import DeviceRows, Nearest

HostIndex = ExactIndex | FaissIndex
COPIED_ROWS = 65_536  # are copied to the device in one go; a search waits for no more
SPARE_CANDIDATES = 64
WIDER = 4
DEGRADED = "gpu_unavailable"

Found = tuple[NDArray[np.int64], NDArray[np.float32]]


@dataclass
class _Question:
    """One search that waits for the device."""

    query: NDArray[np.float32]
    k: int
    n_rows: int
    allowed: NDArray[np.bool_]
    nearest: "Nearest | None" = field(default=None)


@dataclass
class _Copy:
    """The first `n` rows of a history on the device, from its `generation`: after a loss another one is made."""

    generation: int
    rows: "DeviceRows"
    n: int = 0


class _Mirror:
    """What indexes with a common history have on the device: the rows of the longest of them.

    Rows follow in pieces, so that a search under way never waits long; questions that wait are answered together.
    """

    def __init__(self, device: Device, dimension: int) -> None:
        from ingest.gpu_rows import DeviceRows  # imports torch, which a process without a GPU never needs

        self.device = device
        self.n_claimed = 0  # rows of the longest index; who wants to append others needs a mirror of its own
        self._make_rows = partial(DeviceRows, dimension, device.name)
        self._copy: _Copy | None = None
        self._following = False
        self._lock = threading.Lock()
        self._waiting: list[_Question] = []

    def follow(self, host: HostIndex) -> None:
        """Begin to copy what is missing of an index; the next piece is asked for when one is done."""
        with self._lock:
            if self._following:
                return
            self._following = True
        self._next_piece(host)

    def ask(self, host: HostIndex, questions: Sequence[_Question]) -> Future[None]:
        """Have questions answered, with all others that wait by then."""
        with self._lock:
            self._waiting.extend(questions)
        return self.device.run(partial(self._answer, host))

    def missing(self, n_rows: int) -> int:
        """How many of the first `n_rows` rows are not on the device."""
        copy = self._copy
        return n_rows - (copy.n if copy is not None and copy.generation == self.device.generation else 0)

    def _next_piece(self, host: HostIndex) -> None:
        self.device.run(partial(self._copy_piece, host)).add_done_callback(partial(self._after_piece, host))

    def _after_piece(self, host: HostIndex, done: "Future[_Copy]") -> None:
        if done.exception() is None and self.missing(host.n_rows) > 0:
            self._next_piece(host)
            return
        with self._lock:
            self._following = False

    def _copy_piece(self, host: HostIndex, generation: int) -> _Copy:
        copy = self._copy
        if generation != self.device.generation:
            raise DeviceLost("it was lost meanwhile")
        if copy is None or copy.generation != generation:
            copy = self._copy = None  # what it held is free before more is asked for
            copy = self._copy = _Copy(generation, self._make_rows())
        end = min(host.n_rows, copy.n + COPIED_ROWS)
        if end > copy.n:
            copy.rows.append(host.stored(copy.n, end))
            copy.n = end
        return copy

    def _answer(self, host: HostIndex, generation: int) -> None:
        """Answer all that wait; what comes later in the queue for them finds it done."""
        copy = self._copy_piece(host, generation)
        while copy.n < host.n_rows:
            copy = self._copy_piece(host, generation)
        with self._lock:
            ready = [question for question in self._waiting if question.n_rows <= copy.n]
            self._waiting = [question for question in self._waiting if question.n_rows > copy.n]
        by_size: dict[tuple[int, int], list[_Question]] = {}
        for question in ready:
            by_size.setdefault((question.k, question.n_rows), []).append(question)
        for (k, n_rows), alike in by_size.items():
            queries = np.stack([question.query for question in alike])
            rights = [question.allowed for question in alike]
            for question, nearest in zip(alike, copy.rows.nearest(queries, k, n_rows, rights), strict=True):
                question.nearest = nearest


class GpuIndex:
    """An index on the CPU whose rows are on a device, too; a value, as the others are."""

    def __init__(self, host: HostIndex, mirror: _Mirror) -> None:
        """For the methods below only; `on` makes the first of a history."""
        self.host = host
        self.dimension = host.dimension
        self.n_rows = host.n_rows
        self._mirror = mirror

    @classmethod
    def on(cls, device: Device, host: HostIndex) -> "GpuIndex":
        """The index `host`, searched on `device` as soon as its rows are there."""
        mirror = _Mirror(device, host.dimension)
        mirror.n_claimed = host.n_rows
        mirror.follow(host)
        return cls(host, mirror)

    def appended(self, host: HostIndex) -> "GpuIndex":
        """This index when `host` has more rows after those it had."""
        mirror = self._mirror
        if mirror.n_claimed != self.n_rows:
            return self.replaced(host)
        mirror.n_claimed = host.n_rows
        mirror.follow(host)
        return GpuIndex(host, mirror)

    def rehosted(self, host: HostIndex) -> "GpuIndex":
        """This index when another one holds the same rows on the CPU."""
        return GpuIndex(host, self._mirror)

    def replaced(self, host: HostIndex) -> "GpuIndex":
        """An index of other rows on the same device."""
        return GpuIndex.on(self._mirror.device, host)

    @property
    def description(self) -> str:
        """See `VectorIndex`."""
        if self.degraded is not None:
            return f"{self.host.description}; {self._mirror.device.name} failed: {self._mirror.device.failure}"
        return f"exact on {self._mirror.device.name}"

    @property
    def degraded(self) -> str | None:
        """See `VectorIndex`: `gpu_unavailable` while the device is lost."""
        return DEGRADED if self._mirror.device.failure is not None else None

    def search(self, query: NDArray[np.float32], k: int, allowed: NDArray[np.bool_]) -> Found:
        """See `VectorIndex.search`. Answered on the CPU if the device is lost, or has not got the rows yet."""
        (found,) = self.search_many(query[np.newaxis], k, allowed)
        return found

    def search_many(self, queries: NDArray[np.float32], k: int, allowed: NDArray[np.bool_]) -> list[Found]:
        """See `VectorIndex.search_many`."""
        if self.n_rows and k > 0 and self._mirror.device.usable():
            if self._mirror.missing(self.n_rows) <= COPIED_ROWS:
                try:
                    return self._search_device(queries, k, allowed)
                except DeviceLost:
                    return self.host.search_many(queries, k, allowed)
            self._mirror.follow(self.host)
        return self.host.search_many(queries, k, allowed)

    def vectors(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """The vectors (m, d) of rows (m,)."""
        return self.host.vectors(rows)

    def stored(self, begin: int, end: int) -> NDArray[np.float16]:
        """Rows `begin` ≤ i < `end` as they are stored, (end - begin, d)."""
        return self.host.stored(begin, end)

    def save(self, folder: Path) -> None:
        """Write the index into a folder; a machine without a GPU can load it."""
        self.host.save(folder)

    def _search_device(self, queries: NDArray[np.float32], k: int, allowed: NDArray[np.bool_]) -> list[Found]:
        found: dict[int, Found] = {}
        n = k + SPARE_CANDIDATES
        while len(found) < len(queries):
            places = [place for place in range(len(queries)) if place not in found]
            questions = [_Question(queries[place], n, self.n_rows, allowed) for place in places]
            self._mirror.device.wait(self._mirror.ask(self.host, questions))
            for place, question in zip(places, questions, strict=True):
                if question.nearest is None:
                    raise DeviceLost("it was lost while somebody else asked")
                best = self._exact(question.query, k, allowed, question.nearest)
                if best is not None:
                    found[place] = best
            n *= WIDER
        return [found[place] for place in range(len(queries))]

    def _exact(
        self, query: NDArray[np.float32], k: int, allowed: NDArray[np.bool_], nearest: "Nearest"
    ) -> Found | None:
        """The best of what the device found, by exact scores; None if one that it left out may belong to them.

        Whatever the device says, a row that is not allowed is not taken.
        """
        rows = np.sort(nearest.rows[allowed[nearest.rows]])
        best = best_rows(rows, self.host.vectors(rows), query, k)
        if nearest.complete:
            return best
        certain = len(best[1]) == k and float(nearest.scores[-1]) + nearest.error < float(best[1][-1])
        return best if certain else None
