"""A ZIP file that is read within limits counted on what comes out, whatever its directory declares."""

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO

from ingest.errors import FileRejected

MAX_ENTRIES = 2_000
MAX_UNPACKED_BYTES = 500_000_000
MAX_RATIO = 100
# Small files may shrink by more than MAX_RATIO (a form of empty cells does); they are no danger.
FREE_BYTES = 10_000_000
MAX_MEMBER_BYTES = 64_000_000
_CHUNK = 65_536
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError)


class Archive:
    """An open ZIP file; counts every byte it unpacks. Use it as a context manager."""

    def __init__(self, path: Path) -> None:
        """Raises FileRejected: malformed for no ZIP file, bomb for too many entries or too much declared."""
        self._size = path.stat().st_size
        self._unpacked = 0
        try:
            self._zip = zipfile.ZipFile(path)
        except _DAMAGED as error:
            raise _malformed(error) from error
        entries = self._zip.infolist()
        self.names = frozenset(entry.filename for entry in entries)
        self._lower = {name.lower().replace("\\", "/"): name for name in self.names}
        if len(entries) > MAX_ENTRIES:
            self._zip.close()
            raise FileRejected(
                "bomb", f"the file holds {len(entries):,} entries, more than {MAX_ENTRIES:,}; save it anew or split it."
            )

    def __enter__(self) -> "Archive":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._zip.close()

    @property
    def entries(self) -> list[zipfile.ZipInfo]:
        """The members as the directory lists them, several of one name included."""
        return self._zip.infolist()

    def find(self, name: str) -> str | None:
        """The member with this name, in whatever case; None when there is none."""
        return name if name in self.names else self._lower.get(name.lower().lstrip("/"))

    def read(self, name: str) -> bytes:
        """A member's bytes.

        Raises KeyError when it is not there; FileRejected: malformed, encrypted, bomb, too_large.
        """
        parts: list[bytes] = []
        size = 0
        with self.open(name) as stream:
            while chunk := stream.read(_CHUNK):
                parts.append(chunk)
                size += len(chunk)
                if size > MAX_MEMBER_BYTES:
                    raise FileRejected(
                        "too_large",
                        f"a part of the file is larger than {MAX_MEMBER_BYTES:,} bytes unpacked; split the file.",
                    )
        return b"".join(parts)

    @contextmanager
    def open(self, name: str | zipfile.ZipInfo) -> Iterator["MemberStream"]:
        """A member as a stream of bytes. Raises KeyError when it is not there; FileRejected as `read`."""
        entry = self._zip.getinfo(name) if isinstance(name, str) else name
        if entry.flag_bits & 0x1:
            raise FileRejected("encrypted", "the file is protected by a password; upload it without one.")
        if entry.file_size > max(FREE_BYTES, MAX_RATIO * entry.compress_size):
            raise _bomb()  # by its own word, before any work; what others unpack to is counted below
        try:
            source = self._zip.open(entry)
        except _DAMAGED as error:
            raise _malformed(error) from error
        with source:
            yield MemberStream(source, self)

    def count(self, n_bytes: int) -> None:
        """Add to what was unpacked. Raises FileRejected: bomb past the limits."""
        self._unpacked += n_bytes
        if self._unpacked > MAX_UNPACKED_BYTES:
            raise FileRejected("bomb", f"the file unpacks to more than {MAX_UNPACKED_BYTES:,} bytes; split it.")
        if self._unpacked > max(FREE_BYTES, MAX_RATIO * self._size):
            raise _bomb()


class MemberStream:
    """A member being unpacked: a file object for lxml that counts and names what goes wrong."""

    def __init__(self, source: IO[bytes], archive: Archive) -> None:
        self._source = source
        self._archive = archive

    def read(self, size: int = _CHUNK) -> bytes:
        """At most `size` bytes, none at the end. Raises FileRejected: bomb, malformed."""
        try:
            chunk = self._source.read(min(size, _CHUNK) if size > 0 else _CHUNK)
        except _DAMAGED as error:
            raise _malformed(error) from error
        self._archive.count(len(chunk))
        return chunk


def _bomb() -> FileRejected:
    return FileRejected("bomb", f"the file unpacks to more than {MAX_RATIO} times its size; save it anew or split it.")


def _malformed(error: Exception) -> FileRejected:
    return FileRejected("malformed", f"the file is damaged ({error}); open it in its program and save it anew.")
