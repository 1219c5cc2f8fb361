"""Word's paragraph styles and list numbering: the heading level of a paragraph and the label before it."""

import re
from dataclasses import dataclass

from lxml import etree

from ingest.parsers.xml_tree import attribute, child, children, descendants

_HEADING_NAME = re.compile(r"heading ([1-9])$")
_PLACE = re.compile(r"%([1-9])")
_ROMAN = ((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"))
_ROMAN_LOW = ((10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))


@dataclass(frozen=True)
class Style:
    """A paragraph style with what it inherits; `level` is the heading level (0: none)."""

    name: str = ""
    level: int = 0
    list_id: str = ""
    list_level: int = 0


def read_styles(root: etree._Element | None) -> dict[str, Style]:
    """The styles by id ("" for the default paragraph style)."""
    if root is None:
        return {}
    elements = {attribute(style, "styleId"): style for style in children(root, "style")}
    styles = {identity: _resolve(identity, elements) for identity in elements}
    for identity, element in elements.items():
        if attribute(element, "type") == "paragraph" and attribute(element, "default") in ("1", "true"):
            styles[""] = styles[identity]
    return styles


def _resolve(identity: str, elements: dict[str, etree._Element]) -> Style:
    """A style with the values of the styles it is based on."""
    name, level, list_id, list_level = "", -1, "", -1
    seen: set[str] = set()
    while identity in elements and identity not in seen:
        seen.add(identity)
        element = elements[identity]
        own = attribute_of(child(element, "name")).lower()
        name = name or own
        properties = child(element, "pPr")
        outline = attribute_of(child(properties, "outlineLvl"))
        named = _HEADING_NAME.match(own)
        if level < 0 and outline.isdecimal():
            level = int(outline) + 1 if int(outline) < 9 else 0
        elif level < 0 and named:
            level = int(named.group(1))
        list_id = list_id or attribute_of(child(properties, "numPr", "numId"))
        depth = attribute_of(child(properties, "numPr", "ilvl"))
        list_level = int(depth) if list_level < 0 and depth.isdecimal() else list_level
        identity = attribute_of(child(element, "basedOn"))
    return Style(name, 1 if name == "title" else max(level, 0), list_id, max(list_level, 0))


def attribute_of(element: etree._Element | None) -> str:
    """The w:val of an element; "" when there is none."""
    return "" if element is None else attribute(element, "val")


@dataclass(frozen=True)
class _Level:
    """How a level of a list is numbered; `text` such as "%1.%2"."""

    form: str
    text: str
    start: int


class Numbering:
    """Counts the items of all lists in document order."""

    def __init__(self, root: etree._Element | None) -> None:
        self._levels: dict[str, dict[int, _Level]] = {}
        self._abstract: dict[str, str] = {}
        self._restarts: dict[str, dict[int, int]] = {}
        self._counts: dict[str, dict[int, int]] = {}
        self._linked: dict[str, str] = {}
        if root is not None:
            for definition in children(root, "abstractNum"):
                self._read_definition(definition)
            for instance in children(root, "num"):
                self._read_instance(instance)

    def label(self, list_id: str, level: int) -> str:
        """The label of the next item of a list: "-" for a bullet, "2.1" and the like, or "" for none."""
        abstract = self._abstract.get(list_id)
        if abstract is None:
            return ""
        levels = self._levels.get(abstract, {})
        counts = self._counts.setdefault(abstract, {})
        if level in self._restarts.get(list_id, {}):
            counts[level] = self._restarts[list_id].pop(level) - 1
        own = levels.get(level, _Level("bullet", "", 1))
        counts[level] = counts.get(level, own.start - 1) + 1
        for deeper in [other for other in counts if other > level]:
            del counts[deeper]
        if own.form == "bullet":
            return "-"
        if own.form == "none":
            return ""

        def number(place: re.Match[str]) -> str:
            at = int(place.group(1)) - 1
            other = levels.get(at, own)
            return _format_number(counts.get(at, other.start), other.form)

        return _PLACE.sub(number, own.text).strip()

    def _read_definition(self, definition: etree._Element) -> None:
        levels: dict[int, _Level] = {}
        for element in children(definition, "lvl"):
            start = attribute_of(child(element, "start"))
            levels[_integer(attribute(element, "ilvl"))] = _Level(
                attribute_of(child(element, "numFmt")) or "decimal",
                attribute_of(child(element, "lvlText")),
                _integer(start) if start else 1,
            )
        self._levels[attribute(definition, "abstractNumId")] = levels

    def _read_instance(self, instance: etree._Element) -> None:
        identity = attribute(instance, "numId")
        self._abstract[identity] = attribute_of(child(instance, "abstractNumId"))
        for override in descendants(instance, "lvlOverride"):
            start = attribute_of(child(override, "startOverride"))
            if start:
                self._restarts.setdefault(identity, {})[_integer(attribute(override, "ilvl"))] = _integer(start)


def _integer(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 9 else 0


def _format_number(number: int, form: str) -> str:
    """A number as Word writes it in a list."""
    if form in ("lowerLetter", "upperLetter") and number > 0:
        letter = chr(ord("a") + (number - 1) % 26) * min((number - 1) // 26 + 1, 10)
        return letter.upper() if form == "upperLetter" else letter
    if form in ("lowerRoman", "upperRoman"):
        return roman(number).upper() if form == "upperRoman" else roman(number)
    if form == "decimalZero":
        return f"{number:02}"
    return str(number)


def roman(number: int) -> str:
    """A number from 1 to 3999 in small Roman numerals; others as they are."""
    if not 0 < number < 4000:
        return str(number)
    text = ""
    for value, letters in _ROMAN + _ROMAN_LOW:
        text += letters * (number // value)
        number %= value
    return text
