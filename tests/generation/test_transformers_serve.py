"""`transformers serve`, a real server of another project, asked with OpenAI's protocol."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from generation.chat import Ended, Parameters
from generation.deadline import Deadline
from generation.models import load_llm, read_access
from generation.openai_llm import OpenAIChat
from generation.pieces import CallPiece, RawPiece
from generation.prompt import build_prompt
from generation.token_bound import bound_tokens
from tests.generation.assignments import assign, write
from tests.generation.tiny_model import make_tiny_model


@dataclass(frozen=True)
class ServedModel:
    """A running server's address, its process and the name of its model."""

    url: str
    process: subprocess.Popen[bytes]
    name: str

    @property
    def cpu_seconds(self) -> float:
        """What the process has computed so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def is_idle(self) -> bool:
        """Whether it computes nothing for a moment."""
        before = self.cpu_seconds
        time.sleep(0.3)
        return self.cpu_seconds - before < 0.1


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedModel]:
    folder = make_tiny_model(tmp_path_factory.mktemp("served"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = Path(sys.executable).with_name("transformers")
    command = [str(program), "serve", "--host", "127.0.0.1", "--port", str(port), "--device", "cpu"]
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ | {"HF_HUB_OFFLINE": "1"}
    )
    try:
        wait_until(lambda: answers(f"http://127.0.0.1:{port}/health"))
        yield ServedModel(f"http://127.0.0.1:{port}/v1", process, str(folder))
    finally:
        process.kill()
        process.wait()


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as response:
            return response.status == 200
    except (urllib.error.URLError, OSError):
        return False


def wait_until(condition: Callable[[], bool], seconds: float = 90) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.1)


def test_text_of_a_served_model_is_streamed(served: ServedModel) -> None:
    prompt = build_prompt("answer-1", assign(), budget_tokens=7000, count_tokens=bound_tokens)
    parts = list(OpenAIChat(served.name, "", served.url).stream(prompt, Parameters(max_tokens=40), Deadline(60)))
    assert isinstance(parts[-1], Ended)
    assert len(parts) > 3


def test_served_model_writes_through_the_whole_writer(served: ServedModel) -> None:
    access = read_access(served.url, "")
    parameters = Parameters(temperature=0.7, seed=3, max_tokens=40)
    pieces = write(load_llm(f"openai:{served.name}", access=access, parameters=parameters))
    assert isinstance(pieces[0], CallPiece)
    assert pieces[0].parameters == {"temperature": 0.7, "seed": 3, "max_tokens": 40}
    assert any(isinstance(piece, RawPiece) and piece.text for piece in pieces)


def test_closing_stops_the_served_model(served: ServedModel) -> None:
    prompt = build_prompt("answer-1", assign(), budget_tokens=7000, count_tokens=bound_tokens)
    parts = OpenAIChat(served.name, "", served.url).stream(prompt, Parameters(max_tokens=15_000), Deadline(120))
    for _ in range(20):
        next(parts)
    wait_until(lambda: not served.is_idle(), 20)
    parts.close()
    wait_until(served.is_idle, 10)
