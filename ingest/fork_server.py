"""The process that has the parsers loaded and forks a child for each file; run as `python -m ingest.fork_server FD`.

It takes requests from a socket, each with two pipes: one for the child's answer, one for the child's end; and
where the files in a file are wanted, with the descriptor of a file that they are written to. It lives in a network
namespace of its own where the kernel allows, reads no file itself, and ends with its socket.
"""

import base64
import contextlib
import gc
import json
import os
import select
import signal
import socket
import sys
import traceback
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ingest import isolation
from ingest.errors import FileRejected
from ingest.language import language_odds
from ingest.parse import draw_page, parse_file
from ingest.parsed import ParsedDocument
from ingest.parsers.attached import AttachmentWriter
from ingest.parsers.pdf import find_boxes
from ingest.programs import Program

MAX_REQUEST_BYTES = 65_536
_ANSWER_FD, _ATTACHMENTS_FD = 3, 4


@dataclass(frozen=True)
class Request:
    """What a child is to do, and its limits."""

    id: int
    task: str  # parse, render, boxes or run, or probe for what the kernel allows
    path: str
    filename: str
    page: int
    scale: float
    memory_bytes: int
    cpu_seconds: int
    file_bytes: int
    program: dict[str, Any] | None = None  # the fields of a `Program`, to run


def main(channel_fd: int) -> None:
    """Serve until the channel closes."""
    network = isolation.leave_network()
    language_odds("Loads the model before the first file.")
    gc.collect()
    gc.freeze()
    channel = socket.socket(fileno=channel_fd)
    _Server(channel, network=network).serve()


class _Server:
    """The children that run, by request, and the pipes on which their ends are told."""

    def __init__(self, channel: socket.socket, *, network: bool) -> None:
        self._channel = channel
        self._network = network
        self._children: dict[int, int] = {}  # request id → process id
        self._ends: dict[int, int] = {}  # process id → pipe
        self._wake_read, wake_write = os.pipe()
        os.set_blocking(wake_write, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)

    def serve(self) -> None:
        try:
            while True:
                readable, _, _ = select.select([self._channel.fileno(), self._wake_read], [], [])
                if self._wake_read in readable:
                    os.read(self._wake_read, 4096)
                    self._reap()
                if self._channel.fileno() in readable and not self._take():
                    return
        finally:
            for process_id in self._children.values():
                _kill_group(process_id)

    def _take(self) -> bool:
        """Take one request; False when the channel has closed."""
        message, pipes, _, _ = socket.recv_fds(self._channel, MAX_REQUEST_BYTES, 4)
        if not message:
            return False
        fields = json.loads(message)
        if "kill" in fields:
            process_id = self._children.get(fields["kill"])
            if process_id is not None:
                _kill_group(process_id)
            return True
        request, answer, end, files = Request(**fields), pipes[0], pipes[1], pipes[2:]
        process_id = os.fork()
        if process_id == 0:
            _run_child(request, [answer, *files], network=self._network)
        for descriptor in (answer, *files):
            os.close(descriptor)
        self._children[request.id], self._ends[process_id] = process_id, end
        return True

    def _reap(self) -> None:
        """Tell the ends of all children that have ended: wait status and largest resident size in KiB."""
        while self._ends:
            process_id, status, usage = os.wait4(-1, os.WNOHANG)
            if process_id == 0:
                return
            end = self._ends.pop(process_id)
            with contextlib.suppress(BrokenPipeError):
                os.write(end, f"{status} {usage.ru_maxrss}".encode())
            os.close(end)
            self._children = {key: value for key, value in self._children.items() if value != process_id}


def _kill_group(process_id: int) -> None:
    """Kill a child that is not reaped yet, and all of its session."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(process_id, signal.SIGKILL)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process_id, signal.SIGKILL)


def _run_child(request: Request, outputs: list[int], *, network: bool) -> None:
    """Isolate this process, do the request, answer, and end; never returns.

    `outputs` are the answer's pipe and the files that came with the request: for attachments, or a program's two.
    """
    code = 1
    try:
        isolation.die_with_parent()
        os.setsid()
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        _keep_only(outputs)
        if request.program is not None:
            _become(Program(**request.program))
        held = isolation.isolate(
            memory_bytes=request.memory_bytes,
            cpu_seconds=request.cpu_seconds,
            file_bytes=request.file_bytes,
            readable=[*_library_folders(), Path(request.path)],
        )
        held = [*held, "network namespace"] if network else held
        with _attachments(wanted=len(outputs) > 1) as attachments:
            answer = _answer(request, held, attachments)
        _send(answer)
        code = 0
    finally:
        error = sys.exception()
        if error is not None:
            _send(
                {
                    "error": "internal",
                    "message": f"{request.filename}: the parser failed at {_place(error)}; report it.",
                }
            )
        os._exit(code)


def _become(program: Program) -> None:
    """Turn this process into a program of the system that reads the one descriptor and writes the other.

    The answer says that it was started; how it ended is told by its exit. Never returns.
    """
    for descriptor, standard in ((_ANSWER_FD + 1, 0), (_ANSWER_FD + 2, 1)):
        os.dup2(descriptor, standard)
        os.lseek(standard, 0, os.SEEK_SET)
        os.close(descriptor)
    os.ftruncate(1, 0)  # what an earlier attempt wrote
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    if program.folder is not None:
        os.chdir(program.folder)
    isolation.isolate(
        memory_bytes=program.memory_bytes,
        cpu_seconds=program.cpu_seconds,
        file_bytes=program.file_bytes,
        readable=[Path(path) for path in program.readable],
        executable=[Path(path) for path in program.executable],
        writable=None if program.folder is None else Path(program.folder),
        sockets_in=None if program.sockets_in is None else Path(program.sockets_in),
    )
    os.write(_ANSWER_FD, _framed({"started": True}))
    try:
        os.execve(program.arguments[0], program.arguments, program.environment)  # noqa: S606 - no shell
    finally:
        os._exit(1)


def _send(answer: dict[str, object]) -> None:
    with os.fdopen(_ANSWER_FD, "wb") as pipe:
        pipe.write(_framed(answer))


def _framed(answer: dict[str, object]) -> bytes:
    """An answer as it goes through the pipe: its length in 8 bytes, then JSON."""
    payload = json.dumps(answer).encode()
    return len(payload).to_bytes(8, "big") + payload


def _place(error: BaseException) -> str:
    """The kind of an error and the line that raised it, without its text, which may quote the document."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "an unknown place"
    return f"{where} ({type(error).__name__})"


def _keep_only(outputs: list[int]) -> None:
    """Close every descriptor but `outputs`, which become 3 and up; the standard ones lead nowhere."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for position, output in enumerate(outputs):
        os.dup2(output, 60 + position)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    for position in range(len(outputs)):
        os.dup2(60 + position, _ANSWER_FD + position)
    os.closerange(_ANSWER_FD + len(outputs), os.sysconf("SC_OPEN_MAX"))


@contextlib.contextmanager
def _attachments(*, wanted: bool) -> Iterator[AttachmentWriter | None]:
    """What writes attachments to the descriptor that came with the request; None where none came."""
    if not wanted:
        yield None
        return
    with os.fdopen(_ATTACHMENTS_FD, "wb") as file:
        file.truncate(0)  # what an earlier attempt wrote
        file.seek(0)
        yield AttachmentWriter(file)


def _library_folders() -> list[Path]:
    """Where the interpreter, its packages and the system's fonts and libraries lie."""
    own = Path(__file__).resolve().parent
    system = [Path(name) for name in ("/usr", "/lib", "/lib64", "/etc/fonts", "/etc/ld.so.cache", "/dev/urandom")]
    return [Path(sys.prefix), Path(sys.base_prefix), own, *system]


def _answer(request: Request, held: list[str], attachments: AttachmentWriter | None) -> dict[str, object]:
    """The answer to a request: a document, an image, what the kernel holds, or why there is none."""
    try:
        if request.task == "parse":
            return {"document": _document(parse_file(Path(request.path), request.filename, attachments))}
        if request.task == "render":
            image = draw_page(Path(request.path), request.page, request.scale)
            return {"image": base64.b64encode(image).decode()}
        if request.task == "boxes":
            text, boxes = find_boxes(Path(request.path), request.page)
            return {"text": text, "boxes": base64.b64encode(boxes).decode()}
        return {"held": held}
    except FileRejected as error:
        return {"error": error.error_class, "message": str(error)}
    except MemoryError:
        return {"error": "memory", "message": ""}
    except RecursionError:
        return {"error": "malformed", "message": ""}


def _document(parsed: ParsedDocument) -> dict[str, object]:
    """A document as JSON values."""
    return asdict(parsed)


if __name__ == "__main__":
    main(int(sys.argv[1]))
