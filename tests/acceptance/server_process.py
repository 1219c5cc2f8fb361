"""A real server with its worker, in processes that tests kill and start again on the same data."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

SERVING = re.compile(rb"http://127\.0\.0\.1:(\d+)")
ENDED = frozenset({"searchable", "failed"})


class ServerProcess:
    """`footnote serve` on a data folder; what it logs goes to `log`, else to `server.log` beside that folder."""

    def __init__(self, data_dir: Path, log: Path | None = None, **settings: str) -> None:
        self.data_dir = data_dir
        self.environment = {**os.environ, "FOOTNOTE_DATA_DIR": str(data_dir), **settings}
        self.log = log or data_dir.parent / "server.log"
        self._log = self.log.open("ab")
        self.headers: dict[str, str] = {}

    def start(self) -> None:
        """Start it and wait until it listens."""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "api.cli", "serve", "--port", "0"],
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self._log.write(line)
            if match := SERVING.search(line):
                self.url = f"http://127.0.0.1:{int(match[1])}"
                break
        else:
            pytest.fail(f"the server ended before it served:\n{self.log.read_text()[-2000:]}")
        self._draining = threading.Thread(target=self._drain, args=(self.process,), daemon=True)
        self._draining.start()

    def _drain(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stderr is not None
        with process.stderr:
            for line in process.stderr:
                self._log.write(line)
                self._log.flush()

    def kill(self) -> None:
        """Kill the server and everything that it started, at once."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self._draining.join()

    def kill_worker(self) -> None:
        """Kill the worker alone, if it runs at the moment; the server starts another."""
        for process_id in self.worker_ids():
            os.kill(process_id, signal.SIGKILL)

    def worker_ids(self) -> list[int]:
        """The worker's process; empty while none runs."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        threads = list(children.parent.parent.glob("*/children"))
        found = [int(text) for thread in threads for text in thread.read_text().split()]
        return [child for child in found if b"worker" in Path(f"/proc/{child}/cmdline").read_bytes()]

    def close(self) -> None:
        """Kill what runs and close the log."""
        if self.process.poll() is None:
            self.kill()
        self._log.close()

    def command(self, *arguments: str) -> str:
        """What a `footnote` command on the same data prints."""
        done = subprocess.run(
            [sys.executable, "-m", "api.cli", *arguments], env=self.environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout

    def add_admin(self) -> None:
        """Make an admin whose key every request of `client` and `upload` carries."""
        self.command("user", "create", "ann@example.org", "--admin", "--json")
        key = json.loads(self.command("key", "create", "ann@example.org", "--json"))["key"]
        self.headers = {"Authorization": f"Bearer {key}"}

    def client(self) -> httpx.Client:
        """A client with the admin's key; close it."""
        return httpx.Client(base_url=self.url, headers=self.headers, timeout=60)

    def upload(self, filename: str, content: bytes, **headers: str) -> httpx.Response:
        """Upload a file."""
        files = {"file": (filename, content)}
        return httpx.post(f"{self.url}/v1/documents", files=files, headers={**self.headers, **headers}, timeout=60)

    def documents(self) -> list[dict[str, Any]]:
        """Every document as the API shows it."""
        found: list[dict[str, Any]] = []
        cursor: str | None = ""
        with self.client() as client:
            while cursor is not None:
                page = client.get("/v1/documents", params={"limit": 200, "cursor": cursor}).raise_for_status().json()
                found, cursor = [*found, *page["items"]], page["next_cursor"]
        return found

    def wait_until_ended(self, seconds: float = 120) -> list[dict[str, Any]]:
        """Every document, once none waits or is worked on."""
        documents = self.documents()
        until = time.monotonic() + seconds
        while not {document["status"] for document in documents} <= ENDED:
            if time.monotonic() > until:
                waiting = [document["filename"] for document in documents if document["status"] not in ENDED]
                pytest.fail(f"still at work after {seconds:g} s: {waiting[:5]}")
            time.sleep(0.3)
            documents = self.documents()
        return documents

    def passages_with(self, word: str) -> list[str]:
        """The document of every found passage that has the word; an entry a passage, so that doubles show."""
        body = {"query": word, "k": 20}
        answer = httpx.post(f"{self.url}/v1/search", json=body, headers=self.headers, timeout=60).raise_for_status()
        return [hit["document_id"] for hit in answer.json()["hits"] if word in hit["text"]]


def wait_for(condition: Callable[[], object], seconds: float, what: str) -> float:
    """Seconds until a condition held, errors of the connection counting as not yet; fails after `seconds`."""
    started = time.monotonic()
    while time.monotonic() < started + seconds:
        try:
            if condition():
                return time.monotonic() - started
        except (httpx.TransportError, httpx.HTTPStatusError):
            pass
        time.sleep(0.05)
    pytest.fail(f"{what} did not happen within {seconds:g} s")
