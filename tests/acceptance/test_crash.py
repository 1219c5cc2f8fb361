"""Crashes: whatever is killed and whenever, an acknowledged upload becomes searchable, exactly once."""

import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest

N_DOCUMENTS = 60
SERVING = re.compile(rb"http://127\.0\.0\.1:(\d+)")


class KilledServer:
    """A server with its worker in one process group, which is killed and started again on the same data."""

    def __init__(self, data_dir: Path) -> None:
        self.environment = {**os.environ, "FOOTNOTE_DATA_DIR": str(data_dir)}
        self.log = (data_dir.parent / "server.log").open("ab")
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "api.cli", "serve", "--port", "0"],
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.log.write(line)
            if match := SERVING.search(line):
                self.url = f"http://127.0.0.1:{int(match[1])}"
                break
        else:
            pytest.fail("the server ended before it served; see server.log")
        self.draining = threading.Thread(target=self._drain, args=(self.process,), daemon=True)
        self.draining.start()

    def _drain(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stderr is not None
        with process.stderr:
            for line in process.stderr:
                self.log.write(line)

    def kill(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.draining.join()

    def command(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "api.cli", *arguments], env=self.environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout


def content_of(number: int) -> bytes:
    filler = " ".join(f"Paragraph {i} says that rule {i} of the handbook applies on workdays." for i in range(60))
    return f"# Rule {number}\n\nThe code word of this rule is quokka{number:04d}x.\n\n{filler}\n".encode()


class Uploader:
    """Uploads every document over and over until each was acknowledged once."""

    def __init__(self, key: str) -> None:
        self.headers = {"Authorization": f"Bearer {key}"}
        self.acknowledged: dict[int, str] = {}

    def upload_next(self, url: str, number: int) -> None:
        files = {"file": (f"rule-{number}.md", content_of(number), "text/markdown")}
        try:
            answer = httpx.post(f"{url}/v1/documents", files=files, headers=self.headers, timeout=10)
        except httpx.TransportError:
            return
        if answer.status_code == 202:
            self.acknowledged[number] = answer.json()["id"]


def upload_until_killed(server: KilledServer, uploader: Uploader, seconds: float) -> None:
    """Upload what is not acknowledged yet while the clock runs, then kill everything in the middle of it."""
    timer = threading.Timer(seconds, server.kill)
    timer.start()
    missing = [number for number in range(N_DOCUMENTS) if number not in uploader.acknowledged]
    for number in missing[:6]:
        if not timer.is_alive():
            break
        uploader.upload_next(server.url, number)
    timer.join()


def wait_until_ended(url: str, headers: dict[str, str]) -> dict[str, str]:
    """Wait until no document is queued or running; the status of each by file name."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        answer = httpx.get(f"{url}/v1/documents?limit=200", headers=headers, timeout=30).json()
        statuses = {item["filename"]: item["status"] for item in answer["items"]}
        if not {"queued", "running"} & set(statuses.values()):
            return statuses
        time.sleep(0.5)
    pytest.fail(f"still working after 120 s: {statuses}")


@pytest.mark.parametrize(
    "n_kills", [pytest.param(20, id="20_kills"), pytest.param(200, id="200_kills", marks=pytest.mark.nightly)]
)
def test_no_acknowledged_upload_is_lost_or_doubled_when_everything_is_killed(tmp_path: Path, n_kills: int) -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    moments = random.Random(seed)
    server = KilledServer(tmp_path / "data")
    server.command("user", "create", "ann@example.org", "--admin", "--json")
    key = json.loads(server.command("key", "create", "ann@example.org", "--json"))["key"]
    uploader = Uploader(key)
    for _ in range(n_kills):
        upload_until_killed(server, uploader, moments.uniform(0.1, 2.0))
        server.start()
    for number in range(N_DOCUMENTS):
        uploader.upload_next(server.url, number)
    try:
        assert len(uploader.acknowledged) == N_DOCUMENTS
        statuses = wait_until_ended(server.url, uploader.headers)
        assert statuses == {f"rule-{number}.md": "searchable" for number in range(N_DOCUMENTS)}
        found = {
            number: documents_with_code_word(server.url, uploader.headers, number) for number in range(N_DOCUMENTS)
        }
        assert found == {number: [uploader.acknowledged[number]] for number in range(N_DOCUMENTS)}
        assert json.loads(server.command("index", "verify", "--json"))["matches"] is True
    finally:
        server.kill()
        server.log.close()


def documents_with_code_word(url: str, headers: dict[str, str], number: int) -> list[str]:
    """The document of every found passage that has the code word; one entry a passage, so that doubles show."""
    word = f"quokka{number:04d}x"
    answer = httpx.post(f"{url}/v1/search", json={"query": word, "k": 20}, headers=headers, timeout=30)
    return [hit["document_id"] for hit in answer.json()["hits"] if word in hit["text"]]
