"""Old Office files: LibreOffice makes a new one of each in the sandbox, which is then read like any other."""

import contextlib
import hashlib
import shutil
import tempfile
import threading
from dataclasses import dataclass, replace
from pathlib import Path

from ingest.containers import DOC, PPT, XLS
from ingest.errors import FileRejected
from ingest.parsed import ParsedDocument
from ingest.programs import SOCKETS_IN, conversion
from ingest.sandbox import Sandbox

_ATTEMPTS = 2  # with a new profile LibreOffice ends once and wants to be started again


@dataclass(frozen=True)
class _Kind:
    """A kind of old file: what people call it, its suffix, and that of the new file."""

    words: str
    old: str
    new: str
    package: str


_KINDS = {
    DOC: _Kind("an old Word document", "doc", "docx", "libreoffice-writer-nogui"),
    XLS: _Kind("an old Excel workbook", "xls", "xlsx", "libreoffice-calc-nogui"),
    PPT: _Kind("an old PowerPoint file", "ppt", "pptx", "libreoffice-impress-nogui"),
}


def parse_converted(
    sandbox: Sandbox, path: Path, filename: str, media_type: str, *, stop: threading.Event
) -> ParsedDocument:
    """The document of an old Office file.

    Raises:
        FileRejected: unsupported where LibreOffice is not installed; otherwise why it or the parser cannot read it.
        LeaseLost: `stop` was set.
    """
    kind = _KINDS[media_type]
    if sandbox.programs.soffice is None:
        raise FileRejected(
            "unsupported",
            f"{filename}: {kind.words} (.{kind.old}) is read by LibreOffice, which is not installed here (Debian: "
            f"apt-get install {kind.package}); install it and try again, or save the file as .{kind.new}.",
        )
    with tempfile.TemporaryDirectory(dir=sandbox.scratch, prefix="convert-") as name:
        folder = Path(name)
        shutil.copyfile(path, folder / f"original.{kind.old}")
        parsed = sandbox.parse(_convert(sandbox, folder, filename, kind, stop), filename, stop=stop)
    return replace(parsed, media_type=media_type)


def _convert(sandbox: Sandbox, folder: Path, filename: str, kind: _Kind, stop: threading.Event) -> Path:
    """The new file that LibreOffice makes. Raises FileRejected when it makes none."""
    program = conversion(sandbox.programs, folder, f"original.{kind.old}", kind.new)
    converted = folder / f"original.{kind.new}"
    for attempt in range(_ATTEMPTS):
        with (folder / f"original.{kind.old}").open("rb") as source, tempfile.TemporaryFile(dir=folder) as said:
            try:
                sandbox.run_program(program, source, said, filename=filename, stop=stop)
            except FileRejected as rejected:
                if rejected.error_class != "malformed" or attempt + 1 == _ATTEMPTS:
                    raise
            finally:
                _remove_socket(folder)
        if converted.is_file() and not converted.is_symlink():
            return converted
    raise FileRejected(
        "malformed", f"{filename}: LibreOffice cannot read it; open it in its program, save it as .{kind.new}."
    )


def _remove_socket(folder: Path) -> None:
    """Delete the socket that LibreOffice leaves, since it may make one and delete nothing; it is named after `folder`.

    Source: https://git.libreoffice.org/core (desktop/source/app/officeipcthread.cxx, RequestHandler::Enable)
    """
    profile = f"file://{folder}/profile".encode("utf-16-le")
    digest = "".join(f"{byte:x}" for byte in hashlib.md5(profile, usedforsecurity=False).digest())
    for socket in SOCKETS_IN.glob(
        f"OSL_PIPE_*_SingleOfficeIPC_{digest}"
    ):  # between them the user, as LibreOffice sees it
        with contextlib.suppress(OSError):
            socket.unlink()
