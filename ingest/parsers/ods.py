"""OpenDocument spreadsheets: one page per sheet, each row a line with its column names."""

from collections.abc import Iterator
from pathlib import Path

from lxml import etree

from ingest.containers import ODS
from ingest.errors import FileRejected
from ingest.parsed import ParsedDocument
from ingest.parsers.archive import Archive
from ingest.parsers.odf import read_properties, refuse_encrypted
from ingest.parsers.page_writer import PageWriter
from ingest.parsers.rows import (
    MAX_CELLS,
    MAX_FILE_CHARS,
    MAX_SHEET_CHARS,
    RowWriter,
    cell_text,
    left_out_sentence,
)
from ingest.parsers.xml_tree import attribute, local_name, stream_elements

_MAX_COLUMNS = 16_384
_STREAMED = frozenset(("style", "table-row"))


def parse_ods(path: Path) -> ParsedDocument:
    """One page per sheet that has cells, labelled with its name; hidden sheets are left out. Raises FileRejected."""
    with Archive(path) as archive:
        refuse_encrypted(archive)
        details = read_properties(archive)
        reader = _Reader()
        with archive.open("content.xml") as stream:
            for element in stream_elements(stream, _STREAMED, opening="table"):
                reader.take(element)
        reader.end_sheet()
    title = details.pop("title", None)
    if reader.notes:
        details["left_out"] = " ".join(reader.notes)[:4_000]
    return reader.writer.document(ODS, title, details)


class _Reader:
    """Takes styles, the beginnings of sheets, and rows, as they stream by."""

    def __init__(self) -> None:
        self.writer = PageWriter()
        self.notes: list[str] = []
        self._hidden_styles: set[str] = set()
        self._name = ""
        self._rows: RowWriter | None = None
        self._n_cells = 0
        self._chars_left = MAX_FILE_CHARS

    def take(self, element: etree._Element) -> None:
        """The next element of the stream."""
        kind = local_name(element)
        if kind == "style":
            if any(attribute(properties, "display") == "false" for properties in element):
                self._hidden_styles.add(attribute(element, "name"))
        elif kind == "table":
            self.end_sheet()
            self._begin_sheet(element)
        elif self._rows is not None:
            self._take_row(element, self._rows)

    def end_sheet(self) -> None:
        """Close the open sheet, if any."""
        if self._rows is None:
            return
        self._rows.end_block()
        left_out = left_out_sentence(f"Sheet «{self._name}»", self._rows)
        if left_out:
            self.notes.append(left_out)
        if self.writer.length:
            self._chars_left -= self.writer.length
            self.writer.end_page(label=self._name)
        self._rows = None

    def _begin_sheet(self, table: etree._Element) -> None:
        self._name = attribute(table, "name")
        if attribute(table, "style-name") in self._hidden_styles:
            self.notes.append(f"The hidden sheet «{self._name}» was left out.")
        else:
            self._rows = RowWriter(self.writer, max_chars=min(MAX_SHEET_CHARS, self._chars_left))

    def _take_row(self, element: etree._Element, rows: RowWriter) -> None:
        row = dict(_cells(element))
        if not row:
            rows.add(row)
            return
        n_times = _repeated(element, "number-rows-repeated")
        self._n_cells += len(row) * n_times
        if self._n_cells > MAX_CELLS:
            raise FileRejected("too_large", f"the workbook has more than {MAX_CELLS:,} cells with content; split it.")
        if not self.writer.length:
            self.writer.heading(self._name, 1)
        for _ in range(n_times):
            rows.add(row)


def _cells(element: etree._Element) -> Iterator[tuple[int, str]]:
    """The texts of a row by column; a repeated cell comes as often as it is repeated."""
    column = 0
    for cell in element:
        if local_name(cell) not in ("table-cell", "covered-table-cell"):
            continue
        n_times = _repeated(cell, "number-columns-repeated")
        text = _text(cell) if len(cell) or attribute(cell, "value-type") else ""
        if text and local_name(cell) == "table-cell":
            for offset in range(min(n_times, _MAX_COLUMNS - column)):
                yield column + offset, text
        column += n_times


def _text(cell: etree._Element) -> str:
    """A cell's value: dates as ISO, plain numbers as stored, anything else as shown."""
    kind = attribute(cell, "value-type")
    if kind == "date":
        return attribute(cell, "date-value").removesuffix("T00:00:00").replace("T", " ")[:19]
    if kind == "float":
        value = attribute(cell, "value")
        try:
            return value if value.isdecimal() else f"{float(value):.15g}"
        except ValueError:
            return value
    parts = ["".join(str(text) for text in inner.itertext()) for inner in cell if local_name(inner) == "p"]
    return cell_text(" ".join(parts))


def _repeated(element: etree._Element, name: str) -> int:
    text = attribute(element, name, "1")
    return max(int(text), 1) if text.isdecimal() and len(text) < 9 else 1
