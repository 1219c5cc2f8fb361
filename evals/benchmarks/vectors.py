"""Vector search beside hnswlib and FAISS HNSW, each tuned to recall@10 of 0.99: `footnote bench vectors`.

Real vectors and many like them (`evals.real_vectors`), real queries, one thread on every side. Answers are compared
with those of a brute force search in NumPy.
"""

import os
import sys
import time
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec

import faiss
import numpy as np
from numpy.typing import NDArray

from evals.benchmark_rows import BenchmarkRow, benchmark_options, print_benchmark
from evals.knowledge_base import load_own_embedder
from evals.real_vectors import RealVectors, real_vectors
from ingest.settings import IngestSettings
from ingest.vector_index import append_vectors, empty_index

K = 10
MIN_RECALL = 0.99
HNSW_LINKS = 16
BUILD_EFFORT = 200
EFFORTS = (10, 20, 40, 60, 80, 120, 160, 240, 320, 480, 640, 1000)
GOAL_SPEED, GOAL_BUILD = 3.0, 20.0
ROUNDS = 5

Search = Callable[[NDArray[np.float32]], Sequence[NDArray[np.int64]]]


@dataclass(frozen=True)
class Side:
    """An index that was built, and how it searches for queries (b, d): rows (k,) for each."""

    name: str
    build_seconds: float
    search: Search


def main(given: list[str] | None = None) -> None:
    """Print recall, queries a second and build time of every side."""
    parser = benchmark_options(__doc__)
    parser.add_argument("--rows", type=int, help="how many vectors (100,000; quick: 52,000)")
    parser.add_argument("--real", type=int, help="how many of them are of real text (6,000; quick: 600)")
    options = parser.parse_args(given)
    print_benchmark("vectors", list(measure(load_vectors(options), quick=options.quick)), as_json=options.json)


def load_vectors(options: Namespace) -> RealVectors:
    """The vectors that the options --rows, --real and --quick ask for."""
    os.environ.pop("OPENBLAS_CORETYPE", None)
    n_rows = options.rows or (52_000 if options.quick else 100_000)
    n_real = options.real or (600 if options.quick else 6_000)
    return real_vectors(load_own_embedder(IngestSettings()), options.data, n_rows, n_real)


def measure(vectors: RealVectors, *, quick: bool) -> Iterator[BenchmarkRow]:
    """Build each side, tune it, and time it."""
    faiss.omp_set_num_threads(1)
    queries = vectors.queries[:100] if quick else vectors.queries
    truth = true_best(vectors.rows, queries, K)
    ours = _ours(vectors.rows)
    speed = {"all in one call": _speed(ours.search, queries), "a call each": _speed(_one_by_one(ours.search), queries)}
    yield _recall_row(ours.name, ours.search, queries, truth)
    for peer in _peers(vectors.rows, queries, truth, quick=quick):
        yield _recall_row(peer.name, peer.search, queries, truth)
        for way, own in speed.items():
            beside = _speed(peer.search if way == "all in one call" else _one_by_one(peer.search), queries)
            ratio = own / beside
            what = f"queries/s, {len(vectors.rows)} rows, {way}"
            yield BenchmarkRow(what, own, beside, peer.name, ratio, GOAL_SPEED, ratio >= GOAL_SPEED)
        ratio = peer.build_seconds / ours.build_seconds
        yield BenchmarkRow(
            "build, s", ours.build_seconds, peer.build_seconds, peer.name, ratio, GOAL_BUILD, ratio >= GOAL_BUILD
        )


def true_best(rows: NDArray[np.float16], queries: NDArray[np.float32], k: int) -> list[set[int]]:
    """The `k` nearest rows of each query, by brute force."""
    best: list[set[int]] = []
    full = rows.astype(np.float32)
    for begin in range(0, len(queries), 100):
        scores = queries[begin : begin + 100] @ full.T
        best += [set(found.tolist()) for found in np.argpartition(-scores, k, axis=1)[:, :k]]
    return best


def recall(found: Sequence[NDArray[np.int64]], truth: Sequence[set[int]]) -> float:
    """The share of the true rows that were found."""
    hits = sum(len(true & set(own.tolist())) for own, true in zip(found, truth, strict=True))
    return hits / max(1, sum(len(true) for true in truth))


def _ours(rows: NDArray[np.float16]) -> Side:
    started = time.perf_counter()
    index = append_vectors(empty_index(rows.shape[1]), rows)
    seconds = time.perf_counter() - started
    allowed = np.ones(len(rows), dtype=np.bool_)
    return Side("Footnote", seconds, lambda queries: [found for found, _ in index.search_many(queries, K, allowed)])


def _peers(
    rows: NDArray[np.float16], queries: NDArray[np.float32], truth: list[set[int]], *, quick: bool
) -> Iterator[Side]:
    """Graph indexes over the same rows, each with the least effort that reaches `MIN_RECALL`."""
    if find_spec("hnswlib") is not None:
        yield _tuned(_hnswlib(rows), queries, truth)
    else:
        sys.stderr.write("hnswlib is not installed: pip install hnswlib (it needs a C++ compiler).\n")
    if not quick:
        yield _tuned(_faiss_hnsw(rows), queries, truth)


def _tuned(
    made: tuple[str, float, Callable[[int], Search]], queries: NDArray[np.float32], truth: list[set[int]]
) -> Side:
    name, seconds, with_effort = made
    for effort in EFFORTS:
        search = with_effort(effort)
        if recall(search(queries), truth) >= MIN_RECALL:
            break
    return Side(f"{name} ef={effort}", seconds, search)


def _hnswlib(rows: NDArray[np.float16]) -> tuple[str, float, Callable[[int], Search]]:
    import hnswlib  # a peer; it is compiled when it is installed

    index = hnswlib.Index(space="ip", dim=rows.shape[1])
    full = rows.astype(np.float32)
    started = time.perf_counter()
    index.init_index(max_elements=len(rows), M=HNSW_LINKS, ef_construction=BUILD_EFFORT)
    index.add_items(full, num_threads=1)
    seconds = time.perf_counter() - started

    def with_effort(effort: int) -> Search:
        index.set_ef(effort)
        return lambda queries: list(index.knn_query(queries, k=K, num_threads=1)[0].astype(np.int64))

    return f"hnswlib M={HNSW_LINKS}", seconds, with_effort


def _faiss_hnsw(rows: NDArray[np.float16]) -> tuple[str, float, Callable[[int], Search]]:
    index = faiss.IndexHNSWFlat(rows.shape[1], HNSW_LINKS, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.efConstruction = BUILD_EFFORT
    full = rows.astype(np.float32)
    started = time.perf_counter()
    index.add(full)
    seconds = time.perf_counter() - started

    def with_effort(effort: int) -> Search:
        index.hnsw.efSearch = effort
        return lambda queries: list(index.search(queries, K)[1])

    return f"FAISS HNSW M={HNSW_LINKS}", seconds, with_effort


def _one_by_one(search: Search) -> Search:
    return lambda queries: [search(queries[place : place + 1])[0] for place in range(len(queries))]


def _speed(search: Search, queries: NDArray[np.float32]) -> float:
    """Queries a second, the median of `ROUNDS`."""
    rates = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        search(queries)
        rates.append(len(queries) / (time.perf_counter() - started))
    return float(np.median(rates))


def _recall_row(name: str, search: Search, queries: NDArray[np.float32], truth: list[set[int]]) -> BenchmarkRow:
    found = recall(search(queries), truth)
    return BenchmarkRow(f"recall@{K}, {name}", found, goal=MIN_RECALL, met=found >= MIN_RECALL)


if __name__ == "__main__":
    main()
