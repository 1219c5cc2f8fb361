"""Benchmarks print rows that people and scripts can read, and all take the same options."""

import json
from importlib import import_module

import pytest

from evals.benchmark_rows import BenchmarkRow, print_benchmark

ROWS = [
    BenchmarkRow("speed", 8.0, 2.0, "the peer", 4.0, goal=3.0, met=True),
    BenchmarkRow("share", 0.5, goal=0.9, met=False),
]


def test_json_is_one_object_with_the_machine(capsys: pytest.CaptureFixture[str]) -> None:
    print_benchmark("embed", ROWS, as_json=True)
    printed = json.loads(capsys.readouterr().out)
    assert (printed["name"], len(printed["rows"])) == ("embed", 2)
    assert "cores" in printed["machine"]
    assert set(printed["rows"][0]) == {"what", "ours", "peer", "peer_name", "ratio", "goal", "met"}


def test_table_shows_ratio_and_goal(capsys: pytest.CaptureFixture[str]) -> None:
    print_benchmark("embed", ROWS, as_json=False)
    printed = capsys.readouterr().out
    assert "the peer 2.000  ratio 4.00" in printed
    assert "goal 0.9 MISSED" in printed


@pytest.mark.parametrize(
    "name",
    ["abstain", "boxes", "embed", "extract", "gpu", "keyword", "permissions", "quality", "scale", "vectors", "verify"],
)
def test_every_benchmark_takes_the_common_options(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        import_module(f"evals.benchmarks.{name}").main(["--help"])
    assert ended.value.code == 0
    assert {"--data", "--quick", "--json"} <= set(capsys.readouterr().out.replace("]", " ").replace("[", " ").split())
