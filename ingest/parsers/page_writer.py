"""Readable text under construction: lines, rows, headings with offsets, pages."""

import re

from ingest.errors import FileRejected
from ingest.parsed import Heading, ParsedDocument, ParsedPage
from ingest.parsers.encoding import clean

MAX_TEXT_CHARS = 20_000_000
_SPACE = re.compile(r"\s+")


class PageWriter:
    """Collects a document's text; offsets of headings are in the version's text (all pages put together)."""

    def __init__(self) -> None:
        self._pages: list[ParsedPage] = []
        self._headings: list[Heading] = []
        self._parts: list[str] = []
        self._skip: list[tuple[int, int]] = []
        self._page_start = 0
        self._length = 0  # of the open page
        self._was_item = False

    @property
    def length(self) -> int:
        """Characters of the open page so far."""
        return self._length

    @property
    def first_heading(self) -> str | None:
        """The text of the first heading of level 1, else of the first."""
        firsts = [heading for heading in self._headings if heading.level == 1] or self._headings
        return firsts[0].text if firsts else None

    def paragraph(self, text: str) -> None:
        """A paragraph with an empty line before it; its own line breaks stay."""
        lines = [one_line(line) for line in clean(text).split("\n")]
        self._block("\n".join(line for line in lines if line), item=False)

    def item(self, text: str, *, depth: int = 0) -> None:
        """One line that belongs with its neighbours: a list item, a row, a header line."""
        self._block("  " * min(depth, 8) + one_line(clean(text)), item=True)

    def verbatim(self, text: str) -> None:
        """Lines with their indentation, such as code or a mail."""
        self._block(clean(text).strip("\n").rstrip(), item=False)

    def row(self, cells: list[str]) -> None:
        """One line of cells with " | " between them; nothing for a row without text."""
        texts = [one_line(clean(cell)) for cell in cells]
        if any(texts):
            while not texts[-1]:
                texts.pop()
            self._block(" | ".join(texts), item=True)

    def skipped(self, text: str) -> None:
        """A line that stays in the text and does not become a passage, such as one of a table of contents."""
        line = one_line(clean(text))
        if line:
            self._block(line, item=True)
            self._skip.append((self._length - len(line) - 1, self._length - 1))

    def heading(self, text: str, level: int) -> None:
        """A heading on its own line; level 1 is the highest."""
        line = one_line(clean(text))
        if line:
            self._block(line, item=False)
            start = self._page_start + self._length - len(line) - 1
            self._headings.append(Heading(start, max(1, min(level, 9)), line))

    def gap(self) -> None:
        """An empty line before what comes next."""
        self._was_item = False

    def end_page(self, label: str | None = None) -> None:
        """Close the page, however empty; the next text begins a new one."""
        text = "".join(self._parts) or "\n"
        number = len(self._pages) + 1
        self._pages.append(ParsedPage(number, text, label=label, skip=tuple(self._skip)))
        self._page_start += len(text)
        self._parts, self._skip = [], []
        self._length, self._was_item = 0, False

    def document(self, media_type: str, title: str | None, details: dict[str, str] | None = None) -> ParsedDocument:
        """The document; an open page is closed. Raises FileRejected: empty when there is no text at all."""
        if self._parts or not self._pages:
            self.end_page()
        if not any(page.text.strip() for page in self._pages):
            raise FileRejected("empty", "no text was found in the file; upload a file with text in it.")
        return ParsedDocument(
            media_type=media_type,
            title=one_line(clean(title))[:500] or None if title else None,
            pages=tuple(self._pages),
            headings=tuple(self._headings),
            details=details or {},
        )

    def _block(self, text: str, *, item: bool) -> None:
        """Append a block; an empty line goes between blocks unless both are items."""
        if not text.strip():
            return
        if self._length and not (item and self._was_item):
            self._put("\n")
        self._put(text + "\n")
        self._was_item = item

    def _put(self, text: str) -> None:
        self._parts.append(text)
        self._length += len(text)
        if self._page_start + self._length > MAX_TEXT_CHARS:
            raise FileRejected("too_large", f"the text is longer than {MAX_TEXT_CHARS:,} characters; split the file.")


def one_line(text: str) -> str:
    """Text with every run of white space as one space."""
    return _SPACE.sub(" ", text).strip()
