"""Rows of a sheet as lines «Column: value; Column: value», with the header row found by its content."""

import re

from ingest.parsers.encoding import clean
from ingest.parsers.page_writer import PageWriter, one_line

MAX_CELLS = 2_000_000
MAX_SHEET_CHARS = 2_000_000  # past this a sheet's rows are counted, not kept, lest one sheet fill every search
MAX_FILE_CHARS = 5_000_000
_LOOK_AHEAD = 8  # rows of a block that are seen before its header is decided
_MAX_LABEL_CHARS = 120
_NUMBER = re.compile(r"[-+(]?[$€£¥]?\s?[-+]?\d[\d.,'\s]*\)?\s?(?:%|[$€£¥])?|\d{4}-\d\d-\d\d.*|\d\d?:\d\d(?::\d\d)?")
_YEAR = re.compile(r"(?:19|20)\d\d")

Row = dict[int, str]  # texts by column from 0, without empty ones


class RowWriter:
    """Writes the rows of one sheet; an empty row ends a block, and each block may have a header of its own."""

    def __init__(self, writer: PageWriter, *, max_chars: int = MAX_SHEET_CHARS, assume_header: bool = False) -> None:
        """`assume_header` takes a first row of labels as header even where nothing below differs in kind."""
        self._writer = writer
        self._max_chars = max_chars
        self._assume_header = assume_header
        self._header: Row = {}
        self._last_header: Row = {}
        self._pending: list[Row] = []
        self._decided = False
        self.n_rows = 0
        self.n_left_out = 0

    def add(self, row: Row) -> None:
        """The next row; an empty one ends the block."""
        if not row:
            self.end_block()
            return
        self.n_rows += 1
        if self._decided:
            self._write(row)
            return
        self._pending.append(row)
        if len(self._pending) >= _LOOK_AHEAD:
            self._decide()

    def end_block(self) -> None:
        """Write what is pending; call it after the last row, too."""
        if self._pending:
            self._decide()
        self._decided = False
        self._last_header, self._header = self._header or self._last_header, {}
        self._writer.gap()

    def _decide(self) -> None:
        """Find the header among the pending rows and write them."""
        pending, self._pending, self._decided = self._pending, [], True
        at = _header_position(pending, assume=self._assume_header)
        if at is None and self._last_header and len(self._last_header) > 1:
            fits = all(row.keys() <= self._last_header.keys() for row in pending)
            self._header = self._last_header if fits and min(map(len, pending)) > 1 else {}
        for position, row in enumerate(pending):
            if position == at:
                self._put(" | ".join(row.values()))
                self._header = {column: text.rstrip(":") for column, text in row.items()}
            else:
                self._write(row)

    def _take_neighbour(self, row: Row) -> None:
        """Add the header of a table that begins further down beside the first, past an empty column."""
        right = max(self._header) + 1
        new = {column: text for column, text in row.items() if column > right}
        if (
            len(new) > 1
            and len(new) == sum(column >= right for column in row)
            and not any(map(_NUMBER.fullmatch, new.values()))
        ):
            self._header = {**self._header, **new}

    def _write(self, row: Row) -> None:
        if sum(map(len, row.values())) > self._max_chars:
            self.n_left_out += 1
        elif self._header:
            labels = self._header
            self._take_neighbour(row)
            self._put(
                "; ".join(f"{labels[column]}: {text}" if column in labels else text for column, text in row.items())
            )
        else:
            self._put(" | ".join(row.values()))

    def _put(self, line: str) -> None:
        if self._writer.length + len(line) > self._max_chars:
            self.n_left_out += 1
        else:
            self._writer.item(line)


def cell_text(text: str) -> str:
    """A cell's text on one line."""
    return text if text.isalnum() else one_line(clean(text))


def left_out_sentence(name: str, rows: RowWriter) -> str:
    """What to tell about rows past the limit; "" when all were kept."""
    if not rows.n_left_out:
        return ""
    kept = rows.n_rows - rows.n_left_out
    return f"{name}: {rows.n_left_out:,} of {rows.n_rows:,} rows were left out; only {kept:,} rows can be found."


def _header_position(rows: list[Row], *, assume: bool) -> int | None:
    """Which of a block's first rows names the columns; None when none does."""
    width = max(len(row) for row in rows)
    for at, row in enumerate(rows[:-1]):
        if len(row) < 2 or len(row) < 0.6 * width or not _are_labels(row):
            continue
        below = rows[at + 1 :]
        if _differs_below(row, below):
            return at
        unique = len({text.casefold() for text in row.values()}) == len(row)
        looks_like_form = any(text.endswith(":") for text in row.values())
        return at if unique and not looks_like_form and (assume or len(row) > 2) else None
    return None


def _are_labels(row: Row) -> bool:
    """Whether texts could name columns: short, no numbers but years beside words."""
    words = [text for text in row.values() if not _NUMBER.fullmatch(text)]
    return (
        bool(words)
        and all(len(text) <= _MAX_LABEL_CHARS for text in row.values())
        and all(_YEAR.fullmatch(text) for text in row.values() if text not in words)
    )


def _differs_below(header: Row, below: list[Row]) -> bool:
    """Whether a column with a word on top holds only numbers or dates in the rows below, at least in one column."""
    for column, label in header.items():
        values = [row[column] for row in below if column in row]
        enough = len(values) >= (2 if len(header) == 2 else 1)
        if enough and not _NUMBER.fullmatch(label) and all(_NUMBER.fullmatch(value) for value in values):
            return True
    return False
