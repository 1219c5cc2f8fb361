"""A small company with a real server: people, nested groups, an open document and one that only payroll may read."""

import io
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import uvicorn
from fpdf import FPDF

from api.app import create_app
from api.identity import add_member, create_group, create_key, create_user, find_user
from api.migrate import migrate
from api.runtime import AppParts, SearchParts
from api.settings import ApiSettings
from generation.answer import Answerer
from generation.extractive import Extractive
from generation.llm import LLM
from ingest.database import Database
from ingest.documents import add_version
from ingest.embed import Embedder
from ingest.embedding_models import EmbeddingModels
from ingest.pipeline import Ingestion
from ingest.replica import Replica
from ingest.sandbox import Sandbox
from ingest.storage import Originals, open_data_folder
from ingest.worker import run_worker
from retrieval.search import Searcher

PASSWORD = "a long enough password"
MAX_UPLOAD_BYTES = 200_000
CANARY = "Quicksilver"
HIDDEN_NAME = "merger-plan.pdf"
HIDDEN_TEXT = (
    f"The merger with {CANARY} Holdings closes on the ninth of March. "
    f"The purchase price of {CANARY} is forty million euros, paid in three parts."
)
OPEN_TEXT = b"# Travel\n\nA hotel night is paid up to 140 euros. Book trains instead of flights below 600 kilometres.\n"
HIDDEN_QUESTION = f"What is the purchase price of {CANARY}?"


@dataclass(frozen=True)
class Office:
    """A running server and what its tests need to know of it."""

    url: str
    parts: AppParts
    ingestion: Ingestion
    open_id: str
    hidden_id: str

    @property
    def database(self) -> Database:
        """The server's database."""
        return self.parts.database

    def client(self, name: str | None = None) -> httpx.Client:
        """A client with the key of a person called `name`, or a stranger's; close it."""
        headers = {}
        if name is not None:
            with self.database.write() as session:
                key, _ = create_key(session, find_user(session, email(name)), "test")
            headers["Authorization"] = f"Bearer {key}"
        return httpx.Client(base_url=self.url, headers=headers, timeout=30)

    @contextmanager
    def browser(self, name: str) -> Iterator[httpx.Client]:
        """A client that signed in with a password and sends what a browser on our page sends."""
        headers = {"Origin": self.url, "Sec-Fetch-Site": "same-origin"}
        with httpx.Client(base_url=self.url, headers=headers, timeout=30) as client:
            client.post("/v1/session", json={"email": email(name), "password": PASSWORD}).raise_for_status()
            yield client

    def work(self) -> None:
        """Do every job that waits."""
        run_worker(self.ingestion, threading.Event(), until_idle=True)

    def add(self, content: bytes, filename: str, readers: list[str], collection: str = "default") -> str:
        """Ingest a file; returns the document's id."""
        originals = self.parts.originals
        staged = originals.stage(io.BytesIO(content), filename)
        with self.database.write() as session:
            added = add_version(session, originals, staged, filename=filename, collection=collection, readers=readers)
        self.work()
        return added.document.id


def email(name: str) -> str:
    """The e-mail address of a person of the company."""
    return f"{name}@example.org"


def pdf_of(text: str) -> bytes:
    """A PDF with one page of text."""
    pdf = FPDF()
    pdf.set_title("Merger plan")
    pdf.add_page()
    pdf.set_font("helvetica", size=12)
    pdf.multi_cell(0, 8, text)
    return bytes(pdf.output())


def add_people(database: Database) -> None:
    """Ann reads payroll's documents through a group in a group; Bob, the admin Boss and the evaluator Eve do not."""
    with database.write() as session:
        for group in ("payroll", "finance"):
            create_group(session, group)
        create_user(session, email("ann"), PASSWORD, name="Ann", groups=["payroll"])
        create_user(session, email("bob"), PASSWORD, name="Bob")
        create_user(session, email("eve"), PASSWORD, name="Eve", is_evaluator=True)
        create_user(session, email("boss"), PASSWORD, name="Boss", is_admin=True)
        add_member(session, "finance", "group:payroll")


@contextmanager
def serving(parts: AppParts) -> Iterator[str]:
    """The app on a free port of this machine; yields its address once it answers."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    config = uvicorn.Config(create_app(parts), log_config=None, lifespan="on", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        wait_until(lambda: server.started)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


def wait_until(condition: Callable[[], bool], seconds: float = 20) -> None:
    """Wait for something that happens elsewhere; fail when it does not."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.02)


@dataclass(frozen=True)
class Furnished:
    """A data folder that no server uses, and the ids of its documents."""

    root: Path
    open_id: str
    hidden_id: str


@contextmanager
def opened(root: Path, embedder: Embedder, sandbox: Sandbox, llm: LLM | None = None) -> Iterator[Office]:
    """An office over a data folder, made where missing, without a server."""
    folder = open_data_folder(root)
    url = f"sqlite:///{folder.root / 'footnote.db'}"
    migrate(url)
    database = Database(url)
    originals = Originals(folder, max_bytes=MAX_UPLOAD_BYTES, min_free_bytes=0)
    replica = Replica(folder.indexes, embedder.model_id, embedder.dimension)

    def load_search() -> SearchParts:
        with database.read() as session:
            replica.open(session)
        searcher = Searcher(replica, embedder)
        return SearchParts(replica, searcher, Answerer(database, searcher, embedder, llm or Extractive()))

    parts = AppParts(
        settings=ApiSettings(),
        folder=folder,
        database=database,
        originals=originals,
        sandbox=sandbox,
        max_upload_bytes=MAX_UPLOAD_BYTES,
        load_search=load_search,
    )
    try:
        yield Office("", parts, Ingestion(database, originals, sandbox, EmbeddingModels.of(database, embedder)), "", "")
    finally:
        replica.close()
        database.close()


@contextmanager
def running(
    furnished: Furnished, root: Path, embedder: Embedder, sandbox: Sandbox, llm: LLM | None = None
) -> Iterator[Office]:
    """A server over a copy of a furnished folder."""
    shutil.copytree(furnished.root, root)
    with opened(root, embedder, sandbox, llm) as office, serving(office.parts) as url:
        yield replace(office, url=url, open_id=furnished.open_id, hidden_id=furnished.hidden_id)
