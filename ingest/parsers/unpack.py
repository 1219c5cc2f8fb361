"""ZIP and TAR archives as folders: each file in them is written out to become a document of its own.

Links and devices, hidden files and what systems leave behind are not taken; everything is counted as it comes out.
"""

import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from lzma import LZMAError
from pathlib import Path
from typing import IO, cast

from ingest.containers import TAR, ZIP, open_decompressed
from ingest.errors import FileRejected
from ingest.parsed import ParsedDocument
from ingest.parsers.archive import FREE_BYTES, MAX_ENTRIES, MAX_RATIO, MAX_UNPACKED_BYTES, Archive, MemberStream
from ingest.parsers.attached import AttachmentWriter
from ingest.parsers.page_writer import PageWriter

_CHUNK = 65_536
_JUNK = frozenset(("__macosx", "thumbs.db", "desktop.ini", "$recycle.bin"))
_MAX_LEFT_OUT = 20
_DAMAGED = (tarfile.TarError, OSError, EOFError, ValueError, zlib.error, LZMAError)


class _LeftOut:
    """What was not taken, in sentences, the first few by name."""

    def __init__(self) -> None:
        self.n_files = 0
        self._sentences: list[str] = []

    def add(self, name: str, reason: str) -> None:
        self.n_files += 1
        if self.n_files <= _MAX_LEFT_OUT:
            self._sentences.append(f"{name} was left out: {reason}.")

    def details(self) -> dict[str, str]:
        more = self.n_files - _MAX_LEFT_OUT
        sentences = [*self._sentences, *([f"So were {more} more."] if more > 0 else [])]
        return {"left_out": " ".join(sentences)[:4_000]} if sentences else {}


def parse_zip(path: Path, attachments: AttachmentWriter) -> ParsedDocument:
    """The list of the files in a ZIP file; the files are written out.

    Raises FileRejected: bomb, malformed, encrypted, empty.
    """
    left_out = _LeftOut()
    with Archive(path) as archive:
        for entry in archive.entries:
            name = _entry_name(entry)
            kind = stat.S_IFMT(entry.external_attr >> 16)
            if entry.is_dir() or is_junk(name):
                continue
            if kind not in (0, stat.S_IFREG):
                left_out.add(name, "it is a link or a device")
                continue
            try:
                with archive.open(entry) as stream:
                    _add(attachments, name, stream, left_out)
            except FileRejected as error:
                if error.error_class != "malformed":
                    raise
                left_out.add(name, "it is damaged")
    return _listing(ZIP, attachments, left_out)


def parse_tar(path: Path, attachments: AttachmentWriter) -> ParsedDocument:
    """The list of the files in a TAR file, also one that is compressed; the files are written out.

    Raises FileRejected: bomb, malformed, empty.
    """
    left_out = _LeftOut()
    try:
        with open_decompressed(path) as packed:
            counted = cast(IO[bytes], _CountedStream(packed, path.stat().st_size))
            with tarfile.open(fileobj=counted, mode="r|", errorlevel=0) as archive:
                _unpack(archive, attachments, left_out)
    except _DAMAGED as error:
        if not attachments.attachments:
            raise FileRejected("malformed", f"the archive is damaged ({error}); make it anew.") from error
        left_out.add("What follows in the archive", "the archive is damaged there")
    return _listing(TAR, attachments, left_out)


def is_junk(name: str) -> bool:
    """Whether a file is hidden, or left behind by a system."""
    parts = [part.lower() for part in name.replace("\\", "/").split("/") if part not in (".", "..")]
    return any(part.startswith(".") or part in _JUNK for part in parts) or parts[-1:] == [""]


class _CountedStream:
    """What comes out of a compressed file, counted: an object that `tarfile` reads from."""

    def __init__(self, source: IO[bytes], packed_bytes: int) -> None:
        self._source = source
        self._most = min(MAX_UNPACKED_BYTES, max(FREE_BYTES, MAX_RATIO * packed_bytes))
        self._n_bytes = 0

    def read(self, size: int) -> bytes:
        """At most `size` bytes. Raises FileRejected: bomb."""
        chunk = self._source.read(size)
        self._n_bytes += len(chunk)
        if self._n_bytes > self._most:
            raise FileRejected(
                "bomb",
                f"the archive unpacks to more than {MAX_UNPACKED_BYTES:,} bytes, or {MAX_RATIO} times its size; "
                "split it.",
            )
        return chunk


def _unpack(archive: tarfile.TarFile, attachments: AttachmentWriter, left_out: _LeftOut) -> None:
    n_entries = 0
    for entry in archive:
        n_entries += 1
        if n_entries > MAX_ENTRIES:
            raise FileRejected("bomb", f"the archive holds more than {MAX_ENTRIES:,} entries; split it.")
        if entry.isdir() or is_junk(entry.name):
            continue
        if not entry.isreg() or entry.issparse():
            left_out.add(entry.name, "it is a link, a device or sparse")
            continue
        stream = archive.extractfile(entry)
        if stream is not None:
            _add(attachments, entry.name, stream, left_out)


def _add(attachments: AttachmentWriter, name: str, stream: IO[bytes] | MemberStream, left_out: _LeftOut) -> None:
    n_before = len(attachments.attachments)
    attachments.add(name, _chunks(stream))
    if len(attachments.attachments) == n_before:
        left_out.add(name, "it is empty")


def _chunks(stream: IO[bytes] | MemberStream) -> Iterator[bytes]:
    while chunk := stream.read(_CHUNK):
        yield chunk


def _entry_name(entry: zipfile.ZipInfo) -> str:
    """The name of a ZIP entry; one without the mark of UTF-8 may be UTF-8 all the same."""
    if entry.flag_bits & 0x800:
        return entry.filename
    try:
        return entry.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return entry.filename


def _listing(media_type: str, attachments: AttachmentWriter, left_out: _LeftOut) -> ParsedDocument:
    """The names of the files as a text that is shown and not searched. Raises FileRejected: empty."""
    if not attachments.attachments:
        raise FileRejected("empty", "the archive holds no files that could be read; upload one that does.")
    writer = PageWriter()
    for attachment in attachments.attachments:
        writer.skipped(attachment.name)
    return writer.document(media_type, None, left_out.details())
