"""Word's formulas on one line: fractions as (a)/(b), powers with ^, indices with _, roots with √."""

from collections.abc import Callable

from lxml import etree

from ingest.parsers.docx_styles import attribute_of
from ingest.parsers.xml_tree import child

_INDEX = {"sub": "_", "sup": "^", "lim": "_"}
FORMULAS = frozenset(("f", "sSup", "sSub", "sSubSup", "nary", "rad", "limLow", "limUpp"))


def formula_text(element: etree._Element, kind: str, text_of: Callable[[etree._Element], str]) -> str:
    """A structure of a formula as text; `text_of` gives the text of its parts."""

    def part(name: str) -> str:
        inner = child(element, name)
        return "" if inner is None else text_of(inner).strip()

    if kind == "f":
        return f"({part('num')})/({part('den')})"
    if kind == "rad":
        return f"√({part('e')})"
    indices = "".join(
        f"{'^' if kind == 'limUpp' else sign}{_group(part(name))}" for name, sign in _INDEX.items() if part(name)
    )
    if kind == "nary":
        sign = attribute_of(child(element, "naryPr", "chr")) or "∫"
        return f"{sign}{indices} {part('e')}"
    return part("e") + indices


def _group(text: str) -> str:
    return text if len(text) < 2 else f"({text})"
