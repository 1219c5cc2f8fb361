"""Exact permission-masked vector search on the GPU, beside the CPU: `footnote bench gpu`.

Queries a second with many searches at once, the time of one, and the share of the memory's speed that a single search
reaches: it must read every row once. Without a GPU it says so; `--device cpu` runs the same code on PyTorch's CPU.
"""

import sys
import time
from collections.abc import Callable, Iterator

import faiss
import numpy as np
from numpy.typing import NDArray

from evals.benchmark_rows import BenchmarkRow, benchmark_options, print_benchmark
from ingest.device import Device, has_gpu
from ingest.exact_index import ExactIndex
from ingest.gpu_index import COPIED_ROWS
from ingest.vector_index import VectorIndex, append_vectors, empty_index

DIMENSION = 384
BATCH = 256
K = 10
VISIBLE = 0.5
ROUNDS = 7
EXACT_QUERIES = 32
APPENDED_ROWS = 500_000
GOAL_RATE, GOAL_SECONDS = 50_000.0, 0.0036
GOAL_ROWS = 10_000_000
COPIED_BYTES = 1 << 28


def main(given: list[str] | None = None) -> None:
    """Print what the device does beside the CPU, or that there is none."""
    parser = benchmark_options(__doc__)
    parser.add_argument(
        "--device", choices=["cuda", "cpu"], default="cuda", help="cpu runs the same code without a GPU"
    )
    parser.add_argument("--rows", type=int, help="how many vectors (GPU: 10,000,000; else 60,000)")
    options = parser.parse_args(given)
    if options.device == "cuda" and not has_gpu():
        sys.stderr.write(
            "There is no NVIDIA GPU that PyTorch can use here, so nothing is measured. --device cpu runs the same code "
            "on PyTorch's CPU device; its figures say nothing about a GPU.\n"
        )
        print_benchmark("gpu", [], as_json=options.json)
        return
    n_rows = options.rows or (GOAL_ROWS if options.device == "cuda" and not options.quick else 60_000)
    device = Device(options.device)
    try:
        print_benchmark("gpu", list(measure(device, n_rows)), as_json=options.json)
    finally:
        device.close()


def measure(device: Device, n_rows: int) -> Iterator[BenchmarkRow]:
    """Time both sides on random unit vectors, of which `VISIBLE` may be seen."""
    faiss.omp_set_num_threads(1)
    chance = np.random.default_rng(1)
    host, index = empty_index(DIMENSION), empty_index(DIMENSION, device)
    for begin in range(0, n_rows, APPENDED_ROWS):
        rows = _unit(chance.standard_normal((min(APPENDED_ROWS, n_rows - begin), DIMENSION), dtype=np.float32))
        host, index = append_vectors(host, rows), append_vectors(index, rows)
    queries = _unit(chance.standard_normal((BATCH, DIMENSION), dtype=np.float32))
    allowed = chance.random(n_rows) < VISIBLE
    allowed.flags.writeable = False
    _wait_for_rows(device, n_rows)
    name = f"{device.name}, {n_rows} rows, {VISIBLE:.0%} visible"
    many = BATCH / _seconds(lambda: index.search_many(queries, K, allowed))
    one = _seconds(lambda: index.search(queries[0], K, allowed))
    many_host = BATCH / _seconds(lambda: host.search_many(queries, K, allowed))
    one_host = _seconds(lambda: host.search(queries[0], K, allowed))
    on_gpu = device.name == "cuda" and n_rows >= GOAL_ROWS
    goal_rate, goal_seconds = (GOAL_RATE, GOAL_SECONDS * 1000) if on_gpu else (None, None)
    yield BenchmarkRow(
        f"queries/s at {BATCH} at once, {name}", many, many_host, f"CPU, {host.description}", many / many_host,
        goal_rate, None if goal_rate is None else many >= goal_rate,
    )  # fmt: skip
    yield BenchmarkRow(
        f"ms of one search, {name}", one * 1000, one_host * 1000, f"CPU, {host.description}", one_host / one,
        goal_seconds, None if goal_seconds is None else one * 1000 <= goal_seconds,
    )  # fmt: skip
    roofline = n_rows * DIMENSION * 2 / _copied_bytes_per_second(device)
    yield BenchmarkRow("share of the memory's speed that one search reaches", roofline / one)
    equal = _equal(index, queries[:EXACT_QUERIES], allowed)
    yield BenchmarkRow(f"share of {EXACT_QUERIES} queries with the CPU's exact hits", equal, goal=1.0, met=equal == 1.0)
    if index.degraded is not None:
        sys.stderr.write(f"The device failed meanwhile, so the figures are the CPU's: {device.failure}\n")


def _wait_for_rows(device: Device, n_rows: int) -> None:
    """Wait until the rows that were appended have been copied, piece by piece."""
    for _ in range(2 + 2 * (n_rows // COPIED_ROWS)):
        device.run(lambda _: None).result()


def _equal(index: VectorIndex, queries: NDArray[np.float32], allowed: NDArray[np.bool_]) -> float:
    """The share of queries for which rows and scores are those of exact search on the CPU."""
    exact = ExactIndex(index.dimension).appended(index.stored(0, index.n_rows))
    pairs = zip(index.search_many(queries, K, allowed), exact.search_many(queries, K, allowed), strict=True)
    return float(np.mean([np.array_equal(own, other) for (own, _), (other, _) in pairs]))


def _copied_bytes_per_second(device: Device) -> float:
    """How fast the device reads and writes its memory."""
    import torch  # heavy; only here

    def copy(_: int) -> float:
        source = torch.zeros(COPIED_BYTES, dtype=torch.uint8, device=device.name)
        target = torch.empty_like(source)

        def once() -> int:
            target.copy_(source)
            return int(target[-1])  # waits for the device

        return 2 * COPIED_BYTES / _seconds(once)

    return device.run(copy).result()


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


def _seconds(work: Callable[[], object]) -> float:
    """The median of `ROUNDS`, after one that warms up."""
    taken = []
    for _ in range(ROUNDS + 1):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return float(np.median(taken[1:]))


if __name__ == "__main__":
    main()
