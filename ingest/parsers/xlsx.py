"""Excel workbooks: one page per sheet, each row a line with its column names; formulas by their stored values."""

import re
from collections.abc import Iterator
from pathlib import Path

from lxml import etree

from ingest.containers import XLSX
from ingest.errors import FileRejected
from ingest.parsed import ParsedDocument
from ingest.parsers.archive import Archive
from ingest.parsers.ooxml import Package
from ingest.parsers.page_writer import PageWriter
from ingest.parsers.rows import (
    MAX_CELLS,
    MAX_FILE_CHARS,
    MAX_SHEET_CHARS,
    Row,
    RowWriter,
    cell_text,
    left_out_sentence,
)
from ingest.parsers.xlsx_values import NumberFormats
from ingest.parsers.xml_tree import attribute, child, descendants, local_name, stream_elements

_REFERENCE = re.compile(r"([A-Z]{1,3})(\d{1,7})$")
_MAX_CELL_CHARS = 32_767  # Excel's own limit


def parse_xlsx(path: Path) -> ParsedDocument:
    """One page per sheet that has cells, labelled with its name; hidden sheets are left out. Raises FileRejected."""
    with Archive(path) as archive:
        package = Package(archive)
        details = package.properties()
        reader = _Reader(package, package.main_part())
    title = details.pop("title", None)
    if reader.notes:
        details["left_out"] = " ".join(reader.notes)[:4_000]
    return reader.writer.document(XLSX, title, details)


class _Reader:
    """Streams the sheets of a workbook in their order."""

    def __init__(self, package: Package, part: str) -> None:
        workbook = package.xml(part)
        if workbook is None:
            raise FileRejected("malformed", "the workbook's main part is missing; open it in Excel and save it anew.")
        relations = package.relations(part)
        kinds = {relation.kind: relation.target for relation in relations.values()}
        properties = child(workbook, "workbookPr")
        from_1904 = properties is not None and attribute(properties, "date1904") in ("1", "true")
        self._archive = package.archive
        self._formats = NumberFormats(package.xml(kinds.get("styles", "")), from_1904=from_1904)
        self._strings = self._read_strings(kinds.get("sharedStrings", ""))
        self._n_cells = 0
        self._n_uncomputed = 0
        self._chars_left = MAX_FILE_CHARS
        self.notes: list[str] = []
        self.writer = PageWriter()
        for sheet in descendants(workbook, "sheet"):
            relation = relations.get(attribute(sheet, "id"))
            name = attribute(sheet, "name")
            if relation is None or relation.kind != "worksheet" or not self._archive.find(relation.target):
                continue
            if attribute(sheet, "state", "visible") != "visible":
                self.notes.append(f"The hidden sheet «{name}» was left out.")
                continue
            self._read_sheet(name, relation.target)
        if self._n_uncomputed:
            self.notes.append(
                f"{self._n_uncomputed:,} formulas have no stored value; open the file in Excel and save it."
            )

    def _read_strings(self, part: str) -> list[str]:
        """The texts that cells refer to by number."""
        name = self._archive.find(part)
        if name is None:
            return []
        with self._archive.open(name) as stream:
            return [_rich_text(item) for item in stream_elements(stream, frozenset(("si",)))]

    def _read_sheet(self, name: str, part: str) -> None:
        found = self._archive.find(part)
        assert found is not None
        limit = min(MAX_SHEET_CHARS, self._chars_left)
        rows = RowWriter(self.writer, max_chars=limit)
        with self._archive.open(found) as stream:
            for row in self._rows(stream_elements(stream, frozenset(("row",)))):
                if not self.writer.length:
                    self.writer.heading(name, 1)
                rows.add(row)
        rows.end_block()
        if self.writer.length:
            self._chars_left -= self.writer.length
            self.writer.end_page(label=name)
        left_out = left_out_sentence(f"Sheet «{name}»", rows)
        if left_out:
            self.notes.append(left_out)

    def _rows(self, elements: Iterator[etree._Element]) -> Iterator[Row]:
        """The rows with cells, and an empty one for each gap between them."""
        number, last, is_first = 0, 0, True
        for element in elements:
            position = element.get("r", "")
            number = int(position) if position.isdecimal() and len(position) < 9 else number + 1
            row = self._read_row(element)
            if not row:
                continue
            if not is_first and number > last + 1:
                yield {}
            yield row
            last, is_first = number, False

    def _read_row(self, element: etree._Element) -> Row:
        row: Row = {}
        column = -1
        for cell in element:
            if local_name(cell) != "c":
                continue
            match = _REFERENCE.match(cell.get("r", ""))
            column = _column(match.group(1)) if match else column + 1
            text = self._read_cell(cell) if len(cell) else ""
            if text:
                row[column] = text
        self._n_cells += len(row)
        if self._n_cells > MAX_CELLS:
            raise FileRejected("too_large", f"the workbook has more than {MAX_CELLS:,} cells with content; split it.")
        return row

    def _read_cell(self, cell: etree._Element) -> str:
        kind = cell.get("t", "n")
        if kind == "inlineStr":
            inline = child(cell, "is")
            return cell_text(_rich_text(inline)) if inline is not None else ""
        value = ""
        has_formula = False
        for inner in cell:
            name = local_name(inner)
            value = inner.text or "" if name == "v" else value
            has_formula = has_formula or name == "f"
        if not value:
            self._n_uncomputed += has_formula and kind != "str"
            return ""
        if kind == "s":
            index = int(value) if value.isdecimal() and len(value) < 9 else -1
            return self._strings[index] if 0 <= index < len(self._strings) else ""
        if kind == "n":
            return self._formats.show(value.strip(), cell.get("s", ""))
        if kind == "b":
            return "TRUE" if value.strip() == "1" else "FALSE"
        return cell_text(value)[:_MAX_CELL_CHARS]


def _rich_text(item: etree._Element) -> str:
    """A text with its runs put together, without the reading aids of East Asian scripts."""
    parts = [text.text or "" for text in descendants(item, "t") if not _is_reading_aid(text)]
    return cell_text("".join(parts))[:_MAX_CELL_CHARS]


def _is_reading_aid(text: etree._Element) -> bool:
    parent = text.getparent()
    return parent is not None and local_name(parent) == "rPh"


def _column(letters: str) -> int:
    """The column number from 0 of letters such as AB."""
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - 64
    return number - 1
