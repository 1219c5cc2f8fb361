"""What DOCX, PPTX and XLSX have in common: parts, the relations between them, and the file's properties."""

import posixpath
from dataclasses import dataclass

from lxml import etree

from ingest.errors import FileRejected
from ingest.parsers.archive import Archive
from ingest.parsers.page_writer import one_line
from ingest.parsers.xml_tree import attribute, descendants, local_name, parse_xml


@dataclass(frozen=True)
class Relation:
    """A link from one part to another: `kind` such as "slide", `target` the name of the part."""

    kind: str
    target: str


class Package:
    """The parts of an Office file in an open archive."""

    def __init__(self, archive: Archive) -> None:
        self.archive = archive

    def main_part(self) -> str:
        """The name of the part that holds the document. Raises FileRejected: malformed when there is none."""
        for relation in self.relations("").values():
            if relation.kind == "officeDocument" and self.archive.find(relation.target):
                return relation.target
        for name in ("word/document.xml", "xl/workbook.xml", "ppt/presentation.xml"):
            if self.archive.find(name):
                return name
        raise FileRejected(
            "malformed", "the file's main part is missing; open the file in its program and save it anew."
        )

    def xml(self, part: str) -> etree._Element | None:
        """The root element of a part; None when it is not there. Raises FileRejected as `Archive.read`."""
        name = self.archive.find(part)
        return None if name is None else parse_xml(self.archive.read(name))

    def relations(self, part: str) -> dict[str, Relation]:
        """The relations of a part by their id ("" for the whole file); external ones are left out."""
        folder, name = posixpath.split(part)
        root = self.xml(posixpath.join(folder, "_rels", f"{name}.rels"))
        found: dict[str, Relation] = {}
        for element in () if root is None else descendants(root, "Relationship"):
            if element.get("TargetMode", "").lower() == "external":
                continue
            target = posixpath.normpath(posixpath.join("/", folder, element.get("Target", ""))).lstrip("/")
            found[element.get("Id", "")] = Relation(element.get("Type", "").rpartition("/")[2], target)
        return found

    def related(self, part: str, kind: str) -> str | None:
        """The name of the first part of a kind that a part is related to."""
        return next((relation.target for relation in self.relations(part).values() if relation.kind == kind), None)

    def properties(self) -> dict[str, str]:
        """Title, author, subject, keywords and dates, where the file states them."""
        part = self.related("", "core-properties") or "docProps/core.xml"
        try:
            root = self.xml(part)
        except FileRejected as error:
            if error.error_class != "malformed":
                raise
            return {}
        names = {"title": "title", "creator": "author", "subject": "subject", "keywords": "keywords"}
        names |= {"created": "created", "modified": "modified"}
        found: dict[str, str] = {}
        for element in () if root is None else root:
            name = names.get(local_name(element))
            value = one_line(element.text or "")
            if name and value:
                found[name] = value[:1000]
        return found


def is_on(element: etree._Element | None) -> bool:
    """Whether a switch such as <w:vanish/> is there and not turned off."""
    return element is not None and attribute(element, "val", "1").lower() not in ("0", "false", "off", "none")


def alternatives(element: etree._Element) -> list[etree._Element]:
    """The children to read, taking of each mc:AlternateContent only its choice, or its fallback without one."""
    chosen: list[etree._Element] = []
    for inner in element:
        if local_name(inner) != "AlternateContent":
            chosen.append(inner)
            continue
        options = {local_name(option): option for option in reversed(inner)}
        option = options.get("Choice", options.get("Fallback"))
        if option is not None:
            chosen.extend(alternatives(option))
    return chosen
