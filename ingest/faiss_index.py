"""Vector search in large collections: compressed codes are scanned within the allowed rows, the best scored exactly.

`nlist` is 1, so that every code is scanned and recall does not depend on who may read what.
Source: André et al., Quicker ADC, 2021, https://doi.org/10.1109/TPAMI.2019.2952606
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from ingest.exact_index import ROWS_NAME, ExactIndex, best_rows, near_best

CODES_NAME = "codes.faiss"
TRAINING_NAME = "training.json"
TRAINING_ROWS = 20_000
MIN_CANDIDATES = 400
CANDIDATES_PER_HIT = 20
GATHER_ROWS = 1_000  # up to so many visible rows, scoring them exactly costs less than scanning codes
GATHER_DIVISOR = 100
MAX_TAIL_ROWS = 4_000
ENCODE_ROWS = 50_000
DRIFT_ROWS = 2_000  # so many of the old and of the new rows are compared
MAX_DRIFT = 1.1  # codes are made anew when new rows lose so many times more in them than those they were made for

Found = tuple[NDArray[np.int64], NDArray[np.float32]]


class FaissIndex:
    """Encoded rows, and an exact tail of rows appended since; a value, as `ExactIndex` is.

    The codebook was made for the first `n_trained` rows.
    """

    degraded: str | None = None

    def __init__(
        self,
        codes: faiss.Index,
        blocks: tuple[NDArray[np.float16], ...],
        tail: ExactIndex,
        *,
        n_encoded: int,
        n_trained: int,
    ) -> None:
        self.dimension = tail.dimension
        self.n_rows = n_encoded + tail.n_rows
        self._codes = codes
        self._blocks = blocks
        self._tail = tail
        self._n_encoded = n_encoded
        self._n_trained = n_trained

    @classmethod
    def trained(cls, rows: NDArray[np.float16]) -> "FaissIndex":
        """An index of rows (n, d), n ≥ a few thousand, whose codebook is trained on an even sample of them."""
        dimension = rows.shape[1]
        codes = faiss.index_factory(dimension, f"IVF1,PQ{_n_parts(dimension)}x4fs", faiss.METRIC_INNER_PRODUCT)
        sample = _unit_only(rows[_spread(0, len(rows), TRAINING_ROWS)].astype(np.float32))
        with _one_thread():
            codes.train(sample if len(sample) else np.zeros((1, dimension), dtype=np.float32))
            _encode(codes, rows)
        return cls(codes, (rows,), ExactIndex(dimension), n_encoded=len(rows), n_trained=len(rows))

    @property
    def description(self) -> str:
        """See `VectorIndex`."""
        return f"codes of {_n_parts(self.dimension) // 2} bytes, the best rescored exactly"

    def appended(self, vectors: NDArray[np.floating]) -> "FaissIndex":
        """This index and the rows of `vectors` (m, d) after it; they are encoded once there are many."""
        tail = self._tail.appended(vectors)
        if tail.n_rows <= MAX_TAIL_ROWS:
            return FaissIndex(self._codes, self._blocks, tail, n_encoded=self._n_encoded, n_trained=self._n_trained)
        rows = tail.stored(0, tail.n_rows)
        codes = faiss.clone_index(self._codes)
        with _one_thread():
            _encode(codes, rows)
        return FaissIndex(
            codes,
            (*self._blocks, rows),
            ExactIndex(self.dimension),
            n_encoded=self.n_rows + len(vectors),
            n_trained=self._n_trained,
        )

    def has_drifted(self) -> bool:
        """Whether the codes lose much more of the rows appended since they were made than of those before."""
        if self.n_rows - self._n_trained < DRIFT_ROWS:
            return False
        before = _lost(self._codes, _unit_only(self.vectors(_spread(0, self._n_trained, DRIFT_ROWS))))
        after = _lost(self._codes, _unit_only(self.vectors(_spread(self._n_trained, self.n_rows, DRIFT_ROWS))))
        return after > MAX_DRIFT * before

    def search(self, query: NDArray[np.float32], k: int, allowed: NDArray[np.bool_]) -> Found:
        """See `VectorIndex.search`."""
        (found,) = self.search_many(query[np.newaxis], k, allowed)
        return found

    def search_many(self, queries: NDArray[np.float32], k: int, allowed: NDArray[np.bool_]) -> list[Found]:
        """See `VectorIndex.search_many`."""
        with _one_thread():
            return self._search_many(queries, k, allowed)

    def _search_many(self, queries: NDArray[np.float32], k: int, allowed: NDArray[np.bool_]) -> list[Found]:
        encoded = allowed[: self._n_encoded]
        n_visible = int(np.count_nonzero(encoded))
        if n_visible <= max(GATHER_ROWS, self._n_encoded // GATHER_DIVISOR):
            visible = np.flatnonzero(encoded)
            candidates = [visible] * len(queries)
        else:
            candidates = self._candidates(queries, max(MIN_CANDIDATES, CANDIDATES_PER_HIT * k), encoded)
        in_tail = self._tail.search_many(queries, k, allowed[self._n_encoded :])
        return [
            self._best(query, k, rows, tail_rows + self._n_encoded)
            for query, rows, (tail_rows, _) in zip(queries, candidates, in_tail, strict=True)
        ]

    def vectors(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """The vectors (m, d) of rows (m,)."""
        result = np.empty((len(rows), self.dimension), dtype=np.float32)
        in_tail = rows >= self._n_encoded
        result[in_tail] = self._tail.vectors(rows[in_tail] - self._n_encoded)
        result[~in_tail] = self._encoded_rows(rows[~in_tail])
        return result

    def stored(self, begin: int, end: int) -> NDArray[np.float16]:
        """Rows `begin` ≤ i < `end` as they are stored, (end - begin, d)."""
        parts = []
        start = 0
        for block in self._blocks:
            parts.append(block[max(0, begin - start) : max(0, end - start)])
            start += len(block)
        parts.append(self._tail.stored(max(0, begin - start), max(0, end - start)))
        filled = [part for part in parts if len(part)]
        return filled[0] if len(filled) == 1 else np.concatenate(parts)

    def save(self, folder: Path) -> None:
        """Write rows and codes into a folder."""
        target = np.lib.format.open_memmap(
            folder / ROWS_NAME, mode="w+", dtype=np.float16, shape=(self.n_rows, self.dimension)
        )
        np.concatenate([*self._blocks, self._tail.stored(0, self._tail.n_rows)], out=target)
        target.flush()
        faiss.write_index(self._codes, str(folder / CODES_NAME))
        (folder / TRAINING_NAME).write_text(json.dumps({"n_trained": self._n_trained}), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> "FaissIndex":
        """Open what `save` wrote; rows stay on disk and are read as they are needed."""
        rows = _rows_file(folder)
        codes = faiss.read_index(str(folder / CODES_NAME))
        n_encoded = int(codes.ntotal)
        tail = ExactIndex(rows.shape[1]).appended(rows[n_encoded:])
        training = folder / TRAINING_NAME
        n_trained = json.loads(training.read_text(encoding="utf-8"))["n_trained"] if training.exists() else n_encoded
        return cls(codes, (rows[:n_encoded],), tail, n_encoded=n_encoded, n_trained=n_trained)

    def on_disk(self, folder: Path) -> "FaissIndex":
        """This index with its encoded rows in the file that `save` wrote into `folder`."""
        rows = _rows_file(folder)[: self._n_encoded]
        return FaissIndex(self._codes, (rows,), self._tail, n_encoded=self._n_encoded, n_trained=self._n_trained)

    def _candidates(self, queries: NDArray[np.float32], n: int, encoded: NDArray[np.bool_]) -> list[NDArray[np.int64]]:
        """For each query about `n` rows (m,), ascending, that are allowed and whose codes are nearest."""
        bitmap = np.packbits(encoded, bitorder="little")
        # FAISS's types describe the C++ constructors; its Python wrappers take these arguments.
        selector = faiss.IDSelectorBitmap(bitmap)  # type: ignore[call-arg,arg-type]
        parameters = faiss.SearchParametersIVF(sel=selector, nprobe=1)  # type: ignore[call-arg]
        _, found = self._codes.search(queries, min(n, self._n_encoded), params=parameters)
        given = [rows[rows >= 0] for rows in found]
        return [np.sort(rows[encoded[rows]]) for rows in given]  # not every build of FAISS heeds a selector

    def _best(
        self, query: NDArray[np.float32], k: int, candidates: NDArray[np.int64], tail: NDArray[np.int64]
    ) -> Found:
        """The best by exact scores of encoded candidates (m,) and of rows (m,) of the tail, both ascending."""
        scores = _half_scores(self._encoded_rows(candidates), query)
        rows = np.concatenate([candidates[near_best(scores, k)], np.sort(tail)])
        return best_rows(rows, self.vectors(rows), query, k)

    def _encoded_rows(self, rows: NDArray[np.int64]) -> NDArray[np.float16]:
        """Encoded rows (m,), which may lie in several blocks."""
        if len(self._blocks) == 1:
            return self._blocks[0][rows]
        starts = np.cumsum([0, *(len(block) for block in self._blocks)])
        owners = np.searchsorted(starts, rows, side="right") - 1
        result = np.empty((len(rows), self.dimension), dtype=np.float16)
        for owner in np.unique(owners):
            chosen = owners == owner
            result[chosen] = self._blocks[owner][rows[chosen] - starts[owner]]
        return result


def _rows_file(folder: Path) -> NDArray[np.float16]:
    """Rows (n, d) as they lie on disk, read when they are needed."""
    rows: NDArray[np.float16] = np.load(folder / ROWS_NAME, mmap_mode="r").view(np.ndarray)
    return rows


def _half_scores(rows: NDArray[np.float16], query: NDArray[np.float32]) -> NDArray[np.float32]:
    """Inner products (m,) of rows (m, d) with `query` (d,), three times as fast as NumPy, which converts them first."""
    if not len(rows):
        return np.zeros(0, dtype=np.float32)
    index = faiss.IndexScalarQuantizer(rows.shape[1], faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
    faiss.copy_array_to_vector(rows.view(np.uint8).ravel(), index.codes)
    index.ntotal = len(rows)
    found_scores, places = index.search(query[np.newaxis], len(rows))
    scores = np.full(len(rows), np.nan, dtype=np.float32)
    found = places[0] >= 0
    scores[places[0][found]] = found_scores[0][found]
    return scores


def _n_parts(dimension: int) -> int:
    """Parts of a vector that get four bits each: one per four values where the dimension allows."""
    return next(dimension // width for width in (4, 3, 2, 1) if dimension % width == 0)


def _spread(begin: int, end: int, n: int) -> NDArray[np.int64]:
    """About `n` rows between `begin` and `end`, evenly taken."""
    return np.arange(begin, end, max(1, (end - begin) // n))


def _unit_only(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Those of vectors (m, d) that are unit vectors: nothing is learned from the others."""
    with np.errstate(all="ignore"):
        unit: NDArray[np.float32] = vectors[np.abs(np.linalg.norm(vectors, axis=1) - 1) < 0.1]
    return unit


def _lost(codes: Any, rows: NDArray[np.float32]) -> float:
    """The mean squared distance between rows (n, d) and what their codes, an `IndexIVFPQFastScan`, say."""
    if not len(rows):
        return 0.0
    with _one_thread():
        rest = rows - codes.quantizer.reconstruct(0)
        difference = rest - codes.pq.decode(codes.pq.compute_codes(rest))
    return float((difference**2).sum(axis=1).mean())


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
        part = rows[begin : begin + ENCODE_ROWS].astype(np.float32)
        codes.add(np.nan_to_num(part, nan=0.0, posinf=0.0, neginf=0.0))
