"""A device that goes away, and the CPU that answers in its place."""

import logging
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ingest.device import Device, DeviceLost, find_device, has_gpu
from ingest.errors import InvalidInput
from ingest.exact_index import ExactIndex
from ingest.gpu_index import COPIED_ROWS, GpuIndex
from ingest.replica import Replica
from ingest.vector_index import append_vectors, carried_on
from tests.ingest.published_library import DIMENSION, MODEL, PublishedLibrary, vector_of

N_ROWS = 500
ALL = np.ones(N_ROWS, dtype=np.bool_)


@pytest.fixture(scope="module")
def rows() -> NDArray[np.float16]:
    values = np.random.default_rng(1).standard_normal((N_ROWS, DIMENSION))
    return (values / np.linalg.norm(values, axis=1, keepdims=True)).astype(np.float16)


@pytest.fixture
def make_device() -> Iterator[Callable[..., Device]]:
    made: list[Device] = []

    def make(name: str = "cpu", *, retry_seconds: float = 60) -> Device:
        made.append(Device(name, retry_seconds=retry_seconds))
        return made[-1]

    yield make
    for device in made:
        device.close()


def lose(device: Device) -> None:
    """Have something fail on the device as CUDA fails, with PyTorch's error for an impossible allocation."""
    import torch

    with pytest.raises(DeviceLost):
        device.wait(device.run(lambda _: torch.empty(1 << 60)))


def on(device: Device, rows: NDArray[np.float16]) -> GpuIndex:
    return GpuIndex.on(device, ExactIndex(DIMENSION).appended(rows))


def nearest(index: GpuIndex, rows: NDArray[np.float16], row: int) -> list[int]:
    return index.search(rows[row].astype(np.float32), 1, np.ones(index.n_rows, dtype=np.bool_))[0].tolist()


def test_device_answers_while_it_works(make_device: Callable[..., Device], rows: NDArray[np.float16]) -> None:
    index = on(make_device(), rows)
    assert nearest(index, rows, 7) == [7]
    assert (index.degraded, index.description) == (None, "exact on cpu")


def test_query_during_which_the_device_fails_is_answered(
    make_device: Callable[..., Device], rows: NDArray[np.float16], caplog: pytest.LogCaptureFixture
) -> None:
    """`cuda` is a device that fails at once where there is no GPU."""
    index = on(make_device("cuda:9"), rows)
    with caplog.at_level(logging.WARNING):
        assert nearest(index, rows, 7) == [7]
    assert index.degraded == "gpu_unavailable"
    assert index.description.startswith("exact; cuda:9 failed: ")
    assert "searched on the CPU" in caplog.text


def test_queries_after_a_loss_are_answered(make_device: Callable[..., Device], rows: NDArray[np.float16]) -> None:
    device = make_device()
    index = on(device, rows)
    assert nearest(index, rows, 7) == [7]
    lose(device)
    assert nearest(index, rows, 8) == [8]
    assert index.degraded == "gpu_unavailable"


def test_device_that_hangs_holds_up_nobody_for_long(
    make_device: Callable[..., Device], rows: NDArray[np.float16]
) -> None:
    device, go_on = make_device(), threading.Event()
    index = on(device, rows)
    device.run(lambda _: go_on.wait(60))
    started = time.monotonic()
    found = nearest(index, rows, 7)
    waited = time.monotonic() - started
    go_on.set()
    assert found == [7]
    assert waited < 5
    assert index.degraded == "gpu_unavailable"


def test_device_that_is_back_gets_its_rows_again(make_device: Callable[..., Device], rows: NDArray[np.float16]) -> None:
    device = make_device(retry_seconds=0)
    index = on(device, rows)
    lose(device)
    assert nearest(index, rows, 9) == [9]
    assert index.degraded is None


def test_lost_device_is_left_alone_for_a_while(make_device: Callable[..., Device]) -> None:
    device = make_device()
    lose(device)
    assert not device.usable()


def test_many_rows_are_searched_on_the_cpu_until_they_are_copied(make_device: Callable[..., Device]) -> None:
    device, go_on = make_device(), threading.Event()
    device.run(lambda _: go_on.wait(60))
    many = np.eye(2, dtype=np.float16)[np.zeros(COPIED_ROWS + 1, dtype=np.int64)]
    index = GpuIndex.on(device, ExactIndex(2).appended(many))
    started = time.monotonic()
    found = index.search(np.ones(2, dtype=np.float32), 1, np.ones(len(many), dtype=np.bool_))[0].tolist()
    waited = time.monotonic() - started
    go_on.set()
    assert found == [0]
    assert waited < 3
    assert index.degraded is None


def test_searches_from_many_threads_are_each_answered(
    make_device: Callable[..., Device], rows: NDArray[np.float16]
) -> None:
    index, found = on(make_device(), rows), {}

    def ask(row: int) -> None:
        allowed = np.arange(N_ROWS) != row
        found[row] = index.search(rows[row].astype(np.float32), 2, allowed)[0].tolist()

    threads = [threading.Thread(target=ask, args=[row]) for row in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expected = ExactIndex(DIMENSION).appended(rows)
    assert found == {
        row: expected.search(rows[row].astype(np.float32), 2, np.arange(N_ROWS) != row)[0].tolist() for row in range(40)
    }
    assert index.degraded is None


def test_better_host_keeps_what_is_on_the_device(make_device: Callable[..., Device], rows: NDArray[np.float16]) -> None:
    before = on(make_device(), rows[:400])
    now = append_vectors(before, rows[400:])
    better = carried_on(ExactIndex(DIMENSION).appended(rows[:400]), now)
    assert isinstance(better, GpuIndex)
    assert [nearest(better, rows, row) for row in (5, 450)] == [[5], [450]]
    assert better.degraded is None


def test_replica_searches_on_its_device_and_says_so(
    library: PublishedLibrary, index_folder: Path, make_device: Callable[..., Device]
) -> None:
    replica = library.open(Replica(index_folder, MODEL, DIMENSION, make_device()))
    library.publish("leave.md", ["Vacation is fifteen days.", "Ask your manager."])
    library.catch_up(replica)
    replica.snapshot()
    again = library.open(Replica(index_folder, MODEL, DIMENSION, make_device()))
    query = vector_of("Ask your manager.").astype(np.float32)
    assert [each.view().vectors.search(query, 1, each.view().live)[0].tolist() for each in (replica, again)] == [
        [1],
        [1],
    ]
    assert [each.stats().vector_index for each in (replica, again)] == ["exact on cpu", "exact on cpu"]
    replica.close()
    again.close()


def test_replica_whose_device_failed_says_so(
    library: PublishedLibrary, index_folder: Path, make_device: Callable[..., Device]
) -> None:
    device = make_device()
    replica = library.open(Replica(index_folder, MODEL, DIMENSION, device))
    library.publish("leave.md", ["Vacation is fifteen days."])
    library.catch_up(replica)
    lose(device)
    assert replica.stats().degraded == "gpu_unavailable"
    replica.close()


@pytest.mark.skipif(has_gpu(), reason="there is a GPU")
def test_gpu_that_is_demanded_and_absent_is_an_error() -> None:
    with pytest.raises(InvalidInput, match="PyTorch sees no GPU"):
        find_device("cuda")


def test_cpu_is_taken_where_it_is_asked_for() -> None:
    assert find_device("cpu") is None


@pytest.mark.skipif(has_gpu(), reason="there is a GPU")
def test_torch_is_not_imported_where_there_is_no_gpu() -> None:
    program = """
import sys
import numpy as np
from ingest.device import find_device
from ingest.vector_index import append_vectors, empty_index
index = append_vectors(empty_index(8, find_device("auto")), np.eye(8, dtype=np.float16))
assert index.search(np.eye(8, dtype=np.float32)[3], 1, np.ones(8, dtype=bool))[0].tolist() == [3]
assert "torch" not in sys.modules, "torch was imported"
"""
    subprocess.run([sys.executable, "-c", program], check=True)
