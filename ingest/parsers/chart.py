"""Charts and diagrams of Office files as text: the stored categories and values, the words of a diagram."""

from lxml import etree

from ingest.parsers.page_writer import PageWriter
from ingest.parsers.xml_tree import attribute, child, descendants, local_name

_MAX_POINTS = 500
_VALUES = frozenset(("val", "yVal", "bubbleSize"))


def write_chart(root: etree._Element, writer: PageWriter) -> None:
    """The title and a row for each category; nothing when no values are stored."""
    title = child(root, "chart", "title")
    if title is not None and _words(title):
        writer.paragraph(f"Chart: {_words(title)}")
    names: list[str] = []
    columns: list[dict[int, str]] = []
    categories: dict[int, str] = {}
    for series in descendants(root, "ser"):
        named = child(series, "tx")
        names.append(_words(named) if named is not None else "")
        values: dict[int, str] = {}
        for part in series:
            if local_name(part) in ("cat", "xVal"):
                categories = categories or _points(part)
            elif local_name(part) in _VALUES and not values:
                values = _points(part)
        columns.append(values)
    positions = sorted({position for column in [categories, *columns] for position in column})[:_MAX_POINTS]
    if any(columns):
        writer.row(["", *names])
    for position in positions if any(columns) else []:
        writer.row([categories.get(position, ""), *(column.get(position, "") for column in columns)])
    writer.gap()


def write_diagram(root: etree._Element, writer: PageWriter) -> None:
    """The texts of a diagram's shapes, each as an item."""
    for point in descendants(root, "pt"):
        text = child(point, "t")
        words = _words(text) if text is not None else ""
        if words:
            writer.item(f"- {words}")
    writer.gap()


def _words(element: etree._Element) -> str:
    """All texts below an element: of a:t, or else of the stored values c:v."""
    texts = [text.text or "" for text in descendants(element, "t") if text is not element and len(text) == 0]
    return " ".join("".join(texts).split()) or " ".join(value.text or "" for value in descendants(element, "v"))


def _points(element: etree._Element) -> dict[int, str]:
    """The stored values by position."""
    found: dict[int, str] = {}
    for point in descendants(element, "pt"):
        index = attribute(point, "idx")
        value = child(point, "v")
        if index.isdecimal() and len(index) < 8 and value is not None:
            found[int(index)] = value.text or ""
    return found
