"""Vectors are tidied while a collection is in use, and searches see nothing of it."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ingest.catch_up import empty_view
from ingest.document_table import DocumentEntry, DocumentTable
from ingest.faiss_index import DRIFT_ROWS, MAX_TAIL_ROWS, FaissIndex
from ingest.keyword_index import KeywordIndex
from ingest.replica_view import ReplicaView
from ingest.tidy import MIN_DEAD_ROWS, on_disk, tidy, with_tidy_vectors
from ingest.vector_index import MAX_EXACT_ROWS, append_vectors, empty_index

N_ROWS, DIMENSION = 6000, 16
OPEN, SECRET = frozenset({"everyone"}), frozenset({"group:x"})


def unit(vectors: NDArray[np.floating]) -> NDArray[np.float16]:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float16)


def around_topics(n: int, topics: int) -> NDArray[np.float16]:
    """Unit vectors (n, d) around 20 topics, which are other ones for another number."""
    chance = np.random.default_rng(n)
    centres = unit(np.random.default_rng(topics).standard_normal((20, DIMENSION)))
    return unit(centres[chance.integers(0, 20, n)] + 0.1 * chance.standard_normal((n, DIMENSION)))


@pytest.fixture(scope="module")
def rows() -> NDArray[np.float16]:
    return around_topics(N_ROWS, topics=1)


@pytest.fixture
def view(rows: NDArray[np.float16], tmp_path: Path) -> ReplicaView:
    """Two documents, by turns; the second is secret."""
    keywords = KeywordIndex(tmp_path / "keywords")
    return view_of(rows, empty_view(DIMENSION, keywords.reader()))


def view_of(rows: NDArray[np.float16], before: ReplicaView) -> ReplicaView:
    return ReplicaView(
        seq=1,
        passage_ids=np.arange(len(rows)) + 100,
        document_rows=(np.arange(len(rows)) % 2).astype(np.int32),
        live=np.ones(len(rows), dtype=np.bool_),
        documents=DocumentTable([DocumentEntry("a", "default", OPEN), DocumentEntry("b", "default", SECRET)]),
        vectors=FaissIndex.trained(rows),
        keywords=before.keywords,
    )


def changed(view: ReplicaView, vectors: NDArray[np.float16], live: NDArray[np.bool_]) -> ReplicaView:
    """The state with more rows of the first document, and other rows alive."""
    n = len(view.live) + len(vectors)
    return ReplicaView(
        seq=view.seq + 1,
        passage_ids=np.arange(n) + 100,
        document_rows=np.concatenate([view.document_rows, np.zeros(len(vectors), dtype=np.int32)]),
        live=live,
        documents=view.documents,
        vectors=append_vectors(view.vectors, vectors) if len(vectors) else view.vectors,
        keywords=view.keywords,
    )


def passage_found(view: ReplicaView, vector: NDArray[np.float16]) -> int:
    rows, _ = view.vectors.search(vector.astype(np.float32), 1, view.live)
    return int(view.passage_ids[rows[0]])


def test_tidy_state_is_left_alone(view: ReplicaView) -> None:
    assert tidy(view) is None


def test_dead_rows_are_dropped_and_what_changed_meanwhile_is_kept(view: ReplicaView, rows: NDArray[np.float16]) -> None:
    dying = np.arange(N_ROWS) >= N_ROWS // 2
    before = changed(view, rows[:0], dying)
    tidied = tidy(before)
    assert tidied is not None
    meanwhile = np.append(dying, [True, True])
    meanwhile[5000] = False
    new = unit(-rows[:2].astype(np.float32))
    after = with_tidy_vectors(changed(before, new, meanwhile), tidied)
    assert len(after.live) == N_ROWS // 2 + 2
    assert [passage_found(after, vector) for vector in (rows[4000], *new)] == [4100, 6100, 6101]
    assert passage_found(after, rows[5000]) != 5100
    assert after.documents[after.document_rows[-1]].id == "a"


def test_vectors_of_another_history_are_not_taken_over(view: ReplicaView, rows: NDArray[np.float16]) -> None:
    few = np.arange(N_ROWS) < MIN_DEAD_ROWS
    tidied = tidy(changed(view, rows[:0], few))
    assert tidied is not None
    other = view_of(rows[:100], view)
    assert with_tidy_vectors(other, tidied) is other


def test_codes_are_made_anew_when_new_rows_are_unlike_the_old(view: ReplicaView) -> None:
    unlike = around_topics(MAX_TAIL_ROWS + DRIFT_ROWS, topics=2)
    drifted = changed(view, unlike, np.ones(N_ROWS + len(unlike), dtype=np.bool_))
    tidied = tidy(drifted)
    assert tidied is not None
    after = with_tidy_vectors(drifted, tidied)
    assert tidy(after) is None
    assert passage_found(after, unlike[7]) == 100 + N_ROWS + 7


def test_rows_alike_are_not_trained_again(view: ReplicaView) -> None:
    alike = around_topics(MAX_TAIL_ROWS + DRIFT_ROWS, topics=1)
    assert tidy(changed(view, alike, np.ones(N_ROWS + len(alike), dtype=np.bool_))) is None


def test_rows_on_disk_are_read_from_there(view: ReplicaView, rows: NDArray[np.float16], tmp_path: Path) -> None:
    folder = tmp_path / "snapshot"
    folder.mkdir()
    view.vectors.save(folder)
    from_disk = on_disk(view, folder)
    assert from_disk is not None
    after = with_tidy_vectors(view, from_disk)
    block = after.vectors.stored(0, 10)
    assert not block.flags.owndata
    assert not block.flags.writeable
    assert passage_found(after, rows[9]) == 109


def test_large_collection_is_compressed() -> None:
    rows = unit(np.random.default_rng(4).standard_normal((MAX_EXACT_ROWS + 1, DIMENSION)))
    small = append_vectors(empty_index(DIMENSION), rows[:-1])
    assert small.description == "exact"
    assert isinstance(append_vectors(small, rows[-1:]), FaissIndex)


@pytest.mark.parametrize("dimension", [64, 99, 65, 1])
def test_any_dimension_can_be_compressed(dimension: int) -> None:
    rows = unit(np.random.default_rng(8).standard_normal((3000, dimension)) + 0.01)
    found, _ = FaissIndex.trained(rows).search(rows[42].astype(np.float32), 1, np.ones(3000, dtype=np.bool_))
    assert np.allclose(rows[found[0]], rows[42], atol=1e-3)
