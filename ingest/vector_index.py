"""The vector index: exact while a collection is small, compressed codes with exact rescoring when it is large."""

from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ingest.exact_index import ROWS_NAME, ExactIndex
from ingest.faiss_index import CODES_NAME, FaissIndex

VECTOR_FORMAT = 1  # raise it when files change; older snapshots are then rebuilt
MAX_EXACT_ROWS = 50_000


class VectorIndex(Protocol):
    """Unit vectors at rows 0 … n-1, kept in float16. A value: it never changes, and is safe in any thread."""

    dimension: int
    n_rows: int

    def search(
        self, query: NDArray[np.float32], k: int, allowed: NDArray[np.bool_]
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The `k` rows nearest to `query` (d,) by inner product among those where `allowed` (n,) is true.

        Returns:
            rows and scores, both (m,), m ≤ k, best first; of equal scores the lower row first.
        """
        ...

    def vectors(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """The vectors (m, d) of rows (m,)."""
        ...

    def save(self, folder: Path) -> None:
        """Write the index into a folder, for `load_vectors`."""
        ...


def append_vectors(index: VectorIndex, vectors: NDArray[np.floating]) -> VectorIndex:
    """An index of the old rows and the rows of `vectors` (m, d) after them; the old index stays as it is."""
    if isinstance(index, FaissIndex):
        return index.appended(vectors)
    n_total = index.n_rows + len(vectors)
    if n_total <= MAX_EXACT_ROWS:
        old = index if isinstance(index, ExactIndex) else ExactIndex(index.dimension)
        return old.appended(vectors)
    rows = np.empty((n_total, index.dimension), dtype=np.float16)
    rows[: index.n_rows] = index.vectors(np.arange(index.n_rows))
    rows[index.n_rows :] = vectors
    return FaissIndex.trained(rows)


def load_vectors(folder: Path) -> VectorIndex:
    """Open the index that `save` wrote into a folder; verify the folder's manifest before."""
    if (folder / CODES_NAME).exists():
        return FaissIndex.load(folder)
    rows = np.load(folder / ROWS_NAME)
    return ExactIndex(rows.shape[1]).appended(rows)
