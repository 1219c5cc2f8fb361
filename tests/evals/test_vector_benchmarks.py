"""The benchmarks of vector search count what they say they count."""

import json

import numpy as np
import pytest
from numpy.typing import NDArray

from evals.benchmarks import gpu, permissions
from evals.benchmarks.permissions import Tally
from evals.real_vectors import RealVectors
from ingest.device import has_gpu

DIMENSION = 32


@pytest.fixture(scope="module")
def vectors() -> RealVectors:
    chance = np.random.default_rng(1)
    values = chance.standard_normal((3020, DIMENSION)).astype(np.float32)
    values /= np.linalg.norm(values, axis=1, keepdims=True)
    return RealVectors(values[:3000].astype(np.float16), values[3000:], 3000)


def test_checks_find_no_leaks_and_nothing_missing(vectors: RealVectors) -> None:
    rows = {row.what: row for row in permissions.check(vectors, 400)}
    assert rows["(person, query) checks"].ours == 400
    assert (rows["leaked rows"].ours, rows["missing rows"].ours) == (0, 0)
    assert rows["recall@10 over all"].met


def test_oracles_agree(vectors: RealVectors) -> None:
    scores = vectors.queries @ vectors.rows.astype(np.float32).T
    order = np.argsort(-scores, axis=1, kind="stable").astype(np.int32)
    rights = list(permissions.kinds_of_rights(vectors, seed=3))[4]
    assert permissions._first_visible(order, rights.rows) == [
        permissions._best_visible(own, rights.rows) for own in scores
    ]


def test_tally_counts_leaks_and_missing_rows() -> None:
    tally = Tally()
    tally.add(found=of(1, 2), true={1, 3, 4}, rows=np.array([False, True, False, True, True]))
    assert (tally.n_leaks, tally.n_missing, tally.n_found, tally.n_true) == (1, 1, 1, 3)


def test_gpu_code_runs_on_the_cpu_with_the_same_hits(capsys: pytest.CaptureFixture[str]) -> None:
    gpu.main(["--device", "cpu", "--rows", "2000", "--json"])
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert [row["met"] for row in rows if "exact hits" in row["what"]] == [True]


@pytest.mark.skipif(has_gpu(), reason="there is a GPU")
def test_without_a_gpu_nothing_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    gpu.main(["--json"])
    printed = capsys.readouterr()
    assert json.loads(printed.out)["rows"] == []
    assert "There is no NVIDIA GPU" in printed.err


def of(*rows: int) -> NDArray[np.int64]:
    return np.array(rows, dtype=np.int64)
