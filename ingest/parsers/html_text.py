"""An HTML tree as readable text: one line per block, headings with offsets, rows as "a | b", items as "- a"."""

import re
from dataclasses import dataclass, field

from lxml import etree

from ingest.parsed import Heading

_SPACE = re.compile(r"[ \t\n\r\f\v\u00a0\u2000-\u200a\u202f]+")
_INVISIBLE = re.compile("[\u200b\u2060\u00ad]")
_HEADINGS = {"h1": 1, "h2": 2, "h3": 3, "h4": 4, "h5": 5, "h6": 6}
_PARAGRAPHS = (
    frozenset("p blockquote pre ul ol dl table figure hr section article main details".split()) | _HEADINGS.keys()
)
_BLOCKS = _PARAGRAPHS | frozenset(
    "div li dt dd tr address header footer aside nav form fieldset legend figcaption summary caption thead tbody tfoot "
    "body html center option".split()
)
_NEVER = frozenset(
    "script style noscript template head iframe object embed svg math canvas audio video map select input textarea "
    "datalist progress meter".split()
)
_CHROME = frozenset("nav footer".split())
_CHROME_ROLES = frozenset("navigation banner contentinfo search menu menubar toolbar alertdialog dialog".split())
_CHROME_NAMES = frozenset(
    "nav navbar navigation menu breadcrumb breadcrumbs sidebar footer site-header site-footer skip-link skiplink "
    "cookie-banner cookie-notice cookies pagination mw-editsection noprint sr-only visually-hidden".split()
)
_HIDDEN_STYLE = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|opacity\s*:\s*0(?:\.0*)?\s*(?:;|$)|font-size\s*:\s*[01](?:px|pt)?\s*(?:;|$)",
    re.I,
)
_WHITE = re.compile(
    r"(?<![-\w])color\s*:\s*(?:white|#fff(?:fff)?|rgb\(\s*255\s*,\s*255\s*,\s*255\s*\))\s*(?:;|!|$)", re.I
)


@dataclass(frozen=True)
class ReadableText:
    """Text that ends with a newline, its headings, and how many characters of hidden text were left out."""

    text: str
    headings: tuple[Heading, ...]
    n_hidden: int = 0


def readable_text(root: etree._Element, *, drop_chrome: bool) -> ReadableText:
    """The readable text under `root`; with `drop_chrome` without navigation, banners and footers."""
    writer = _Writer()
    _walk(root, writer, drop_chrome=drop_chrome)
    return ReadableText("".join(writer.parts).rstrip() + "\n", tuple(writer.headings), writer.n_hidden)


@dataclass
class _Writer:
    """Text under construction; spaces and breaks are written only before the next word."""

    flat: bool = False  # a table cell: everything on one line
    parts: list[str] = field(default_factory=list)
    length: int = 0
    breaks: int = 0
    space: bool = False
    prefix: str = ""
    headings: list[Heading] = field(default_factory=list)
    heading_start: int | None = None
    lists: list[int] = field(default_factory=list)  # the next number of each open list, -1 for bullets
    preformatted: int = 0
    n_hidden: int = 0

    def put(self, text: str) -> None:
        self.parts.append(text)
        self.length += len(text)

    def end_line(self, breaks: int) -> None:
        if self.flat:
            self.space = True
        else:
            self.breaks = max(self.breaks, breaks)

    def write(self, text: str) -> None:
        text = _INVISIBLE.sub("", text)
        if self.preformatted and not self.flat:
            if text.strip() or self.breaks == 0:
                self._start_word()
                self.put(text)
            return
        words = _SPACE.sub(" ", text)
        if words[:1] == " ":
            self.space = True
        words = words.strip(" ")
        if words:
            self._start_word()
            self.put(words)
            self.space = text[-1] in " \t\n\r\f\v\u00a0"

    def _start_word(self) -> None:
        if self.breaks and self.length:
            self.put("\n" * self.breaks)
        elif self.space and self.length and not self.prefix:
            self.put(" ")
        self.breaks, self.space = 0, False
        if self.prefix:
            self.put(self.prefix)
            self.prefix = ""
        if self.heading_start is None:
            self.heading_start = self.length


def _walk(root: etree._Element, writer: _Writer, *, drop_chrome: bool) -> None:
    """Write the tree without recursion, however deep it is nested."""
    stack: list[tuple[etree._Element, bool]] = [(root, False)]
    while stack:
        element, closing = stack.pop()
        if closing:
            _close(element, writer)
        elif not isinstance(element.tag, str) or _is_dropped(element, drop_chrome=drop_chrome):
            pass
        elif _is_hidden(element):
            writer.n_hidden += len("".join("".join(map(str, element.itertext())).split()))
        elif element.tag == "tr" and not writer.flat and _is_data_row(element):
            _write_row(element, writer, drop_chrome=drop_chrome)
        else:
            _open(element, writer)
            stack.append((element, True))
            stack.extend((child, False) for child in reversed(element))
            continue
        if element is not root and element.tail:
            writer.write(element.tail)


def _open(element: etree._Element, writer: _Writer) -> None:
    """What stands before an element's content, and its first text."""
    tag = element.tag
    if tag in _BLOCKS:
        inside_list = tag in ("ul", "ol", "p") and bool(writer.lists)
        writer.end_line(2 if tag in _PARAGRAPHS and not inside_list else 1)
    if tag in _HEADINGS:
        writer.heading_start = None
    elif tag == "br":
        writer.end_line(1)
    elif tag in ("ul", "ol"):
        writer.lists.append(_first_number(element) if tag == "ol" else -1)
    elif tag == "li" and not writer.flat:
        _open_item(writer)
    elif tag == "pre":
        writer.preformatted += 1
    if element.text:
        text = element.text[1:] if tag == "pre" and element.text.startswith("\n") else element.text
        writer.write(text)


def _first_number(element: etree._Element) -> int:
    start = element.get("start", "1")
    return int(start) if start.isdecimal() and len(start) < 9 else 1


def _open_item(writer: _Writer) -> None:
    depth = max(len(writer.lists) - 1, 0)
    number = writer.lists[-1] if writer.lists else -1
    writer.prefix = "  " * min(depth, 8) + ("- " if number < 0 else f"{number}. ")
    if number >= 0:
        writer.lists[-1] = number + 1


def _close(element: etree._Element, writer: _Writer) -> None:
    """What stands after an element's content."""
    tag = element.tag
    if tag in _HEADINGS and not writer.flat and writer.heading_start is not None and not writer.prefix:
        text = _tail(writer)
        if text.strip():
            writer.headings.append(Heading(writer.heading_start, _HEADINGS[str(tag)], " ".join(text.split())))
    if tag in ("ul", "ol") and writer.lists:
        writer.lists.pop()
    if tag == "li":
        writer.prefix = ""
    if tag == "pre":
        writer.preformatted -= 1
    if tag in _BLOCKS:
        inside_list = tag in ("ul", "ol", "p") and bool(writer.lists)
        writer.end_line(2 if tag in _PARAGRAPHS and not inside_list else 1)


def _tail(writer: _Writer) -> str:
    """The text written since the heading began."""
    taken: list[str] = []
    position = writer.length
    for part in reversed(writer.parts):
        if position <= (writer.heading_start or 0):
            break
        taken.append(part)
        position -= len(part)
    return "".join(reversed(taken))


def _is_hidden(element: etree._Element) -> bool:
    """Whether the page's own markup keeps an element from being seen; white text is, unless something is behind it."""
    style = element.get("style", "")
    if element.get("hidden") is not None or _HIDDEN_STYLE.search(style):
        return True
    white = _WHITE.search(style) or element.get("color", "").lower() in ("white", "#ffffff", "#fff")
    return bool(white) and not any(
        "background" in around.get("style", "").lower() or around.get("bgcolor") or around.get("background")
        for around in (element, *element.iterancestors())
    )


def _is_dropped(element: etree._Element, *, drop_chrome: bool) -> bool:
    """Whether an element is not for reading: code, controls, and the site's frame."""
    tag = element.tag
    if tag in _NEVER:
        return True
    if tag == "button":
        parent = element.getparent()
        return parent is None or parent.tag not in _HEADINGS
    if not drop_chrome:
        return False
    if tag in _CHROME or element.get("role", "") in _CHROME_ROLES or element.get("aria-hidden") == "true":
        return True
    if tag == "header":
        return not any(ancestor.tag in ("main", "article") for ancestor in element.iterancestors())
    names = f"{element.get('class', '')} {element.get('id', '')}".lower().split()
    return tag not in ("html", "body", "main", "article") and not _CHROME_NAMES.isdisjoint(names)


def _is_data_row(row: etree._Element) -> bool:
    """Whether a row belongs to a table of data, not to one that lays out a page."""
    table = next((ancestor for ancestor in row.iterancestors() if ancestor.tag == "table"), None)
    if table is None or table.get("role") == "presentation":
        return False
    if next(row.iter("table", "h1", "h2", "h3", "h4"), None) is not None:
        return False
    return len(row) > 1 or next(row.iter("ul", "ol", "pre", "p"), None) is None


def _write_row(row: etree._Element, writer: _Writer, *, drop_chrome: bool) -> None:
    """One line: the cells with " | " between them; nothing for a row without text."""
    cells: list[str] = []
    for cell in row:
        if cell.tag in ("td", "th"):
            inner = _Writer(flat=True)
            _walk(cell, inner, drop_chrome=drop_chrome)
            cells.append("".join(inner.parts).strip())
            writer.n_hidden += inner.n_hidden
    writer.end_line(1)
    if any(cells):
        writer.write(" | ".join(cells))
    writer.end_line(1)
