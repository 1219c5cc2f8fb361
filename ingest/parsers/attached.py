"""The files in a file on their way out of the parser: written one after the other, counted and limited."""

from collections.abc import Iterable
from typing import IO

from ingest.errors import FileRejected
from ingest.parsed import Attachment
from ingest.parsers.encoding import clean, decode
from ingest.parsers.page_writer import one_line

MAX_ATTACHMENTS = 2_000
MAX_ATTACHED_BYTES = 500_000_000


class AttachmentWriter:
    """Writes attachments to `file` and remembers where each lies; `attachments` are those written so far."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._end = 0
        self.attachments: list[Attachment] = []

    def add(self, name: str, chunks: Iterable[bytes]) -> None:
        """Write one file; one without content is left out.

        Raises FileRejected: bomb past the limits; and what `chunks` raises, after which nothing of the file is there.
        """
        if len(self.attachments) >= MAX_ATTACHMENTS:
            raise FileRejected("bomb", f"the file holds more than {MAX_ATTACHMENTS:,} files; split it.")
        start = self._end
        try:
            for chunk in chunks:
                if self._end + len(chunk) > MAX_ATTACHED_BYTES:
                    raise FileRejected(
                        "bomb", f"the files in it have more than {MAX_ATTACHED_BYTES:,} bytes; split it."
                    )
                self._file.write(chunk)
                self._end += len(chunk)
        except BaseException:
            self._file.seek(start)
            self._file.truncate()
            self._end = start
            raise
        if self._end > start:
            self.attachments.append(Attachment(_readable(name), start, self._end - start))


def _readable(name: str) -> str:
    """A name in whatever encoding as text on one line."""
    try:
        name = decode(name.encode("utf-8", "surrogateescape"))
    except UnicodeEncodeError:  # half characters that no encoding explains
        name = clean(name)
    return one_line(name)
