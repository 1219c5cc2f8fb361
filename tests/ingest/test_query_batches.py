"""Queries that come while a batch runs are the next batch, and one that is alone runs at once."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from ingest.query_batches import QueryBatches


class Gated:
    """Doubles numbers, in batches that are written down; a batch that holds 0 waits for the gate."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.begun, self.gate = threading.Event(), threading.Event()

    def __call__(self, given: Sequence[int]) -> list[int]:
        self.batches.append(list(given))
        if 0 in given:
            self.begun.set()
            assert self.gate.wait(10)
        if -1 in given:
            raise ValueError("minus one cannot be doubled")
        return [2 * number for number in given]


def asked_while_one_runs(gated: Gated, numbers: Sequence[int], max_size: int) -> list[int]:
    """What threads get that ask for numbers while 0 is being doubled."""
    batches = QueryBatches(gated, max_size)
    with ThreadPoolExecutor(1 + len(numbers)) as threads:
        first = threads.submit(batches.ask, 0)
        assert gated.begun.wait(10)
        later = [threads.submit(batches.ask, number) for number in numbers]
        while len(batches._waiting) < len(numbers):
            pass
        gated.gate.set()
        return [future.result() for future in [first, *later]]


def test_one_alone_runs_alone() -> None:
    gated = Gated()
    assert QueryBatches(gated, 8).ask(3) == 6
    assert gated.batches == [[3]]


def test_what_comes_meanwhile_is_one_batch() -> None:
    gated = Gated()
    assert asked_while_one_runs(gated, [1, 2, 3, 4, 5], 8) == [0, 2, 4, 6, 8, 10]
    assert [sorted(batch) for batch in gated.batches] == [[0], [1, 2, 3, 4, 5]]


def test_no_batch_is_larger_than_allowed() -> None:
    gated = Gated()
    assert asked_while_one_runs(gated, list(range(1, 11)), 4) == [2 * n for n in range(11)]
    assert max(len(batch) for batch in gated.batches) <= 4
    assert sorted(number for batch in gated.batches for number in batch) == list(range(11))


def test_error_reaches_everybody_in_the_batch_and_nobody_after() -> None:
    gated = Gated()
    batches = QueryBatches(gated, 8)
    with pytest.raises(ValueError, match="minus one"):
        batches.ask(-1)
    assert batches.ask(1) == 2
