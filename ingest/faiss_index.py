"""Vector search in large collections: compressed codes are scanned within the allowed rows, the best scored exactly.

`nlist` is 1, so that every code is scanned and recall does not depend on who may read what.
Source: André et al., Quicker ADC, 2021, https://doi.org/10.1109/TPAMI.2019.2952606
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray

from ingest.exact_index import ROWS_NAME, ExactIndex, best_rows

CODES_NAME = "codes.faiss"
TRAINING_ROWS = 20_000
MIN_CANDIDATES = 400
CANDIDATES_PER_HIT = 10
GATHER_ROWS = 2_000  # up to so many visible rows, scoring them exactly costs less than scanning codes
GATHER_DIVISOR = 200
MAX_TAIL_ROWS = 4_000
ENCODE_ROWS = 50_000


class FaissIndex:
    """Encoded rows, and an exact tail of rows appended since; a value, as `ExactIndex` is."""

    def __init__(
        self, codes: faiss.Index, blocks: tuple[NDArray[np.float16], ...], tail: ExactIndex, *, n_encoded: int
    ) -> None:
        self.dimension = tail.dimension
        self.n_rows = n_encoded + tail.n_rows
        self._codes = codes
        self._blocks = blocks
        self._tail = tail
        self._n_encoded = n_encoded

    @classmethod
    def trained(cls, rows: NDArray[np.float16]) -> "FaissIndex":
        """An index of rows (n, d), n ≥ a few thousand, whose codebook is trained on an even sample of them."""
        dimension = rows.shape[1]
        codes = faiss.index_factory(dimension, f"IVF1,PQ{_n_parts(dimension)}x4fs", faiss.METRIC_INNER_PRODUCT)
        step = max(1, len(rows) // TRAINING_ROWS)
        with _one_thread():
            codes.train(rows[::step].astype(np.float32))
            _encode(codes, rows)
        return cls(codes, (rows,), ExactIndex(dimension), n_encoded=len(rows))

    def appended(self, vectors: NDArray[np.floating]) -> "FaissIndex":
        """This index and the rows of `vectors` (m, d) after it; they are encoded once there are many."""
        tail = self._tail.appended(vectors)
        if tail.n_rows <= MAX_TAIL_ROWS:
            return FaissIndex(self._codes, self._blocks, tail, n_encoded=self._n_encoded)
        rows = tail.vectors(np.arange(tail.n_rows)).astype(np.float16)
        codes = faiss.clone_index(self._codes)
        with _one_thread():
            _encode(codes, rows)
        blocks = (*self._blocks, rows)
        return FaissIndex(codes, blocks, ExactIndex(self.dimension), n_encoded=self.n_rows + len(vectors))

    def search(
        self, query: NDArray[np.float32], k: int, allowed: NDArray[np.bool_]
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """See `VectorIndex.search`."""
        if k <= 0:
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32)
        encoded = allowed[: self._n_encoded]
        if int(encoded.sum()) <= max(GATHER_ROWS, self._n_encoded // GATHER_DIVISOR):
            candidates = np.flatnonzero(encoded)
        else:
            candidates = self._candidates(query, max(MIN_CANDIDATES, CANDIDATES_PER_HIT * k), encoded)
        scores = self._encoded_vectors(candidates) @ query
        tail_rows, tail_scores = self._tail.search(query, k, allowed[self._n_encoded :])
        rows = np.concatenate([candidates, tail_rows + self._n_encoded])
        return best_rows(rows, np.concatenate([scores, tail_scores]), k)

    def vectors(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """The vectors (m, d) of rows (m,)."""
        result = np.empty((len(rows), self.dimension), dtype=np.float32)
        in_tail = rows >= self._n_encoded
        result[in_tail] = self._tail.vectors(rows[in_tail] - self._n_encoded)
        result[~in_tail] = self._encoded_vectors(rows[~in_tail])
        return result

    def save(self, folder: Path) -> None:
        """Write rows and codes into a folder."""
        tail = self._tail.vectors(np.arange(self._tail.n_rows)).astype(np.float16)
        target = np.lib.format.open_memmap(
            folder / ROWS_NAME, mode="w+", dtype=np.float16, shape=(self.n_rows, self.dimension)
        )
        np.concatenate([*self._blocks, tail], out=target)
        target.flush()
        faiss.write_index(self._codes, str(folder / CODES_NAME))

    @classmethod
    def load(cls, folder: Path) -> "FaissIndex":
        """Open what `save` wrote; rows stay on disk and are read as they are needed."""
        rows = np.load(folder / ROWS_NAME, mmap_mode="r")
        codes = faiss.read_index(str(folder / CODES_NAME))
        n_encoded = int(codes.ntotal)
        tail = ExactIndex(rows.shape[1]).appended(rows[n_encoded:])
        return cls(codes, (rows[:n_encoded],), tail, n_encoded=n_encoded)

    def _candidates(self, query: NDArray[np.float32], n: int, encoded: NDArray[np.bool_]) -> NDArray[np.int64]:
        bitmap = np.packbits(encoded, bitorder="little")
        # FAISS's types describe the C++ constructors; its Python wrappers take these arguments.
        selector = faiss.IDSelectorBitmap(bitmap)  # type: ignore[call-arg,arg-type]
        parameters = faiss.SearchParametersIVF(sel=selector, nprobe=1)  # type: ignore[call-arg]
        _, found = self._codes.search(query[np.newaxis], min(n, self._n_encoded), params=parameters)
        rows: NDArray[np.int64] = np.sort(found[0][found[0] >= 0])
        return rows

    def _encoded_vectors(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Vectors of encoded rows (m,), which may lie in several blocks."""
        if len(self._blocks) == 1:
            return self._blocks[0][rows].astype(np.float32)
        starts = np.cumsum([0, *(len(block) for block in self._blocks)])
        owners = np.searchsorted(starts, rows, side="right") - 1
        result = np.empty((len(rows), self.dimension), dtype=np.float32)
        for owner in np.unique(owners):
            chosen = owners == owner
            result[chosen] = self._blocks[owner][rows[chosen] - starts[owner]]
        return result


def _n_parts(dimension: int) -> int:
    """Parts of a vector that get four bits each: one per four values where the dimension allows."""
    return next(dimension // width for width in (4, 3, 2, 1) if dimension % width == 0)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Keep FAISS from splitting small steps over threads, whose waiting costs ten times the work on a busy machine."""
    n_threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(n_threads)


def _encode(codes: faiss.Index, rows: NDArray[np.float16]) -> None:
    for begin in range(0, len(rows), ENCODE_ROWS):
        codes.add(rows[begin : begin + ENCODE_ROWS].astype(np.float32))
