"""What every benchmark prints: a row a figure, beside a peer's where there is one, with ratio and goal."""

import argparse
import json
import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

SHARED_DATA = Path("../shared/data")
TELLING_FLAGS = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_int8", "amx_bf16")


@dataclass(frozen=True)
class BenchmarkRow:
    """One figure beside the peer's; `peer` is None where nothing stands beside it, `goal` where none was set."""

    what: str
    ours: float
    peer: float | None = None
    peer_name: str = ""
    ratio: float | None = None
    goal: float | None = None
    met: bool | None = None


def benchmark_options(description: str | None) -> argparse.ArgumentParser:
    """The options that every benchmark has: --data, --quick and --json."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--data", type=Path, default=SHARED_DATA, help="folder of the labelled sets")
    parser.add_argument("--quick", action="store_true", help="a version of at most a minute")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def print_benchmark(name: str, rows: Sequence[BenchmarkRow], *, as_json: bool) -> None:
    """Print the machine and a line a row, or one JSON object {name, machine, rows}."""
    if as_json:
        sys.stdout.write(json.dumps({"name": name, "machine": machine(), "rows": [asdict(row) for row in rows]}) + "\n")
        return
    sys.stdout.write(f"{machine()}\n")
    for row in rows:
        peer = "" if row.peer is None else f"{row.peer_name} {row.peer:.3f}  ratio {row.ratio or 0:.2f}"
        goal = "" if row.goal is None else f"goal {row.goal:g} {'met' if row.met else 'MISSED'}"
        sys.stdout.write(f"{row.what:64} {row.ours:8.3f}   {peer:44} {goal}".rstrip() + "\n")


def machine() -> str:
    """The processor, its cores for this process, and the instructions that matter for speed."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    flags = next((line.partition(":")[2].split() for line in lines if line.startswith("flags")), [])
    named = " ".join(flag for flag in TELLING_FLAGS if flag in flags)
    return ", ".join(filter(None, [model or platform.processor() or platform.machine(), f"{cores} cores", named]))
