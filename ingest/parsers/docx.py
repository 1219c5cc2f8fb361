"""Word documents: headings, numbered lists, tables, notes and text boxes in reading order; deletions are left out."""

from pathlib import Path

from lxml import etree

from ingest.containers import DOCX
from ingest.errors import FileRejected
from ingest.parsed import ParsedDocument
from ingest.parsers.archive import Archive
from ingest.parsers.docx_math import FORMULAS, formula_text
from ingest.parsers.docx_styles import Numbering, Style, attribute_of, read_styles, roman
from ingest.parsers.ooxml import Package, alternatives, is_on
from ingest.parsers.page_writer import PageWriter, one_line
from ingest.parsers.xml_tree import attribute, child, children, descendants, local_name

_DELETED = frozenset(("del", "moveFrom"))
_NOT_TEXT = frozenset(("pPr", "rPr", "sdtPr", "instrText", "delText", "rt", "annotation", "fldData", "binData"))
_SIGNS = {"tab": " ", "ptab": " ", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}


def parse_docx(path: Path) -> ParsedDocument:
    """One page of text; headers and footers are left out. Raises FileRejected."""
    with Archive(path) as archive:
        package = Package(archive)
        reader = _Reader(package, package.main_part())
        details = package.properties()
    title = reader.title or details.pop("title", None) or reader.writer.first_heading
    details.pop("title", None)
    if reader.hidden_chars:
        details["left_out"] = f"{reader.hidden_chars:,} characters of hidden text were left out."
    return reader.writer.document(DOCX, title, details)


class _Reader:
    """Walks a Word document once; notes and text boxes follow the block that they belong to."""

    def __init__(self, package: Package, part: str) -> None:
        root = package.xml(part)
        body = child(root, "body")
        if body is None:
            raise FileRejected("malformed", "the document has no body; open it in Word and save it anew.")
        kinds = {relation.kind: relation.target for relation in package.relations(part).values()}
        self._styles = read_styles(package.xml(kinds.get("styles", "")))
        self._numbering = Numbering(package.xml(kinds.get("numbering", "")))
        self._notes = {
            "footnoteReference": _read_notes(package.xml(kinds.get("footnotes", "")), "footnote"),
            "endnoteReference": _read_notes(package.xml(kinds.get("endnotes", "")), "endnote"),
        }
        self._n_notes = {"footnoteReference": 0, "endnoteReference": 0}
        self._open_notes: list[tuple[str, etree._Element]] = []
        self._open_boxes: list[etree._Element] = []
        self.writer = PageWriter()
        self.title: str | None = None
        self.hidden_chars = 0
        self._read_blocks(body)

    def _read_blocks(self, parent: etree._Element) -> None:
        for block in alternatives(parent):
            name = local_name(block)
            if name == "p":
                self._read_paragraph(block)
            elif name == "tbl":
                self._read_table(block)
                self._flush()
            elif name == "sdt":
                content = child(block, "sdtContent")
                if content is not None and not is_on(child(block, "sdtPr", "showingPlcHdr")):
                    self._read_blocks(content)
            elif name in ("ins", "moveTo", "customXml", "smartTag"):
                self._read_blocks(block)

    def _read_paragraph(self, paragraph: etree._Element) -> None:
        style, label, depth = self._look(paragraph)
        text = self._text_of(paragraph).strip()
        if text:
            label = label and self._numbering.label(label, depth)
            level = self._heading_level(paragraph, style)
            if style.name.startswith("toc ") or style.name == "table of figures":
                self.writer.skipped(text)
            elif level:
                self.writer.heading(f"{label} {text}" if label not in ("", "-") else text, level)
                if style.name == "title":
                    self.title = self.title or one_line(text)
            elif label:
                self.writer.item(f"{label} {text}", depth=depth)
            else:
                self.writer.paragraph(text)
        self._flush()

    def _look(self, paragraph: etree._Element) -> tuple[Style, str, int]:
        """The style of a paragraph, and the id and depth of the list that it is an item of ("" for none)."""
        properties = child(paragraph, "pPr")
        style = self._styles.get(attribute_of(child(properties, "pStyle")), self._styles.get("", Style()))
        own_id = attribute_of(child(properties, "numPr", "numId"))
        own_level = attribute_of(child(properties, "numPr", "ilvl"))
        list_id = own_id or style.list_id
        depth = int(own_level) if own_level.isdecimal() and len(own_level) < 3 else style.list_level
        return style, "" if list_id == "0" else list_id, depth

    def _heading_level(self, paragraph: etree._Element, style: Style) -> int:
        outline = attribute_of(child(paragraph, "pPr", "outlineLvl"))
        if outline.isdecimal():
            return int(outline) + 1 if int(outline) < 9 else 0
        return style.level

    def _text_of(self, element: etree._Element) -> str:
        """The text of runs as it would be with all changes accepted; notes and boxes are queued."""
        parts: list[str] = []
        for inner in alternatives(element):
            name = local_name(inner)
            if name == "t":
                parts.append(inner.text or "")
            elif name in _SIGNS:
                parts.append(_SIGNS[name])
            elif name in _DELETED or name in _NOT_TEXT or not name:
                continue
            elif name in self._notes:
                parts.append(self._mark(name, attribute(inner, "id")))
            elif name == "txbxContent":
                self._open_boxes.append(inner)
            elif name == "r" and is_on(child(inner, "rPr", "vanish")):
                self.hidden_chars += sum(len(text.text or "") for text in descendants(inner, "t"))
            elif name == "sdt" and is_on(child(inner, "sdtPr", "showingPlcHdr")):
                continue
            elif name in FORMULAS:
                parts.append(formula_text(inner, name, self._text_of))
            else:
                parts.append(self._text_of(inner))
        return "".join(parts)

    def _mark(self, kind: str, identity: str) -> str:
        """The mark of a note in the text, such as [1]; its text is queued."""
        note = self._notes[kind].get(identity)
        if note is None:
            return ""
        self._n_notes[kind] += 1
        number = self._n_notes[kind]
        mark = f"[{number}]" if kind == "footnoteReference" else f"[{roman(number)}]"
        self._open_notes.append((mark, note))
        return mark

    def _flush(self) -> None:
        """Write the notes and the text boxes of the block that was just written."""
        notes, self._open_notes = self._open_notes, []
        boxes, self._open_boxes = self._open_boxes, []
        for mark, note in notes:
            text = " ".join(self._text_of(paragraph) for paragraph in descendants(note, "p"))
            if text.strip():
                self.writer.paragraph(f"{mark} {one_line(text)}")
        for box in boxes:
            self._read_blocks(box)

    def _read_table(self, table: etree._Element) -> None:
        """Rows of data as lines; rows that only lay out the page (with headings or tables inside) as blocks."""
        rows = [row for row in _members(table, "tr") if not is_on(child(row, "trPr", "del"))]
        cells = [_members(row, "tc") for row in rows]
        is_column = max((len(row) for row in cells), default=0) < 2
        self.writer.gap()
        above: dict[int, str] = {}
        for row, row_cells in zip(rows, cells, strict=True):
            if is_column or any(self._is_layout(cell) for cell in row_cells):
                for cell in row_cells:
                    self._read_blocks(cell)
            else:
                self._read_row(row, row_cells, above)
        self.writer.gap()

    def _read_row(self, row: etree._Element, cells: list[etree._Element], above: dict[int, str]) -> None:
        """A line of cells; one that continues the cell above it repeats its text. `above` goes by grid column."""
        column = _number(child(row, "trPr", "gridBefore"), default=0)
        texts: list[str] = []
        for cell in cells:
            merge = child(cell, "tcPr", "vMerge")
            continued = merge is not None and attribute(merge, "val", "continue") == "continue"
            text = above.get(column, "") if continued else self._cell_text(cell)
            above[column] = text
            texts.append(text)
            column += _number(child(cell, "tcPr", "gridSpan"), default=1)
        self.writer.row(texts)

    def _is_layout(self, cell: etree._Element) -> bool:
        """Whether a cell holds what does not fit in one line: a table, or a heading."""
        return next(descendants(cell, "tbl"), None) is not None or any(
            self._heading_level(paragraph, self._look(paragraph)[0]) for paragraph in descendants(cell, "p")
        )

    def _cell_text(self, cell: etree._Element) -> str:
        """All paragraphs of a cell on one line, list items with their labels."""
        parts: list[str] = []
        for paragraph in descendants(cell, "p"):
            text = "" if _in_box(paragraph, cell) else one_line(self._text_of(paragraph))
            if text:
                _, list_id, depth = self._look(paragraph)
                parts.append(f"{list_id and self._numbering.label(list_id, depth)} {text}")
        return one_line(" ".join(parts))


def _in_box(paragraph: etree._Element, cell: etree._Element) -> bool:
    """Whether a paragraph stands in a text box inside the cell (it is queued when its anchor is read)."""
    for ancestor in paragraph.iterancestors():
        if ancestor is cell:
            return False
        if local_name(ancestor) == "txbxContent":
            return True
    return False


def _members(parent: etree._Element, name: str) -> list[etree._Element]:
    """The rows of a table or the cells of a row, also those wrapped in content controls or insertions."""
    found: list[etree._Element] = []
    for inner in alternatives(parent):
        kind = local_name(inner)
        if kind == name and not is_on(child(inner, "tcPr", "cellDel")):
            found.append(inner)
        elif kind in ("sdt", "sdtContent", "ins", "moveTo", "customXml"):
            found.extend(_members(inner, name))
    return found


def _number(element: etree._Element | None, *, default: int) -> int:
    text = attribute_of(element)
    return int(text) if text.isdecimal() and len(text) < 5 else default


def _read_notes(root: etree._Element | None, name: str) -> dict[str, etree._Element]:
    """The notes by id, without the lines that separate them from the page."""
    return {
        attribute(note, "id"): note for note in children(root, name) if attribute(note, "type", "normal") == "normal"
    }
