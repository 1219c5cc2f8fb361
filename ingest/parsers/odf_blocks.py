"""OpenDocument's paragraphs, lists, notes and tables as text; shared by text documents and presentations."""

from dataclasses import dataclass, field

from lxml import etree

from ingest.parsers.page_writer import PageWriter, one_line
from ingest.parsers.xml_tree import attribute, children, descendants, local_name

_NOT_TEXT = frozenset(("annotation", "annotation-end", "tracked-changes", "ruby-text", "script", "desc", "title"))
_INDEXES = frozenset(
    ("table-of-content", "illustration-index", "table-index", "object-index", "user-index", "alphabetical-index")
)
_CONTAINERS = frozenset(
    ("section", "index-body", "index-title", "bibliography", "text-box", "list-header", "numbered-paragraph", "g", "a")
)
_ROW_GROUPS = frozenset(("table-header-rows", "table-rows", "table-row-group"))
_SHAPES = frozenset(("custom-shape", "rect", "ellipse", "circle", "line", "polygon", "path", "connector", "caption"))


@dataclass(frozen=True)
class OdfStyles:
    """What the automatic styles say: parents by name, styles of hidden text, numbered lists by name and level."""

    parents: dict[str, str] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()
    numbered: frozenset[tuple[str, int]] = frozenset()


def read_styles(root: etree._Element) -> OdfStyles:
    """The styles of a content.xml."""
    parents, hidden, numbered = {}, set(), set()
    for style in descendants(root, "style"):
        name = attribute(style, "name")
        parents[name] = attribute(style, "parent-style-name")
        for properties in style:
            if attribute(properties, "display") in ("none", "false") or attribute(properties, "visibility") == "hidden":
                hidden.add(name)
    for style in descendants(root, "list-style"):
        for level in children(style, "list-level-style-number"):
            depth = attribute(level, "level", "1")
            if attribute(level, "num-format") and depth.isdecimal():
                numbered.add((attribute(style, "name"), int(depth) - 1))
    return OdfStyles(parents, frozenset(hidden), frozenset(numbered))


class BlockReader:
    """Writes blocks in order; notes and text boxes follow the block that they belong to."""

    def __init__(self, writer: PageWriter, styles: OdfStyles) -> None:
        self.writer = writer
        self.title: str | None = None
        self.hidden_chars = 0
        self._styles = styles
        self._counts: dict[tuple[str, int], int] = {}
        self._n_notes = 0
        self._open_notes: list[tuple[str, etree._Element]] = []
        self._open_boxes: list[etree._Element] = []

    def read_blocks(self, parent: etree._Element) -> None:
        """All blocks of a body, a section, a cell or a text box."""
        for block in parent:
            self.read_block(block)

    def read_block(self, block: etree._Element) -> None:
        """One block: a heading, paragraph, list, table, or what holds others."""
        name = local_name(block)
        if name == "h":
            level = attribute(block, "outline-level", "1")
            self.writer.heading(self.text_of(block), int(level) if level.isdecimal() and len(level) < 3 else 1)
            self._flush()
        elif name == "p":
            self._read_paragraph(block)
        elif name == "list":
            self._read_list(block, attribute(block, "style-name"), 0)
        elif name == "table":
            self.read_table(block)
        elif name in _INDEXES:
            for paragraph in descendants(block, "p"):
                self.writer.skipped(self.text_of(paragraph))
        elif name == "frame":
            self._read_frame(block)
        elif name in _CONTAINERS or name in _SHAPES:
            self.read_blocks(block)

    def text_of(self, element: etree._Element) -> str:
        """The text of a paragraph; notes and boxes are queued."""
        parts = [element.text or ""]
        for inner in element:
            parts += [self._inline(inner), inner.tail or ""]
        return "".join(parts)

    def _inline(self, element: etree._Element) -> str:
        name = local_name(element)
        if name in ("s", "tab"):
            return " "
        if name == "line-break":
            return "\n"
        if name == "note":
            body = next(children(element, "note-body"), None)
            if body is None:
                return ""
            self._n_notes += 1
            self._open_notes.append((f"[{self._n_notes}]", body))
            return f"[{self._n_notes}]"
        if name in ("frame", "g", "table") or name in _SHAPES:
            self._open_boxes.append(element)
            return ""
        if name in _NOT_TEXT or not name:
            return ""
        if attribute(element, "style-name") in self._styles.hidden:
            self.hidden_chars += len("".join(str(text) for text in element.itertext()))
            return ""
        return self.text_of(element)

    def _read_paragraph(self, paragraph: etree._Element) -> None:
        style = attribute(paragraph, "style-name")
        if style in self._styles.hidden:
            self.hidden_chars += len("".join(str(text) for text in paragraph.itertext()))
            return
        text = self.text_of(paragraph)
        if "Title" in (style, self._styles.parents.get(style)):
            self.title = self.title or one_line(text) or None
            self.writer.heading(text, 1)
        else:
            self.writer.paragraph(text)
        self._flush()

    def _read_list(self, listing: etree._Element, style: str, depth: int) -> None:
        """The items of a list; numbered where its style is."""
        style = attribute(listing, "style-name", style)
        if not depth and attribute(listing, "continue-numbering") != "true" and not attribute(listing, "continue-list"):
            self._counts = {key: count for key, count in self._counts.items() if key[0] != style}
        for item in listing:
            label = ""
            for block in item:
                name = local_name(block)
                if name == "list":
                    self._read_list(block, style, depth + 1)
                elif name in ("p", "h"):
                    text = one_line(self.text_of(block))
                    if text:
                        label = "  " if label else self._label(style, depth) if local_name(item) == "list-item" else " "
                        self.writer.item(f"{label} {text}" if label.strip() else text, depth=depth)
                    self._flush()
                else:
                    self.read_block(block)

    def _label(self, style: str, depth: int) -> str:
        for deeper in [key for key in self._counts if key[0] == style and key[1] > depth]:
            del self._counts[deeper]
        if (style, depth) not in self._styles.numbered:
            return "-"
        self._counts[style, depth] = self._counts.get((style, depth), 0) + 1
        return f"{self._counts[style, depth]}."

    def read_table(self, table: etree._Element) -> None:
        """Rows as lines; a row with a table inside, or of one cell only, as blocks."""
        self.writer.gap()
        below: dict[int, tuple[int, str]] = {}  # rows that a cell still spans, and its text, by column
        for row in _rows(table):
            cells = [cell for cell in row if local_name(cell) in ("table-cell", "covered-table-cell")]
            if len(cells) < 2 or any(next(descendants(cell, "table"), None) is not None for cell in cells):
                for cell in cells:
                    self.read_blocks(cell)
                continue
            texts: list[str] = []
            column = 0
            for cell in cells:
                left, text = below.get(column, (0, ""))
                if local_name(cell) == "table-cell":
                    text = self.cell_text(cell)
                    left = _count(cell, "number-rows-spanned")
                    texts.append(text)
                elif left > 0:
                    texts.append(text)
                below[column] = (left - 1, text)
                column += min(_count(cell, "number-columns-repeated"), 1_000)
            self.writer.row(texts)
            self._flush()
        self.writer.gap()

    def cell_text(self, cell: etree._Element) -> str:
        """The text of a cell on one line."""
        parts = [self.text_of(paragraph) for paragraph in descendants(cell, "p", "h") if not _is_inner(paragraph, cell)]
        return one_line(" ".join(parts))

    def _read_frame(self, frame: etree._Element) -> None:
        for inner in frame:
            if local_name(inner) in ("text-box", "table"):
                self.read_block(inner)

    def _flush(self) -> None:
        """Write the notes and boxes of the block that was just written."""
        notes, self._open_notes = self._open_notes, []
        boxes, self._open_boxes = self._open_boxes, []
        for mark, body in notes:
            self.writer.paragraph(f"{mark} {self.cell_text(body)}")
        for box in boxes:
            self.read_block(box)


def _rows(table: etree._Element) -> list[etree._Element]:
    found: list[etree._Element] = []
    for inner in table:
        if local_name(inner) == "table-row":
            found.append(inner)
        elif local_name(inner) in _ROW_GROUPS:
            found.extend(_rows(inner))
    return found


def _is_inner(paragraph: etree._Element, cell: etree._Element) -> bool:
    """Whether a paragraph belongs to a note, box or comment in the cell and is read there, or nowhere."""
    for ancestor in paragraph.iterancestors():
        if ancestor is cell:
            return False
        if local_name(ancestor) in ("text-box", "note-body", "annotation"):
            return True
    return False


def _count(element: etree._Element, name: str) -> int:
    text = attribute(element, name, "1")
    return max(int(text), 1) if text.isdecimal() and len(text) < 9 else 1
