"""XML from strangers: no entities, no DTD, no network, limited depth; elements go by their local names."""

from collections.abc import Iterator
from typing import IO, Protocol

from lxml import etree

from ingest.errors import FileRejected

XML_DAMAGED = "the file holds damaged XML; open it in its program and save it anew."
_NO_MEMORY = 2  # libxml2's XML_ERR_NO_MEMORY


class ByteSource(Protocol):
    """What a streaming parser reads from."""

    def read(self, size: int = ...) -> bytes:
        """At most `size` bytes, none at the end."""


def parse_xml(data: bytes) -> etree._Element:
    """The root element of an XML document. Raises FileRejected: malformed."""
    parser = etree.XMLParser(
        resolve_entities=False, load_dtd=False, no_network=True, remove_comments=True, remove_pis=True, huge_tree=False
    )
    try:
        root: etree._Element | None = etree.fromstring(data, parser)
    except (etree.LxmlError, ValueError) as error:
        raise _damaged(error) from error
    if root is None:
        raise FileRejected("malformed", XML_DAMAGED)
    return root


def stream_elements(
    source: ByteSource | IO[bytes], names: frozenset[str], *, opening: str | None = None
) -> Iterator[etree._Element]:
    """Finished elements with these local names, in order; each is emptied after it was used.

    Elements named `opening` come when they begin, with their attributes only. Raises FileRejected: malformed.
    """
    events = etree.iterparse(
        source,
        events=("start", "end"),
        tag=[f"{{*}}{name}" for name in sorted(names | ({opening} if opening else set()))],
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        remove_comments=True,
        remove_pis=True,
        huge_tree=False,
    )
    try:
        for event, element in events:
            if (event == "start") != (local_name(element) == opening):
                continue
            yield element
            if event == "start":
                continue
            element.clear()
            while element.getprevious() is not None:
                parent = element.getparent()
                if parent is None:
                    break
                del parent[0]
    except (etree.LxmlError, ValueError) as error:
        raise _damaged(error) from error


def _damaged(error: Exception) -> FileRejected:
    """What to raise for a parser's error. Raises MemoryError when it ran out of memory."""
    if getattr(error, "code", None) == _NO_MEMORY:
        raise MemoryError from error
    return FileRejected("malformed", XML_DAMAGED)


def local_name(element: etree._Element) -> str:
    """The tag without its namespace; "" for entities and the like."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def attribute(element: etree._Element, name: str, default: str = "") -> str:
    """The value of an attribute by its local name, in whatever namespace."""
    direct = element.get(name)
    if direct is not None:
        return direct
    for key, value in element.attrib.items():
        if str(key).rpartition("}")[2] == name:
            return str(value)
    return default


def child(element: etree._Element | None, *path: str) -> etree._Element | None:
    """The first descendant along a path of local names."""
    for name in path:
        if element is None:
            return None
        element = next((inner for inner in element if local_name(inner) == name), None)
    return element


def children(element: etree._Element | None, name: str) -> Iterator[etree._Element]:
    """The direct children with a local name."""
    return iter(()) if element is None else (inner for inner in element if local_name(inner) == name)


def descendants(element: etree._Element, *names: str) -> Iterator[etree._Element]:
    """All descendants with one of the local names, in document order."""
    return element.iter(*(f"{{*}}{name}" for name in names))
