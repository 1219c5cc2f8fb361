"""PowerPoint files: one page per slide, its title as heading, shapes in reading order, tables, charts, notes."""

import re
from collections.abc import Iterator
from pathlib import Path

from lxml import etree

from ingest.containers import PPTX
from ingest.errors import FileRejected
from ingest.parsed import ParsedDocument
from ingest.parsers.archive import Archive
from ingest.parsers.chart import write_chart, write_diagram
from ingest.parsers.ooxml import Package, Relation, alternatives
from ingest.parsers.page_writer import PageWriter, one_line
from ingest.parsers.xml_tree import attribute, child, children, descendants, local_name

_TITLES = frozenset(("title", "ctrTitle"))
_FRAME = frozenset(("dt", "ftr", "hdr", "sldNum", "sldImg"))
_LISTS = frozenset(("body", "obj", ""))
_SHAPES = frozenset(("sp", "grpSp", "graphicFrame", "pic", "cxnSp", "contentPart"))
_BAND = 300_000  # shapes whose tops differ by less (a third of an inch, in EMU) stand side by side
_NO_TITLES = frozenset(("powerpoint presentation", "powerpoint-präsentation", "présentation powerpoint", "slide 1"))
_OWN_LABEL = re.compile(r"(?:\d{1,3}[.)]|[-•–*])\s")

Position = tuple[int, int]


def parse_pptx(path: Path) -> ParsedDocument:
    """One page per slide, so that page and slide numbers agree; hidden slides are empty pages. Raises FileRejected."""
    with Archive(path) as archive:
        package = Package(archive)
        details = package.properties()
        reader = _Reader(package, package.main_part())
    stated = details.pop("title", None)
    title = reader.title or (None if stated and stated.casefold() in _NO_TITLES else stated)
    if reader.hidden:
        numbers = ", ".join(map(str, reader.hidden))
        details["left_out"] = f"Hidden slides were left out: {numbers}."[:4_000]
    return reader.writer.document(PPTX, title, details)


class _Reader:
    """Reads the slides in the order in which they are shown."""

    def __init__(self, package: Package, part: str) -> None:
        root = package.xml(part)
        if root is None:
            raise FileRejected("malformed", "the presentation's main part is missing; save the file anew.")
        self._package = package
        self._places: dict[str, dict[tuple[str, str], Position]] = {}
        self._relations: dict[str, Relation] = {}
        self.writer = PageWriter()
        self.title: str | None = None
        self.hidden: list[int] = []
        slides = package.relations(part)
        for number, entry in enumerate(descendants(root, "sldId"), start=1):
            relation = slides.get(_relation_id(entry))
            slide = package.xml(relation.target) if relation is not None else None
            if relation is not None and slide is not None and attribute(slide, "show", "1") in ("0", "false"):
                self.hidden.append(number)
            elif relation is not None and slide is not None:
                self._read_slide(number, relation.target, slide)
            self.writer.end_page()

    def _read_slide(self, number: int, part: str, slide: etree._Element) -> None:
        self._relations = self._package.relations(part)
        tree = child(slide, "cSld", "spTree")
        shapes = [] if tree is None else self._in_reading_order(tree)
        titles = [shape for shape in shapes if _placeholder(shape)[0] in _TITLES and _shape_words(shape)]
        if titles:
            text = _shape_words(titles[0])
            self.title = self.title or text
            self.writer.heading(text, 1)
            shapes.remove(titles[0])
        elif any(local_name(shape) != "pic" for shape in shapes):
            self.writer.heading(f"Slide {number}", 1)
        for shape in shapes:
            self._read_shape(shape)
        self._read_notes()

    def _in_reading_order(self, tree: etree._Element) -> list[etree._Element]:
        """Shapes from top to bottom, then from left to right; one without a place follows the one before it."""
        placed: list[tuple[Position, int, etree._Element]] = []
        last: Position = (0, 0)
        for order, shape in enumerate(shape for shape in alternatives(tree) if local_name(shape) in _SHAPES):
            left_top = _offset(shape) or self._inherited_place(shape) or last
            last = left_top
            placed.append(((left_top[1] // _BAND, left_top[0]), order, shape))
        return [shape for _, _, shape in sorted(placed, key=lambda entry: entry[:2])]

    def _inherited_place(self, shape: etree._Element) -> Position | None:
        """Where the slide's layout, or else its master, puts a placeholder."""
        kind, index = _placeholder(shape)
        layout = self._target("slideLayout")
        if layout is None or kind == index == "":
            return None
        if layout not in self._places:
            master = self._package.related(layout, "slideMaster") or ""
            self._places[layout] = {**_places(self._package.xml(master)), **_places(self._package.xml(layout))}
        places = self._places[layout]
        return places.get(("", index)) or places.get((kind or "body", ""))

    def _target(self, kind: str) -> str | None:
        """The part of a kind that the slide is related to."""
        return next((relation.target for relation in self._relations.values() if relation.kind == kind), None)

    def _read_shape(self, shape: etree._Element) -> None:
        name = local_name(shape)
        if name == "grpSp":
            for inner in self._in_reading_order(shape):
                self._read_shape(inner)
        elif name == "graphicFrame":
            self._read_frame(shape)
        elif name == "sp":
            kind, index = _placeholder(shape)
            body = child(shape, "txBody")
            if body is not None and kind not in _FRAME:
                is_list = kind in _LISTS and (kind, index) != ("", "")
                self._read_text(body, is_list=is_list and len(list(children(body, "p"))) > 1)

    def _read_text(self, body: etree._Element, *, is_list: bool) -> None:
        numbers: dict[int, int] = {}
        self.writer.gap()
        for paragraph in children(body, "p"):
            text = _text_of(paragraph).strip()
            properties = child(paragraph, "pPr")
            level = attribute(properties, "lvl", "0") if properties is not None else "0"
            depth = int(level) if level.isdecimal() and len(level) < 3 else 0
            if not text:
                continue
            if child(properties, "buAutoNum") is not None:
                numbers[depth] = numbers.get(depth, 0) + 1
                self.writer.item(f"{numbers[depth]}. {text}", depth=depth)
            elif _OWN_LABEL.match(text):
                self.writer.item(text, depth=depth)
            elif child(properties, "buChar") is not None or (is_list and child(properties, "buNone") is None):
                self.writer.item(f"- {text}", depth=depth)
            else:
                self.writer.paragraph(text)
        self.writer.gap()

    def _read_frame(self, frame: etree._Element) -> None:
        """A table, a chart or a diagram."""
        for table in descendants(frame, "tbl"):
            self._read_table(table)
        for link in descendants(frame, "chart", "relIds"):
            is_chart = local_name(link) == "chart"
            relation = self._relations.get(_relation_id(link) if is_chart else attribute(link, "dm"))
            root = self._package.xml(relation.target) if relation is not None else None
            if root is not None:
                (write_chart if is_chart else write_diagram)(root, self.writer)

    def _read_table(self, table: etree._Element) -> None:
        above: list[str] = []
        self.writer.gap()
        for row in children(table, "tr"):
            texts: list[str] = []
            for column, cell in enumerate(children(row, "tc")):
                merged = attribute(cell, "vMerge") in ("1", "true") and column < len(above)
                texts.append(above[column] if merged else _shape_words(cell))
            above = texts
            merged_away = [attribute(cell, "hMerge") in ("1", "true") for cell in children(row, "tc")]
            self.writer.row([text for text, away in zip(texts, merged_away, strict=True) if not away])
        self.writer.gap()

    def _read_notes(self) -> None:
        part = self._target("notesSlide")
        root = self._package.xml(part) if part is not None else None
        tree = child(root, "cSld", "spTree")
        bodies = [shape for shape in children(tree, "sp") if _placeholder(shape)[0] == "body" and _shape_words(shape)]
        if bodies:
            self.writer.heading("Speaker notes", 2)
        for shape in bodies:
            body = child(shape, "txBody")
            if body is not None:
                self._read_text(body, is_list=False)


def _relation_id(element: etree._Element) -> str:
    """The r:id of an element that may also have an id of its own."""
    return next((str(value) for key, value in element.attrib.items() if str(key).endswith("}id")), "")


def _placeholder(shape: etree._Element) -> tuple[str, str]:
    """The type and index of a placeholder; both "" for any other shape."""
    for name in ("nvSpPr", "nvGraphicFramePr", "nvPicPr"):
        mark = child(shape, name, "nvPr", "ph")
        if mark is not None:
            return attribute(mark, "type", "obj" if mark.get("idx") else "body"), attribute(mark, "idx")
    return "", ""


def _offset(shape: etree._Element) -> Position | None:
    """A shape's own left and top in EMU."""
    for path in (("spPr", "xfrm", "off"), ("xfrm", "off"), ("grpSpPr", "xfrm", "off")):
        offset = child(shape, *path)
        if offset is not None:
            x, y = attribute(offset, "x", "0"), attribute(offset, "y", "0")
            return (_integer(x), _integer(y))
    return None


def _integer(text: str) -> int:
    return int(text) if text.lstrip("-").isdecimal() and len(text) < 13 else 0


def _places(root: etree._Element | None) -> dict[tuple[str, str], Position]:
    """Where placeholders stand in a layout or master, by type and by index."""
    found: dict[tuple[str, str], Position] = {}
    for shape in children(child(root, "cSld", "spTree"), "sp"):
        kind, index = _placeholder(shape)
        offset = _offset(shape)
        if offset is not None and (kind or index):
            found.setdefault((kind, ""), offset)
            if index:
                found[("", index)] = offset
    return found


def _text_of(paragraph: etree._Element) -> str:
    """The text of a paragraph's runs."""
    return "".join(_pieces(paragraph))


def _pieces(element: etree._Element) -> Iterator[str]:
    for inner in alternatives(element):
        name = local_name(inner)
        if name == "t":
            yield (inner.text or "").replace("\v", "\n")
        elif name == "br":
            yield "\n"
        elif name not in ("pPr", "rPr", "endParaRPr"):
            yield from _pieces(inner)


def _shape_words(shape: etree._Element) -> str:
    """All of a shape's or cell's text on one line."""
    return one_line(" ".join(_text_of(paragraph) for paragraph in descendants(shape, "p")))
