"""What every vector index does alike, whatever it is made of and however it came to be."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ingest.device import Device
from ingest.exact_index import ExactIndex
from ingest.faiss_index import FaissIndex
from ingest.gpu_index import GpuIndex
from ingest.vector_index import VectorIndex, append_vectors, keep_rows, load_vectors

N_ROWS, DIMENSION = 12_000, 64
ALL = np.ones(N_ROWS, dtype=np.bool_)


@dataclass(frozen=True)
class Bench:
    """Where an index is made: a folder for its files, and PyTorch's CPU device."""

    folder: Path
    device: Device


Maker = Callable[[NDArray[np.float16], Bench], VectorIndex]


def clustered_vectors(n: int, seed: int) -> NDArray[np.float16]:
    """Unit vectors (n, d) around common centres, as passages are."""
    chance = np.random.default_rng(seed)
    centres = np.random.default_rng(0).standard_normal((200, DIMENSION))
    vectors = centres[chance.integers(0, 200, n)] + 0.7 * chance.standard_normal((n, DIMENSION))
    return unit(vectors)


def unit(vectors: NDArray[np.floating]) -> NDArray[np.float16]:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float16)


def in_parts(index: VectorIndex, rows: NDArray[np.float16], *ends: int) -> VectorIndex:
    """The index with rows appended in pieces that end at `ends`, and the rest."""
    for part in np.split(rows, list(ends)):
        index = append_vectors(index, part)
    return index


def loaded(index: VectorIndex, bench: Bench, device: Device | None = None) -> VectorIndex:
    folder = bench.folder / f"{len(list(bench.folder.iterdir()))}"
    folder.mkdir()
    index.save(folder)
    return load_vectors(folder, device)


def exact(rows: NDArray[np.float16], bench: Bench) -> VectorIndex:
    return ExactIndex(DIMENSION).appended(rows)


def exact_in_parts(rows: NDArray[np.float16], bench: Bench) -> VectorIndex:
    return in_parts(ExactIndex(DIMENSION), rows, 700, 701)


def exact_loaded(rows: NDArray[np.float16], bench: Bench) -> VectorIndex:
    return loaded(exact(rows, bench), bench)


def codes(rows: NDArray[np.float16], bench: Bench) -> VectorIndex:
    return FaissIndex.trained(rows)


def codes_with_tail(rows: NDArray[np.float16], bench: Bench) -> VectorIndex:
    return in_parts(FaissIndex.trained(rows[:11_000]), rows[11_000:], 999)


def codes_in_blocks(rows: NDArray[np.float16], bench: Bench) -> VectorIndex:
    """Appends that are encoded, and a tail."""
    return in_parts(FaissIndex.trained(rows[:4000]), rows[4000:], 4500)


def codes_loaded(rows: NDArray[np.float16], bench: Bench) -> VectorIndex:
    """Rows and codes from disk, and appends to them."""
    return in_parts(loaded(codes_with_tail(rows[:11_500], bench), bench), rows[11_500:], 100)


def kept(rows: NDArray[np.float16], bench: Bench) -> VectorIndex:
    """What is left when every second of twice as many rows was dropped."""
    return keep_rows(ExactIndex(DIMENSION).appended(np.repeat(rows, 2, axis=0)), np.arange(0, 2 * len(rows), 2))


def device(rows: NDArray[np.float16], bench: Bench) -> VectorIndex:
    return GpuIndex.on(bench.device, ExactIndex(DIMENSION).appended(rows))


def device_in_parts(rows: NDArray[np.float16], bench: Bench) -> VectorIndex:
    return in_parts(GpuIndex.on(bench.device, FaissIndex.trained(rows[:4000])), rows[4000:], 1, 3000)


def device_loaded(rows: NDArray[np.float16], bench: Bench) -> VectorIndex:
    return in_parts(loaded(codes(rows[:11_000], bench), bench, bench.device), rows[11_000:])


EXACT_MAKERS: list[Maker] = [exact, exact_in_parts, exact_loaded, kept, device, device_in_parts, device_loaded]
MAKERS = [*EXACT_MAKERS, codes, codes_with_tail, codes_in_blocks, codes_loaded]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    device = Device("cpu")
    yield Bench(tmp_path_factory.mktemp("vectors"), device)
    assert device.failure is None
    device.close()


@pytest.fixture(scope="module")
def rows() -> NDArray[np.float16]:
    return clustered_vectors(N_ROWS, seed=1)


@pytest.fixture(scope="module")
def queries(rows: NDArray[np.float16]) -> NDArray[np.float32]:
    chance = np.random.default_rng(2)
    near = rows[chance.integers(0, N_ROWS, 25)] + 0.05 * chance.standard_normal((25, DIMENSION))
    return unit(near).astype(np.float32)


def name_of(maker: Maker) -> str:
    return maker.__name__


@pytest.fixture(scope="module", params=MAKERS, ids=name_of)
def index(request: pytest.FixtureRequest, rows: NDArray[np.float16], bench: Bench) -> VectorIndex:
    made: VectorIndex = request.param(rows, bench)
    return made


def true_best(rows: NDArray[np.float16], query: NDArray[np.float32], k: int, allowed: NDArray[np.bool_]) -> list[int]:
    return all_true_best(rows, query[np.newaxis], k, allowed)[0]


def all_true_best(
    rows: NDArray[np.float16], queries: NDArray[np.float32], k: int, allowed: NDArray[np.bool_]
) -> list[list[int]]:
    """The `k` best for each query, found in the plainest way there is."""
    visible = np.flatnonzero(allowed)
    scores = queries.astype(np.float64) @ rows[visible].astype(np.float64).T
    return [visible[order].tolist() for order in np.argsort(-scores, axis=1, kind="stable")[:, :k]]


def rights(visible: float, clustered: bool) -> NDArray[np.bool_]:
    order = np.arange(N_ROWS) / N_ROWS if clustered else np.random.default_rng(3).random(N_ROWS)
    return order < visible


@pytest.mark.parametrize("clustered", [False, True], ids=["random_rights", "clustered_rights"])
@pytest.mark.parametrize(
    ("k", "visible"), [(10, 0.001), (10, 0.01), (10, 0.1), (10, 0.5), (10, 1.0), (100, 0.1), (100, 1.0)]
)
def test_recall_does_not_depend_on_how_much_is_visible(
    k: int,
    visible: float,
    clustered: bool,
    index: VectorIndex,
    rows: NDArray[np.float16],
    queries: NDArray[np.float32],
) -> None:
    allowed = rights(visible, clustered)
    found = [found.tolist() for found, _ in index.search_many(queries, k, allowed)]
    expected = all_true_best(rows, queries, k, allowed)
    n_found = sum(len(set(got) & set(want)) for got, want in zip(found, expected, strict=True))
    assert n_found >= 0.99 * sum(len(want) for want in expected)


@pytest.mark.parametrize("maker", EXACT_MAKERS, ids=name_of)
@pytest.mark.parametrize("visible", [0.01, 0.3, 1.0])
def test_exact_indexes_agree_to_the_last_bit(
    visible: float, maker: Maker, rows: NDArray[np.float16], queries: NDArray[np.float32], bench: Bench
) -> None:
    allowed = rights(visible, clustered=False)
    expected = exact(rows, bench).search(queries[0], 50, allowed)
    found = maker(rows, bench).search(queries[0], 50, allowed)
    assert [part.tolist() for part in found] == [part.tolist() for part in expected]


@pytest.mark.parametrize("visible", [0.005, 0.3])
def test_rows_that_are_not_allowed_never_appear(
    visible: float, index: VectorIndex, queries: NDArray[np.float32]
) -> None:
    allowed = rights(visible, clustered=False)
    found = np.concatenate([rows for rows, _ in index.search_many(queries, 100, allowed)])
    assert allowed[found].all()


def test_deleted_rows_are_found_no_more(index: VectorIndex, rows: NDArray[np.float16]) -> None:
    live = ALL.copy()
    live[5000:7000] = False
    found, _ = index.search(rows[6000].astype(np.float32), 10, live)
    assert found.tolist() == true_best(rows, rows[6000].astype(np.float32), 10, live)


def test_row_that_is_deleted_and_added_again_is_found_at_its_new_place(
    index: VectorIndex, rows: NDArray[np.float16]
) -> None:
    again = append_vectors(index, rows[77:78])
    live = np.ones(N_ROWS + 1, dtype=np.bool_)
    live[77] = False
    assert again.search(rows[77].astype(np.float32), 1, live)[0].tolist() == [N_ROWS]


def test_many_queries_find_what_each_finds_alone(index: VectorIndex, queries: NDArray[np.float32]) -> None:
    allowed = rights(0.4, clustered=False)
    together = [rows.tolist() for rows, _ in index.search_many(queries, 10, allowed)]
    assert together == [index.search(query, 10, allowed)[0].tolist() for query in queries]


def test_no_queries_find_nothing(index: VectorIndex, queries: NDArray[np.float32]) -> None:
    assert index.search_many(queries[:0], 10, ALL) == []


def test_nothing_allowed_finds_nothing(index: VectorIndex, queries: NDArray[np.float32]) -> None:
    found, scores = index.search(queries[0], 10, ~ALL)
    assert (len(found), len(scores)) == (0, 0)


def test_k_beyond_what_is_allowed_finds_all_of_it(index: VectorIndex, queries: NDArray[np.float32]) -> None:
    allowed = ~ALL
    allowed[[3, 500, N_ROWS - 1]] = True
    assert sorted(index.search(queries[0], 50, allowed)[0].tolist()) == [3, 500, N_ROWS - 1]


def test_k_beyond_all_rows_finds_all_of_them(index: VectorIndex, queries: NDArray[np.float32]) -> None:
    found, _ = index.search(queries[0], 2 * N_ROWS, ALL)
    assert len(set(found.tolist())) == len(found) == N_ROWS


def test_k_of_zero_finds_nothing(index: VectorIndex, queries: NDArray[np.float32]) -> None:
    assert len(index.search(queries[0], 0, ALL)[0]) == 0


def test_scores_are_inner_products_best_first(
    index: VectorIndex, rows: NDArray[np.float16], queries: NDArray[np.float32]
) -> None:
    found, scores = index.search(queries[1], 20, ALL)
    np.testing.assert_allclose(scores, rows[found].astype(np.float32) @ queries[1], atol=2e-6)
    assert (np.diff(scores) <= 0).all()


def test_vectors_are_given_back(index: VectorIndex, rows: NDArray[np.float16]) -> None:
    wanted = np.array([N_ROWS - 1, 0, 9000, 4000, 3999, 11_500])
    np.testing.assert_array_equal(index.vectors(wanted), rows[wanted].astype(np.float32))
    np.testing.assert_array_equal(index.stored(3990, 11_010), rows[3990:11_010])


def test_index_finds_the_same_after_a_restart(index: VectorIndex, queries: NDArray[np.float32], bench: Bench) -> None:
    again = loaded(index, bench)
    allowed = rights(0.4, clustered=False)
    assert again.n_rows == N_ROWS
    assert [rows.tolist() for rows, _ in again.search_many(queries, 10, allowed)] == [
        rows.tolist() for rows, _ in index.search_many(queries, 10, allowed)
    ]


@pytest.mark.parametrize("maker", MAKERS, ids=name_of)
def test_equal_rows_come_in_order(maker: Maker, rows: NDArray[np.float16], bench: Bench) -> None:
    copies = [11_999, 11_200, 9_345, 8_100, 4_000, 77]
    doubled = rows.copy()
    doubled[copies] = rows[5]
    found, scores = maker(doubled, bench).search(rows[5].astype(np.float32), 7, ALL)
    assert found.tolist() == sorted([5, *copies])
    assert len(set(scores.tolist())) == 1


@pytest.mark.parametrize("maker", EXACT_MAKERS, ids=name_of)
def test_of_more_equal_rows_than_asked_for_the_lowest_are_found(
    maker: Maker, rows: NDArray[np.float16], bench: Bench
) -> None:
    doubled = rows.copy()
    doubled[2000:3000] = rows[5]
    assert maker(doubled, bench).search(rows[5].astype(np.float32), 3, ALL)[0].tolist() == [5, 2000, 2001]


@pytest.mark.parametrize("maker", MAKERS, ids=name_of)
def test_rows_that_are_no_numbers_are_never_found(maker: Maker, rows: NDArray[np.float16], bench: Bench) -> None:
    garbage = rows.copy()
    garbage[100:200] = np.nan
    garbage[4100:4200, 3] = np.inf
    garbage[11_900:, 0] = -np.inf
    allowed = np.isfinite(garbage).all(axis=1)
    query = rows[150].astype(np.float32)
    made = maker(garbage, bench)
    assert made.search(query, 10, ALL)[0].tolist() == true_best(garbage, query, 10, allowed)
    assert len(made.search(query, 30, ~allowed)[0]) == 0


@pytest.mark.parametrize("maker", EXACT_MAKERS, ids=name_of)
def test_rows_of_any_length_are_scored_as_they_are(maker: Maker, rows: NDArray[np.float16], bench: Bench) -> None:
    stretched = rows.copy()
    stretched[::50] *= 40
    query = rows[9].astype(np.float32)
    assert maker(stretched, bench).search(query, 10, ALL)[0].tolist() == true_best(stretched, query, 10, ALL)


@pytest.mark.parametrize("maker", MAKERS, ids=name_of)
def test_appending_leaves_earlier_values_as_they_were(maker: Maker, rows: NDArray[np.float16], bench: Bench) -> None:
    before = maker(rows, bench)
    extra = clustered_vectors(10, seed=9)
    one, other = append_vectors(before, extra[:5]), append_vectors(before, extra[5:])
    more = np.ones(N_ROWS + 5, dtype=np.bool_)
    assert before.n_rows == N_ROWS
    assert before.search(extra[0].astype(np.float32), 1, ALL)[0][0] < N_ROWS
    assert one.search(extra[2].astype(np.float32), 1, more)[0].tolist() == [N_ROWS + 2]
    assert other.search(extra[7].astype(np.float32), 1, more)[0].tolist() == [N_ROWS + 2]


@pytest.mark.parametrize("maker", [exact, device], ids=name_of)
def test_empty_index_finds_nothing(maker: Maker, bench: Bench) -> None:
    empty = maker(np.zeros((0, DIMENSION), dtype=np.float16), bench)
    nothing = np.zeros(0, dtype=np.bool_)
    assert len(empty.search(np.ones(DIMENSION, dtype=np.float32), 5, nothing)[0]) == 0
    assert len(loaded(empty, bench, bench.device).search(np.ones(DIMENSION, dtype=np.float32), 5, nothing)[0]) == 0
