"""What an isolated process can no longer do; each probe runs in a process of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

from ingest.isolation import isolate

PROBE = """
import json, os, socket, sys, signal
from pathlib import Path
from ingest.isolation import isolate
parent = os.getppid()
readable = [Path(sys.prefix), Path(sys.base_prefix), Path("/usr"), Path("/lib")]
isolate(memory_bytes=1 << 30, cpu_seconds=1, file_bytes=1000, readable=readable{more})
try:
    {attempt}
except (OSError, MemoryError) as error:
    print("refused", type(error).__name__)
else:
    print("done")
"""


def attempt(statement: str, folder: Path, more: str = "") -> subprocess.CompletedProcess[str]:
    """Isolate a fresh interpreter in `folder`, with `more` arguments, and have it try one statement."""
    root = str(Path(__file__).parents[2])
    return subprocess.run(
        [sys.executable, "-c", PROBE.format(attempt=statement, more=more)],
        capture_output=True,
        text=True,
        cwd=folder,
        env={"PYTHONPATH": root},
        timeout=30,
        check=False,
    )


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's means are Linux's")
@pytest.mark.parametrize(
    "statement",
    [
        pytest.param("socket.socket(socket.AF_INET, socket.SOCK_STREAM)", id="internet socket"),
        pytest.param("socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)", id="database socket"),
        pytest.param("os.fork()", id="fork"),
        pytest.param("os.execv('/bin/true', ['true'])", id="other program"),
        pytest.param("open('written', 'w')", id="write a file"),
        pytest.param("open('secret.txt').read()", id="read another file"),
        pytest.param("os.listdir('.')", id="list a folder"),
        pytest.param("os.unlink('secret.txt')", id="delete a file"),
        pytest.param("os.kill(parent, signal.SIGTERM)", id="kill the parent"),
        pytest.param("bytearray(2 << 30)", id="two gigabytes"),
        pytest.param("[open(os.devnull) for _ in range(100)]", id="many files"),
    ],
)
def test_an_isolated_process_is_refused(tmp_path: Path, statement: str) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    outcome = attempt(statement, tmp_path)
    assert outcome.stdout.startswith("refused"), outcome


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's means are Linux's")
@pytest.mark.parametrize(
    ("statement", "outcome"),
    [
        pytest.param("socket.socket(socket.AF_UNIX).bind('made')", "done", id="make a local socket"),
        pytest.param("socket.socket(socket.AF_INET, socket.SOCK_DGRAM)", "refused", id="internet socket"),
        pytest.param("socket.socket(socket.AF_UNIX).connect('database')", "refused", id="connect to a socket"),
        pytest.param("open('written', 'w')", "refused", id="write a file"),
    ],
)
def test_a_process_that_may_make_local_sockets_can_only_that(tmp_path: Path, statement: str, outcome: str) -> None:
    assert attempt(statement, tmp_path, f", sockets_in=Path({str(tmp_path)!r})").stdout.startswith(outcome)


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's means are Linux's")
def test_a_busy_loop_ends_at_the_limit_of_computing(tmp_path: Path) -> None:
    assert attempt("exec('while True: pass')", tmp_path).returncode < 0


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's means are Linux's")
def test_an_isolated_process_still_reads_what_it_was_given(tmp_path: Path) -> None:
    assert attempt("open(os.__file__).read()", tmp_path).stdout.startswith("done")


def test_isolation_is_asked_for_by_keyword_only() -> None:
    with pytest.raises(TypeError):
        isolate(1, 2, 3, [])  # type: ignore[misc]
