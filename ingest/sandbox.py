"""Parse and draw foreign files in throw-away children with limits; nothing of a file is interpreted in this process."""

import base64
import contextlib
import itertools
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO, Any, Self, cast, get_args

from ingest.answers import AnswerInvalid, read_boxes, read_document, read_text
from ingest.errors import ErrorClass, FileRejected, LeaseLost
from ingest.parsed import ParsedDocument
from ingest.programs import Program, Programs

_READ_BYTES = 1 << 20
_GRACE_SECONDS = 5.0
_ATTEMPTS = 3
_STOP_SECONDS = 0.1
_ERROR_CLASSES = frozenset(get_args(ErrorClass))


@dataclass(frozen=True)
class SandboxLimits:
    """The limits of one child."""

    memory_bytes: int = 1 << 30  # address space
    cpu_seconds: int = 60
    wall_seconds: float = 90.0
    file_bytes: int = 500_000_000  # what may be unpacked
    answer_bytes: int = 400_000_000


class _ServerGone(Exception):
    """The fork server has ended."""


@dataclass(frozen=True)
class _Outcome:
    """How a child ended: its answer if it gave one, else the signal that ended it, or 0."""

    answer: bytes | None
    signal_number: int = 0
    exit_code: int = 0
    peak_bytes: int = 0
    timed_out: bool = False
    too_long: bool = False


class Sandbox:
    """A fork server with the parsers loaded, started at the first use and again whenever it has ended.

    `scratch` is the working folder of the server and its children; they cannot write to it where the kernel
    has Landlock. `programs` are those of the system that may read files, too. Threads may share one sandbox. Close
    it, or use it as a context manager.
    """

    def __init__(self, scratch: Path, limits: SandboxLimits | None = None, programs: Programs | None = None) -> None:
        self.scratch = scratch
        scratch.mkdir(parents=True, exist_ok=True)
        self.programs = programs or Programs()
        self.limits = limits or SandboxLimits()
        self._lock = threading.Lock()
        self._ids = itertools.count(1)
        self._process: subprocess.Popen[bytes] | None = None
        self._channel: socket.socket | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def parse(
        self,
        path: Path,
        filename: str,
        attachments: IO[bytes] | None = None,
        stop: threading.Event | None = None,
    ) -> ParsedDocument:
        """Parse the file at `path`, called `filename` by people. Raises FileRejected with class and sentence.

        The files in it are written to `attachments`, at the places that the document's attachments name; without
        that a mail's are only named, and no archive is opened. The parser is killed soon after `stop` is set.

        Raises:
            LeaseLost: `stop` was set.
        """
        outputs = [] if attachments is None else [attachments.fileno()]
        answer = self._ask("parse", path, filename, outputs=outputs, stop=stop)
        attached_bytes = 0 if attachments is None else os.fstat(attachments.fileno()).st_size
        try:
            return read_document(answer.get("document"), attached_bytes=attached_bytes)
        except AnswerInvalid as error:
            raise FileRejected(
                "internal", f"{filename}: the parser's answer is damaged ({error}); try again."
            ) from error

    def render_page(self, path: Path, page: int, scale: float) -> bytes:
        """A page (from 1) of a PDF or image as PNG at `scale` pixels per point. Raises FileRejected."""
        answer = self._ask("render", path, path.name, page=page, scale=scale)
        image = base64.b64decode(read_text(answer.get("image")), validate=True)
        if not image.startswith(b"\x89PNG\r\n\x1a\n"):
            raise FileRejected("internal", f"{path.name}: page {page} was drawn as no PNG; try again.")
        return image

    def find_boxes(self, path: Path, page: int) -> tuple[str, bytes]:
        """The text of a PDF's page (from 1) and the packed boxes of its characters. Raises FileRejected."""
        answer = self._ask("boxes", path, path.name, page=page)
        try:
            text = read_text(answer.get("text"))
            return text, read_boxes(answer.get("boxes"), len(text))
        except AnswerInvalid as error:
            raise FileRejected(
                "internal", f"{path.name}: the parser's answer is damaged ({error}); try again."
            ) from error

    def run_program(
        self,
        program: Program,
        source: IO[bytes],
        target: IO[bytes],
        *,
        filename: str,
        stop: threading.Event | None = None,
    ) -> None:
        """Have a program of the system read `source` and write `target`, on behalf of the file called `filename`.

        Raises:
            FileRejected: with the class of the limit that the program passed, or malformed where it failed.
            LeaseLost: `stop` was set.
        """
        outputs = [source.fileno(), target.fileno()]
        self._ask("run", Path(os.devnull), filename, outputs=outputs, program=program, stop=stop)

    def isolation(self) -> tuple[str, ...]:
        """The kernel's means that hold a child: limits, and where offered landlock, seccomp, network namespace."""
        answer = self._ask("probe", Path(os.devnull), "probe")
        return tuple(read_text(name) for name in cast(list[object], answer.get("held") or []))

    @property
    def server_pid(self) -> int | None:
        """The fork server's process id while one runs."""
        return self._process.pid if self._process is not None else None

    def close(self) -> None:
        """End the server and its children."""
        with self._lock:
            self._stop()

    def _ask(
        self,
        task: str,
        path: Path,
        filename: str,
        *,
        page: int = 0,
        scale: float = 1.0,
        outputs: Sequence[int] = (),
        program: Program | None = None,
        stop: threading.Event | None = None,
    ) -> dict[str, Any]:
        """Have a child do a task; its answer. `outputs` are descriptors that it may read or write.

        A `program` is what it becomes once it has answered.

        Raises:
            FileRejected: the child said so, or gave no answer.
            LeaseLost: `stop` was set.
        """
        limits = self.limits
        if program is not None:
            limits = replace(limits, memory_bytes=program.memory_bytes, cpu_seconds=program.cpu_seconds)
        request: dict[str, object] = {
            "task": task,
            "path": str(path.resolve()),
            "filename": filename,
            "page": page,
            "scale": scale,
            "memory_bytes": limits.memory_bytes,
            "cpu_seconds": limits.cpu_seconds,
            "file_bytes": limits.file_bytes,
            "program": None if program is None else asdict(program),
        }
        outcome = None
        for _ in range(_ATTEMPTS):  # the server may end under a request, whosever fault that is
            with contextlib.suppress(_ServerGone):
                outcome = self._run(request, outputs, stop)
                break
        if outcome is None:
            raise FileRejected("internal", f"{filename}: the parsing process ended {_ATTEMPTS} times; see the log.")
        if outcome.answer is None or (program is not None and outcome.signal_number):
            raise _rejection(outcome, filename, limits)
        answer = _read_answer(outcome.answer, filename, limits)
        if program is not None and outcome.exit_code:
            name = Path(program.arguments[0]).name
            raise FileRejected("malformed", f"{filename}: {name} cannot read it; open it in its program, save it anew.")
        return answer

    def _run(self, request: dict[str, object], outputs: Sequence[int], stop: threading.Event | None) -> _Outcome:
        """One child from start to end. Raises _ServerGone."""
        request_id = next(self._ids)
        answer_read, answer_write = os.pipe()
        end_read, end_write = os.pipe()
        try:
            try:
                self._send({**request, "id": request_id}, [answer_write, end_write, *outputs])
            finally:
                os.close(answer_write)
                os.close(end_write)
            return self._collect(request_id, answer_read, end_read, stop)
        finally:
            os.close(answer_read)
            os.close(end_read)

    def _collect(self, request_id: int, answer_read: int, end_read: int, stop: threading.Event | None) -> _Outcome:
        """Read a child's answer until it closes the pipe, within the limits of time and length, or until `stop`."""
        limits = self.limits
        deadline = time.monotonic() + limits.wall_seconds
        received = bytearray()
        timed_out = too_long = stopped = False
        while True:
            if not _wait_readable(answer_read, deadline, stop):
                stopped = stop is not None and stop.is_set()
                timed_out = not stopped
                break
            block = os.read(answer_read, _READ_BYTES)
            if not block:
                break
            received += block
            if len(received) > limits.answer_bytes + 8:
                too_long = True
                break
        if timed_out or too_long or stopped:
            self._send({"kill": request_id}, [])
        status, peak_bytes = self._read_end(end_read)
        if stopped:
            raise LeaseLost("Reading a file was stopped, because its job was cancelled or taken over.")
        complete = len(received) >= 8 and len(received) == 8 + int.from_bytes(received[:8], "big")
        return _Outcome(
            answer=bytes(received[8:]) if complete and not (timed_out or too_long) else None,
            signal_number=os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0,
            exit_code=os.WEXITSTATUS(status) if os.WIFEXITED(status) else 0,
            peak_bytes=peak_bytes,
            timed_out=timed_out,
            too_long=too_long,
        )

    def _read_end(self, end_read: int) -> tuple[int, int]:
        """A child's wait status and peak memory in bytes. Raises _ServerGone when the server ended before it."""
        if not _wait_readable(end_read, time.monotonic() + _GRACE_SECONDS):
            raise _ServerGone
        told = os.read(end_read, 64).split()
        if len(told) != 2:
            raise _ServerGone
        return int(told[0]), 1024 * int(told[1])

    def _send(self, message: dict[str, object], pipes: list[int]) -> None:
        """Send a message to the server, starting one where none runs. Raises _ServerGone."""
        with self._lock:
            if self._process is None or self._process.poll() is not None:
                self._stop()
                self._start()
            assert self._channel is not None
            try:
                socket.send_fds(self._channel, [json.dumps(message).encode()], pipes)
            except OSError as error:
                self._stop()
                raise _ServerGone from error

    def _start(self) -> None:
        """Start the fork server with an environment that holds no secrets."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        package_root = str(Path(__file__).resolve().parent.parent)
        environment = {
            "PATH": "/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "HOME": str(self.scratch.resolve()),
            "TMPDIR": str(self.scratch.resolve()),
            "PYTHONPATH": package_root,
            "PYTHONSAFEPATH": "1",
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
        }
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [sys.executable, "-m", "ingest.fork_server", str(theirs.fileno())],
                cwd=self.scratch,
                env=environment,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                start_new_session=True,
            )
            self._channel = ours
        finally:
            theirs.close()

    def _stop(self) -> None:
        """End the server, whose children end with it."""
        if self._channel is not None:
            self._channel.close()
            self._channel = None
        if self._process is not None:
            try:
                self._process.wait(_GRACE_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None


def _wait_readable(descriptor: int, deadline: float, stop: threading.Event | None = None) -> bool:
    """Whether a pipe has bytes, or has closed, before the deadline (monotonic seconds) and before `stop` is set."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    while not (stop is not None and stop.is_set()):
        left = max(0.0, deadline - time.monotonic())
        if poll.poll(1000 * (left if stop is None else min(left, _STOP_SECONDS))):
            return True
        if time.monotonic() >= deadline:
            return False
    return False


def _read_answer(answer: bytes, filename: str, limits: SandboxLimits) -> dict[str, Any]:
    """The JSON object of an answer. Raises FileRejected for an error that the child found, or for no JSON object."""
    try:
        fields = json.loads(answer)
    except ValueError as error:
        raise FileRejected("internal", f"{filename}: the parser's answer is no JSON; try again.") from error
    if not isinstance(fields, dict):
        raise FileRejected("internal", f"{filename}: the parser's answer is no object; try again.")
    error_class = fields.get("error")
    if error_class is None:
        return fields
    if error_class == "memory":
        raise _too_much_memory(filename, limits)
    if error_class not in _ERROR_CLASSES:
        raise FileRejected("internal", f"{filename}: the parser failed for an unknown reason; try again.")
    message = str(fields.get("message") or f"{filename}: the file is nested too deeply to be read; save it anew.")
    raise FileRejected(cast(ErrorClass, error_class), message[:2000])


def _rejection(outcome: _Outcome, filename: str, limits: SandboxLimits) -> FileRejected:
    """Why a child that gave no answer gave none."""
    if outcome.timed_out or outcome.signal_number == signal.SIGXCPU:
        spent = (
            f"{limits.wall_seconds:g} seconds" if outcome.timed_out else f"{limits.cpu_seconds} seconds of computing"
        )
        return FileRejected("timeout", f"{filename}: reading it took more than {spent}; split the file or simplify it.")
    if outcome.too_long:
        return FileRejected(
            "too_large", f"{filename}: its content is more than {limits.answer_bytes:,} bytes; split the file."
        )
    killed = outcome.signal_number == signal.SIGKILL  # by the kernel, which ran out of memory
    if killed or (outcome.signal_number and outcome.peak_bytes > 0.6 * limits.memory_bytes):
        return _too_much_memory(filename, limits)
    if outcome.signal_number:
        return FileRejected(
            "malformed", f"{filename}: the parser crashed on it; open it in its program, save it anew and upload that."
        )
    return FileRejected("internal", f"{filename}: the parser failed without saying why; try again and report the file.")


def _too_much_memory(filename: str, limits: SandboxLimits) -> FileRejected:
    return FileRejected(
        "memory", f"{filename}: reading it needs more than {limits.memory_bytes >> 20} MiB of memory; split the file."
    )
