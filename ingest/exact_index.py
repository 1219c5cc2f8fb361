"""Exact vector search in memory: for small collections, and for the rows that a large index has not encoded yet."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

ROWS_NAME = "rows.npy"
GATHER_DIVISOR = 8  # below n / 8 visible rows, copying them costs less than scoring all rows
SCORE_DECIMALS = 6  # equal vectors can differ in the last bits, by where they stand in a matrix


class _Buffer:
    """Rows (capacity, d) of which the first `n_used` are taken; indexes that share a history share it."""

    def __init__(self, capacity: int, dimension: int) -> None:
        self.rows = np.zeros((capacity, dimension), dtype=np.float32)
        self.n_used = 0


class ExactIndex:
    """Rows searched one by one; a value, which `appended` extends without touching searches under way."""

    def __init__(self, dimension: int) -> None:
        self.dimension = dimension
        self.n_rows = 0
        self._buffer = _Buffer(0, dimension)

    def appended(self, vectors: NDArray[np.floating]) -> "ExactIndex":
        """This index and the rows of `vectors` (m, d) after it."""
        total = self.n_rows + len(vectors)
        result = ExactIndex(self.dimension)
        result.n_rows = total
        result._buffer = self._buffer
        if total > len(self._buffer.rows) or self._buffer.n_used != self.n_rows:
            result._buffer = _Buffer(max(total, 2 * self.n_rows), self.dimension)
            result._buffer.rows[: self.n_rows] = self._all()
        result._buffer.rows[self.n_rows : total] = vectors.astype(np.float16)
        result._buffer.n_used = total
        return result

    def search(
        self, query: NDArray[np.float32], k: int, allowed: NDArray[np.bool_]
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """See `VectorIndex.search`."""
        visible = np.flatnonzero(allowed)
        if not len(visible):
            return best_rows(visible, np.zeros(0, dtype=np.float32), k)
        if len(visible) * GATHER_DIVISOR < self.n_rows:
            scores = self._all()[visible] @ query
        else:
            scores = (self._all() @ query)[visible]
        return best_rows(visible, scores, k)

    def vectors(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """The vectors (m, d) of rows (m,)."""
        return self._all()[rows]

    def save(self, folder: Path) -> None:
        """Write the rows into a folder."""
        np.save(folder / ROWS_NAME, self._all().astype(np.float16))

    def _all(self) -> NDArray[np.float32]:
        return self._buffer.rows[: self.n_rows]


def best_rows(
    rows: NDArray[np.int64], scores: NDArray[np.float32], k: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The `k` best of `rows` (ascending) by their scores, best first; of equal ones the lower row first."""
    if k <= 0:
        return rows[:0].astype(np.int64), scores[:0].astype(np.float32)
    if len(scores) > k:
        kth = np.partition(scores, len(scores) - k)[len(scores) - k]
        near = np.flatnonzero(scores >= kth - 10.0**-SCORE_DECIMALS)
        rows, scores = rows[near], scores[near]
    rounded = np.round(scores, SCORE_DECIMALS).astype(np.float32)
    order = np.lexsort((rows, -rounded))[:k]
    return rows[order].astype(np.int64), rounded[order]
