"""Both vector indexes give what an exact search over the allowed rows gives."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ingest.exact_index import ExactIndex
from ingest.faiss_index import MAX_TAIL_ROWS, FaissIndex
from ingest.vector_index import MAX_EXACT_ROWS, VectorIndex, append_vectors, load_vectors

N_ROWS, DIMENSION = 20_000, 64
Maker = Callable[[NDArray[np.float16]], VectorIndex]


def clustered_vectors(n: int, seed: int) -> NDArray[np.float16]:
    """Unit vectors (n, d) around common centres, as passages are."""
    chance = np.random.default_rng(seed)
    centres = np.random.default_rng(0).standard_normal((200, DIMENSION))
    vectors = centres[chance.integers(0, 200, n)] + 0.7 * chance.standard_normal((n, DIMENSION))
    return unit(vectors)


def unit(vectors: NDArray[np.floating]) -> NDArray[np.float16]:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float16)


def make_exact(rows: NDArray[np.float16]) -> VectorIndex:
    return ExactIndex(rows.shape[1]).appended(rows)


def make_exact_in_parts(rows: NDArray[np.float16]) -> VectorIndex:
    return ExactIndex(rows.shape[1]).appended(rows[:700]).appended(rows[700:701]).appended(rows[701:])


def make_faiss(rows: NDArray[np.float16]) -> VectorIndex:
    return FaissIndex.trained(rows)


def make_faiss_with_tail(rows: NDArray[np.float16]) -> VectorIndex:
    return FaissIndex.trained(rows[:-1000]).appended(rows[-1000:-1]).appended(rows[-1:])


def make_faiss_with_blocks(rows: NDArray[np.float16]) -> VectorIndex:
    """Two appends that are encoded, and a tail."""
    first = FaissIndex.trained(rows[:8000])
    return first.appended(rows[8000:13_000]).appended(rows[13_000:19_000]).appended(rows[19_000:])


MAKERS = [make_exact, make_exact_in_parts, make_faiss, make_faiss_with_tail, make_faiss_with_blocks]


@pytest.fixture(scope="module")
def rows() -> NDArray[np.float16]:
    return clustered_vectors(N_ROWS, seed=1)


@pytest.fixture(scope="module")
def queries(rows: NDArray[np.float16]) -> NDArray[np.float32]:
    chance = np.random.default_rng(2)
    near = rows[chance.integers(0, N_ROWS, 40)] + 0.05 * chance.standard_normal((40, DIMENSION))
    return unit(near).astype(np.float32)


@pytest.fixture(scope="module", params=MAKERS, ids=lambda maker: maker.__name__)
def index(request: pytest.FixtureRequest, rows: NDArray[np.float16]) -> VectorIndex:
    made: VectorIndex = request.param(rows)
    return made


def true_best(rows: NDArray[np.float16], query: NDArray[np.float32], k: int, allowed: NDArray[np.bool_]) -> list[int]:
    scores = rows.astype(np.float32) @ query
    visible = np.flatnonzero(allowed)
    return visible[np.argsort(-scores[visible], kind="stable")[:k]].tolist()


@pytest.mark.parametrize("clustered", [False, True], ids=["random_rights", "clustered_rights"])
@pytest.mark.parametrize("visible", [0.001, 0.01, 0.1, 0.5, 1.0])
def test_recall_does_not_depend_on_how_much_is_visible(
    visible: float, clustered: bool, index: VectorIndex, rows: NDArray[np.float16], queries: NDArray[np.float32]
) -> None:
    order = np.arange(N_ROWS) / N_ROWS if clustered else np.random.default_rng(3).random(N_ROWS)
    allowed = order < visible
    found = [set(index.search(query, 10, allowed)[0].tolist()) for query in queries]
    expected = [set(true_best(rows, query, 10, allowed)) for query in queries]
    n_found = sum(len(got & want) for got, want in zip(found, expected, strict=True))
    assert n_found >= 0.99 * sum(len(want) for want in expected)


def test_rows_that_are_not_allowed_never_appear(index: VectorIndex, queries: NDArray[np.float32]) -> None:
    allowed = np.random.default_rng(4).random(N_ROWS) < 0.3
    found = np.concatenate([index.search(query, 100, allowed)[0] for query in queries])
    assert allowed[found].all()


def test_nothing_allowed_finds_nothing(index: VectorIndex, queries: NDArray[np.float32]) -> None:
    found, scores = index.search(queries[0], 10, np.zeros(N_ROWS, dtype=np.bool_))
    assert (len(found), len(scores)) == (0, 0)


def test_k_beyond_what_is_allowed_finds_all_of_it(index: VectorIndex, queries: NDArray[np.float32]) -> None:
    allowed = np.zeros(N_ROWS, dtype=np.bool_)
    allowed[[3, 500, N_ROWS - 1]] = True
    assert sorted(index.search(queries[0], 50, allowed)[0].tolist()) == [3, 500, N_ROWS - 1]


def test_k_beyond_all_rows_is_no_error(index: VectorIndex, queries: NDArray[np.float32]) -> None:
    found, _ = index.search(queries[0], 2 * N_ROWS, np.ones(N_ROWS, dtype=np.bool_))
    assert len(set(found.tolist())) == len(found) == N_ROWS


def test_k_of_zero_finds_nothing(index: VectorIndex, queries: NDArray[np.float32]) -> None:
    assert len(index.search(queries[0], 0, np.ones(N_ROWS, dtype=np.bool_))[0]) == 0


def test_scores_are_inner_products_best_first(
    index: VectorIndex, rows: NDArray[np.float16], queries: NDArray[np.float32]
) -> None:
    found, scores = index.search(queries[1], 20, np.ones(N_ROWS, dtype=np.bool_))
    np.testing.assert_allclose(scores, rows[found].astype(np.float32) @ queries[1], atol=2e-6)
    assert (np.diff(scores) <= 0).all()


def test_vectors_are_given_back(index: VectorIndex, rows: NDArray[np.float16]) -> None:
    wanted = np.array([N_ROWS - 1, 0, 9000, 8000, 7999, 19_500])
    np.testing.assert_array_equal(index.vectors(wanted), rows[wanted].astype(np.float32))


def test_loaded_index_finds_the_same(index: VectorIndex, queries: NDArray[np.float32], tmp_path: Path) -> None:
    index.save(tmp_path)
    loaded = load_vectors(tmp_path)
    allowed = np.random.default_rng(5).random(N_ROWS) < 0.4
    assert loaded.n_rows == N_ROWS
    assert [loaded.search(query, 10, allowed)[0].tolist() for query in queries] == [
        index.search(query, 10, allowed)[0].tolist() for query in queries
    ]


@pytest.mark.parametrize("maker", MAKERS, ids=lambda maker: maker.__name__)
def test_equal_rows_come_in_order(maker: Maker, rows: NDArray[np.float16]) -> None:
    copies = [19_999, 19_200, 12_345, 8_100, 4_000, 77]
    doubled = rows.copy()
    doubled[copies] = rows[5]
    found, scores = maker(doubled).search(rows[5].astype(np.float32), 7, np.ones(N_ROWS, dtype=np.bool_))
    assert found.tolist() == sorted([5, *copies])
    assert len(set(scores.tolist())) == 1


@pytest.mark.parametrize("maker", MAKERS, ids=lambda maker: maker.__name__)
def test_appending_leaves_earlier_values_as_they_were(maker: Maker, rows: NDArray[np.float16]) -> None:
    before = maker(rows)
    extra = clustered_vectors(10, seed=9)
    one, other = append_vectors(before, extra[:5]), append_vectors(before, extra[5:])
    assert before.n_rows == N_ROWS
    np.testing.assert_array_equal(one.vectors(np.arange(N_ROWS, N_ROWS + 5)), extra[:5])
    np.testing.assert_array_equal(other.vectors(np.arange(N_ROWS, N_ROWS + 5)), extra[5:])


def test_appended_row_is_found_at_once(index: VectorIndex) -> None:
    new = unit(-np.ones((1, DIMENSION)))
    grown = append_vectors(index, new)
    found, _ = grown.search(new[0].astype(np.float32), 1, np.ones(N_ROWS + 1, dtype=np.bool_))
    assert found.tolist() == [N_ROWS]


def test_large_collection_is_compressed() -> None:
    rows = clustered_vectors(MAX_EXACT_ROWS + 1, seed=6)
    small = append_vectors(ExactIndex(DIMENSION), rows[:-1])
    assert isinstance(small, ExactIndex)
    assert isinstance(append_vectors(small, rows[-1:]), FaissIndex)


def test_long_tail_is_encoded(rows: NDArray[np.float16], tmp_path: Path) -> None:
    grown = FaissIndex.trained(rows).appended(clustered_vectors(MAX_TAIL_ROWS + 1, seed=7))
    grown.save(tmp_path)
    assert load_vectors(tmp_path).n_rows == N_ROWS + MAX_TAIL_ROWS + 1


def test_empty_index_finds_nothing(tmp_path: Path) -> None:
    ExactIndex(DIMENSION).save(tmp_path)
    loaded = load_vectors(tmp_path)
    assert len(loaded.search(np.ones(DIMENSION, dtype=np.float32), 5, np.zeros(0, dtype=np.bool_))[0]) == 0


@pytest.mark.parametrize("dimension", [384, 387, 385, 1])
def test_any_dimension_can_be_compressed(dimension: int) -> None:
    rows = unit(np.random.default_rng(8).standard_normal((3000, dimension)) + 0.01)
    found, _ = FaissIndex.trained(rows).search(rows[42].astype(np.float32), 1, np.ones(3000, dtype=np.bool_))
    assert np.allclose(rows[found[0]], rows[42], atol=1e-3)
