"""Exact vector search in memory: for small collections, and for the rows that a large index has not encoded yet."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

ROWS_NAME = "rows.npy"
GATHER_DIVISOR = 8  # below n / 8 visible rows, copying them costs less than scoring all rows
QUERIES_PER_PRODUCT = 64
SCORE_ERROR = 1e-5  # a matrix product differs from `exact_scores` by less than this share


class _Buffer:
    """Rows (capacity, d) of which the first `n_used` are taken; indexes that share a history share it."""

    def __init__(self, capacity: int, dimension: int) -> None:
        self.rows = np.zeros((capacity, dimension), dtype=np.float32)
        self.n_used = 0


class ExactIndex:
    """Rows searched one by one; a value, which `appended` extends without touching searches under way."""

    degraded: str | None = None

    def __init__(self, dimension: int) -> None:
        self.dimension = dimension
        self.n_rows = 0
        self._buffer = _Buffer(0, dimension)

    @property
    def description(self) -> str:
        """See `VectorIndex`."""
        return "exact"

    def appended(self, vectors: NDArray[np.floating]) -> "ExactIndex":
        """This index and the rows of `vectors` (m, d) after it."""
        total = self.n_rows + len(vectors)
        result = ExactIndex(self.dimension)
        result.n_rows = total
        result._buffer = self._buffer
        if total > len(self._buffer.rows) or self._buffer.n_used != self.n_rows:
            result._buffer = _Buffer(max(total, 2 * self.n_rows), self.dimension)
            result._buffer.rows[: self.n_rows] = self._all()
        result._buffer.rows[self.n_rows : total] = to_half(vectors)
        result._buffer.n_used = total
        return result

    def search(
        self, query: NDArray[np.float32], k: int, allowed: NDArray[np.bool_]
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """See `VectorIndex.search`."""
        (found,) = self.search_many(query[np.newaxis], k, allowed)
        return found

    def search_many(
        self, queries: NDArray[np.float32], k: int, allowed: NDArray[np.bool_]
    ) -> list[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        """See `VectorIndex.search_many`."""
        visible = np.flatnonzero(allowed)
        narrow = len(visible) * GATHER_DIVISOR < self.n_rows
        rows = self._all()[visible] if narrow else self._all()
        found = []
        for begin in range(0, len(queries), QUERIES_PER_PRODUCT):
            part = queries[begin : begin + QUERIES_PER_PRODUCT]
            with np.errstate(all="ignore"):
                scores = (rows @ part.T).T if len(part) > 1 else (rows @ part[0])[np.newaxis]
            for query, own in zip(part, scores, strict=True):
                near = visible[near_best(own if narrow else own[visible], k)]
                found.append(best_rows(near, self._all()[near], query, k))
        return found

    def vectors(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """The vectors (m, d) of rows (m,)."""
        return self._all()[rows]

    def stored(self, begin: int, end: int) -> NDArray[np.float16]:
        """Rows `begin` ≤ i < `end` as they are stored, (end - begin, d)."""
        with np.errstate(all="ignore"):
            return self._all()[begin:end].astype(np.float16)

    def save(self, folder: Path) -> None:
        """Write the rows into a folder."""
        np.save(folder / ROWS_NAME, self.stored(0, self.n_rows))

    def _all(self) -> NDArray[np.float32]:
        return self._buffer.rows[: self.n_rows]


def to_half(vectors: NDArray[np.floating]) -> NDArray[np.float16]:
    """Vectors in the precision that every index keeps; what is too large for it becomes infinite, without a warning."""
    with np.errstate(all="ignore"):
        return vectors.astype(np.float16, copy=False)


def exact_scores(vectors: NDArray[np.float32], query: NDArray[np.float32]) -> NDArray[np.float32]:
    """Inner products (m,) of vectors (m, d) with `query` (d,): equal vectors get equal scores, to the last bit.

    A matrix product is faster, but what it gives for a row depends on where the row stands in the matrix.
    """
    with np.errstate(all="ignore"):
        scores: NDArray[np.float32] = np.einsum("md,d->m", vectors, query)
    return scores


def near_best(scores: NDArray[np.float32], k: int) -> NDArray[np.int64]:
    """Positions, ascending, of the `k` best of scores (m,) and of all that might be as good as the last of them."""
    if k <= 0:
        return np.zeros(0, dtype=np.int64)
    finite = np.isfinite(scores)
    if not finite.all():
        scores = np.where(finite, scores, -np.inf)
    if len(scores) <= k:
        return np.flatnonzero(finite)
    kth = float(np.partition(scores, len(scores) - k)[len(scores) - k])
    if kth == -np.inf:
        return np.flatnonzero(finite)
    return np.flatnonzero(scores >= kth - score_error(kth))


def score_error(score: float) -> float:
    """How much a score about as large as `score` may differ from `exact_scores`."""
    return SCORE_ERROR * max(1.0, abs(score))


def best_rows(
    rows: NDArray[np.int64], vectors: NDArray[np.float32], query: NDArray[np.float32], k: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The `k` best of rows (m,) by their vectors (m, d), best first; of equal scores the lower row first.

    Every index ends its search here, so that all give the same rows and scores. A row with a value that is not
    finite is never among them.
    """
    scores = exact_scores(vectors, query)
    finite = np.isfinite(scores)
    rows, scores = rows[finite], scores[finite]
    order = np.lexsort((rows, -scores))[: max(k, 0)]
    return rows[order].astype(np.int64), scores[order]
