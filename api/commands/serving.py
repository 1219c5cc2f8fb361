"""`footnote serve`, `footnote worker` and `footnote demo`: the running processes."""

import errno
import logging
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from importlib.resources import as_file, files
from typing import Annotated

import typer
import uvicorn
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.app import create_app
from api.commands.asking import answer_question, print_answer
from api.commands.console import command, messages, out, set_up_logging
from api.commands.ingest_run import folder_file, ingest_files
from api.handbook_questions import HANDBOOK_COLLECTION, handbook_questions
from api.identity import create_user, update_user
from api.parts import Parts
from api.tables import User
from generation.options import AnswerOptions
from ingest.documents import EVERYONE, delete_unreferenced_originals
from ingest.errors import FootnoteError
from ingest.folder import FolderRule, list_folder
from ingest.storage import hold_server_lock
from ingest.worker import run_worker, stop_with_parent
from retrieval.filters import SearchFilters

logger = logging.getLogger(__name__)

DEMO_EMAIL = "demo@footnote.example"
RESTART_SECONDS = 1.0
STOP_SECONDS = 10.0

NoWorkerOption = Annotated[bool, typer.Option("--no-worker", help="Leave the work to `footnote worker` elsewhere.")]
HostOption = Annotated[str | None, typer.Option(help="Address to listen on, instead of FOOTNOTE_HOST.")]
PortOption = Annotated[int | None, typer.Option(help="Port to listen on, instead of FOOTNOTE_PORT.")]


def serve(host: HostOption = None, port: PortOption = None, no_worker: NoWorkerOption = False) -> None:
    """Serve the page and the API, and work on uploads in a second process."""
    with command() as parts:
        _serve(parts, host, port, with_worker=not no_worker)


def _serve(parts: Parts, host: str | None, port: int | None, *, with_worker: bool) -> None:
    settings = parts.api_settings
    set_up_logging(settings.log_level)
    with ExitStack() as stack:
        stack.enter_context(hold_server_lock(parts.folder))
        listening = stack.enter_context(_listen(host or settings.host, settings.port if port is None else port))
        app = create_app(parts.app_parts())
        _hint_at_first_admin(parts)
        if with_worker:
            stack.enter_context(_WorkerProcess())
        address, bound_port = listening.getsockname()[:2]
        shown = f"[{address}]" if ":" in address else address
        messages.print(f"Footnote is on http://{shown}:{bound_port}  (stop it with Ctrl+C)")
        config = uvicorn.Config(
            app, log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=3, lifespan="on"
        )
        uvicorn.Server(config).run(sockets=[listening])


def _listen(host: str, port: int) -> socket.socket:
    """A listening socket.

    Raises:
        FootnoteError: the port is in use, or the address is not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(1024)
    except OSError as error:
        listening.close()
        if error.errno == errno.EADDRINUSE:
            raise FootnoteError(
                f"Port {port} is in use; stop what uses it, or choose another with --port or FOOTNOTE_PORT."
            ) from error
        raise FootnoteError(
            f"Cannot listen on {host} port {port} ({error.strerror}); set FOOTNOTE_HOST and FOOTNOTE_PORT."
        ) from error
    return listening


def _hint_at_first_admin(parts: Parts) -> None:
    with parts.database.read() as session:
        if session.scalar(select(User.id).where(User.is_admin).limit(1)) is None:
            messages.print("Nobody can sign in as admin yet: run [bold]footnote user create EMAIL --admin[/bold]")


class _WorkerProcess:
    """A worker in a process of its own, started again when it ends; it ends with this process."""

    def __init__(self) -> None:
        self._stopping = threading.Event()
        self._process = self._start()
        self._thread = threading.Thread(target=self._supervise, name="worker-supervisor", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    @staticmethod
    def _start() -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-m", "api.cli", "worker", "--with-parent"])

    def _supervise(self) -> None:
        while not self._stopping.is_set():
            code = self._process.wait()
            if not self._stopping.wait(RESTART_SECONDS):
                logger.warning("the worker ended with code %d and was started again", code)
                self._process = self._start()


def worker(
    with_parent: Annotated[bool, typer.Option("--with-parent", help="Stop when the starting process ends.")] = False,
) -> None:
    """Work on uploads until stopped; several workers may share one database."""
    with command() as parts:
        set_up_logging(parts.api_settings.log_level)
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        if with_parent:
            stop_with_parent(stop)
        n_deleted = delete_unreferenced_originals(parts.database, parts.originals)
        if n_deleted:
            logger.info("deleted %d originals of removed documents", n_deleted)
        run_worker(parts.ingestion, stop)


def demo(
    no_serve: Annotated[bool, typer.Option("--no-serve", help="Stop after the answer.")] = False,
    host: HostOption = None,
    port: PortOption = None,
) -> None:
    """Ingest the bundled handbook, answer a first question from it, and serve the page."""
    started = time.monotonic()
    with command() as parts, as_file(files("api") / "handbook") as handbook:
        out.print("[bold]Reading the handbook[/bold]")
        rule = FolderRule(frozenset({EVERYONE}), HANDBOOK_COLLECTION)
        found = [folder_file(file) for file in list_folder(handbook, rule).files]
        readable = [file for file in found if file.path.suffix in (".md", ".html", ".pdf")]
        ended = ingest_files(parts, readable)
        if any(file.status == "failed" for file in ended):
            raise FootnoteError("The handbook could not be read whole; `footnote doctor` says what is missing.")
        question = handbook_questions()[0]
        out.print(f"\n[bold]Question[/bold]  {question}\n")
        options = AnswerOptions(SearchFilters(collections=(HANDBOOK_COLLECTION,)))
        print_answer(answer_question(parts, question, None, options))
        password = _demo_password(parts)
        out.print(f"\nReady after {time.monotonic() - started:.1f} s.")
        if no_serve:
            return
        out.print(f"Sign in as [bold]{DEMO_EMAIL}[/bold] with the password [bold]{password}[/bold]")
        _serve(parts, host, port, with_worker=True)


def _demo_password(parts: Parts) -> str:
    """The demo admin's password, made on the first run and kept in the data folder."""
    kept = parts.folder.root / "demo-password"
    if not kept.exists():
        kept.touch(mode=0o600)
        kept.write_text(secrets.token_urlsafe(12))
    password = kept.read_text()
    with parts.database.write() as session:
        _set_demo_password(session, password)
    return password


def _set_demo_password(session: Session, password: str) -> None:
    user = session.scalar(select(User).where(User.email == DEMO_EMAIL))
    if user is None:
        create_user(session, DEMO_EMAIL, password, name="Demo", is_admin=True)
    elif user.password_hash is None:
        update_user(session, user, password=password)
