"""How soon a fresh process has its first query vector, and how much memory that takes: `footnote bench cold-start`.

Beside it a process that imports sentence-transformers, loads the same model and encodes the same query. Also how long a
server takes until `/readyz` says that everything answers. Each side in processes of its own, in turn, after one run
that nobody counts; times are medians.
"""

import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

from evals.benchmark_rows import BenchmarkRow, benchmark_options, print_benchmark
from evals.knowledge_base import load_own_embedder
from ingest.model_files import find_model_files
from ingest.settings import IngestSettings

GOAL_SECONDS = 15.0
GOAL_MEMORY = 2.0
QUERY = "how many days of vacation do I have"
PEER = "sentence-transformers"
READY_SECONDS = 120.0
REPORT = """
import json, resource, time
usage = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps([time.time(), usage.ru_maxrss / 1024, usage.ru_utime + usage.ru_stime]))
"""
OURS = """
from pathlib import Path
from ingest.embed import load_embedder
load_embedder({model!r}, Path({cache!r}), precision={precision!r}, device={device!r}).embed_query({query!r})
"""
THEIRS = """
from sentence_transformers import SentenceTransformer
SentenceTransformer({folder!r}, device="cpu").encode({query!r})
"""
SERVING = re.compile(r"http://127\.0\.0\.1:(\d+)")


def main(given: list[str] | None = None) -> None:
    """Print seconds, processor seconds and megabytes of both sides."""
    options = benchmark_options(__doc__).parse_args(given)
    settings = IngestSettings()
    load_own_embedder(settings).embed_query(QUERY)  # converts and compiles the model where that was not done before
    rows = measure(settings, 1 if options.quick else 5)
    print_benchmark("cold-start", rows, as_json=options.json)


def measure(settings: IngestSettings, rounds: int) -> list[BenchmarkRow]:
    """Start each side `rounds` times in turn."""
    ours = OURS.format(
        model=settings.embedding_model,
        cache=str(settings.models_folder.resolve()),
        precision=settings.embedding_precision,
        device=settings.device,
        query=QUERY,
    )
    theirs = THEIRS.format(folder=str(find_model_files(settings.embedding_model).folder), query=QUERY)
    runs: dict[str, list[list[float]]] = {ours: [], theirs: []}
    for program in [ours, theirs] * (rounds + 1):
        runs[program].append(_run(program))
    own, peer = ([statistics.median(figures) for figures in zip(*runs[side][1:], strict=True)] for side in runs)
    return [
        _row("seconds to the first query vector", own[0], peer[0], GOAL_SECONDS),
        _row("processor seconds to the first query vector", own[2], peer[2], None),
        _row("peak memory, MB", own[1], peer[1], GOAL_MEMORY),
        BenchmarkRow(
            "seconds until a server answers /readyz, empty database", _server_seconds(settings, max(1, rounds // 2))
        ),
    ]


def _row(what: str, ours: float, peer: float, goal: float | None) -> BenchmarkRow:
    """A figure of which less is better; the ratio says how many times less ours is."""
    ratio = peer / ours
    return BenchmarkRow(what, ours, peer, PEER, ratio, goal, None if goal is None else ratio >= goal)


def _run(program: str) -> list[float]:
    """Seconds from the start of a process to the end of its program, its peak memory in MB, its processor seconds."""
    started = time.time()
    run = subprocess.run(  # noqa: S603
        [sys.executable, "-c", program + REPORT], capture_output=True, text=True, check=True, env=_environment()
    )
    ended, megabytes, processor_seconds = json.loads(run.stdout.splitlines()[-1])
    return [ended - started, megabytes, processor_seconds]


def _environment(**more: str) -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if key != "OPENBLAS_CORETYPE"} | more


def _server_seconds(settings: IngestSettings, rounds: int) -> float:
    """Median seconds from the start of `footnote serve` to the first 200 of /readyz."""
    with tempfile.TemporaryDirectory(prefix="footnote-") as root:
        environment = _environment(
            FOOTNOTE_DATA_DIR=root, FOOTNOTE_DATABASE_URL="", FOOTNOTE_MODEL_CACHE=str(settings.models_folder.resolve())
        )
        return statistics.median([_serve_once(environment) for _ in range(rounds + 1)][1:])


def _serve_once(environment: dict[str, str]) -> float:
    started = time.monotonic()
    command = [sys.executable, "-m", "api.cli", "serve", "--no-worker", "--port", "0"]
    process = subprocess.Popen(  # noqa: S603
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    try:
        with process.stderr as lines:
            port = next(match[1] for line in lines if (match := SERVING.search(line)))
            while not _is_ready(port):
                if time.monotonic() - started > READY_SECONDS:
                    raise TimeoutError(f"The server was not ready after {READY_SECONDS:g} s.")
                time.sleep(0.01)
            return time.monotonic() - started
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _is_ready(port: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=10) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, ConnectionError):
        return False


if __name__ == "__main__":
    main()
