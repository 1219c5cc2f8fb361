"""What the device itself finds, before anything is checked on the CPU; on PyTorch's CPU device."""

import numpy as np
import pytest
from numpy.typing import NDArray

from ingest.gpu_rows import MIN_BLOCK_ROWS, DeviceRows

N_ROWS, DIMENSION = MIN_BLOCK_ROWS + 3000, 8  # in two blocks
WIDE, NARROW = 0.4, 0.001


@pytest.fixture(scope="module")
def rows() -> NDArray[np.float16]:
    values = np.random.default_rng(1).standard_normal((N_ROWS, DIMENSION))
    return (values / np.linalg.norm(values, axis=1, keepdims=True)).astype(np.float16)


@pytest.fixture(scope="module")
def on_device(rows: NDArray[np.float16]) -> DeviceRows:
    device_rows = DeviceRows(DIMENSION, "cpu")
    device_rows.append(rows[:100])
    device_rows.append(rows[100:])
    return device_rows


def rights(share: float, seed: int) -> NDArray[np.bool_]:
    return np.random.default_rng(seed).random(N_ROWS) < share


@pytest.mark.parametrize("share", [WIDE, NARROW], ids=["masked", "gathered"])
def test_only_rows_that_are_allowed_are_given(share: float, on_device: DeviceRows, rows: NDArray[np.float16]) -> None:
    allowed = rights(share, seed=2)
    (nearest,) = on_device.nearest(rows[:1].astype(np.float32), 30, N_ROWS, [allowed])
    assert allowed[nearest.rows].all()
    assert len(nearest.rows) == 30


@pytest.mark.parametrize("share", [WIDE, NARROW], ids=["masked", "gathered"])
def test_best_of_all_blocks_are_given(share: float, on_device: DeviceRows, rows: NDArray[np.float16]) -> None:
    allowed = rights(share, seed=3)
    queries = rows[[5, N_ROWS - 5]].astype(np.float32)
    for query, nearest in zip(queries, on_device.nearest(queries, 20, N_ROWS, [allowed, allowed]), strict=True):
        visible = np.flatnonzero(allowed)
        scores = rows[visible].astype(np.float32) @ query
        assert set(nearest.rows.tolist()) == set(visible[np.argsort(-scores)[:20]].tolist())


def test_questions_asked_together_keep_their_own_rights(on_device: DeviceRows, rows: NDArray[np.float16]) -> None:
    each = [rights(WIDE, seed=4), rights(NARROW, seed=5), rights(WIDE, seed=6)]
    found = on_device.nearest(rows[[7, 7, 7]].astype(np.float32), 10, N_ROWS, each)
    assert [allowed[nearest.rows].all() for allowed, nearest in zip(each, found, strict=True)] == [True, True, True]


def test_rights_that_are_kept_are_those_of_their_array_only(on_device: DeviceRows, rows: NDArray[np.float16]) -> None:
    query = rows[:1].astype(np.float32)
    for seed in range(7, 50):  # more than are kept, so that memory and ids are used again
        allowed = rights(WIDE, seed)
        allowed.flags.writeable = False
        (nearest,) = on_device.nearest(query, 10, N_ROWS, [allowed])
        assert allowed[nearest.rows].all()


def test_rows_appended_later_are_not_seen_by_an_earlier_state(on_device: DeviceRows, rows: NDArray[np.float16]) -> None:
    n_earlier = N_ROWS - 10
    allowed = np.ones(n_earlier, dtype=np.bool_)
    (nearest,) = on_device.nearest(rows[-1:].astype(np.float32), 50, n_earlier, [allowed])
    assert nearest.rows.max() < n_earlier
