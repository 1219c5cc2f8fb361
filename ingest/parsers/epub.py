"""EPUB books: the documents of the spine in reading order, one page each."""

import posixpath
import re
from dataclasses import replace
from html import unescape
from pathlib import Path
from urllib.parse import unquote

from lxml import etree

from ingest.containers import EPUB
from ingest.errors import FileRejected
from ingest.parsed import Heading, ParsedDocument, ParsedPage
from ingest.parsers.archive import Archive
from ingest.parsers.encoding import decode
from ingest.parsers.html import parse_tree
from ingest.parsers.html_text import readable_text
from ingest.parsers.page_writer import one_line
from ingest.parsers.xml_tree import attribute, child, children, descendants, local_name, parse_xml

_READ_TYPES = frozenset(("application/xhtml+xml", "text/html", "application/x-dtbook+xml"))
_ENTITY = re.compile(r"&([A-Za-z][A-Za-z0-9]{1,31});")
_XML_ENTITIES = frozenset(("lt", "gt", "amp", "quot", "apos"))
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*>")
_LANGUAGE = re.compile(r"[A-Za-z]{2}(?:-|$)")
_FIELDS = {"title": "title", "creator": "author", "subject": "subject", "publisher": "publisher"}


def parse_epub(path: Path) -> ParsedDocument:
    """One page for each document of the spine that has text. Raises FileRejected."""
    with Archive(path) as archive:
        package_name = _package_name(archive)
        package = parse_xml(archive.read(package_name))
        locked = _encrypted_names(archive)
        pages: list[ParsedPage] = []
        headings: list[Heading] = []
        start = 0
        for name in _spine(package, package_name, archive):
            if name in locked:
                raise FileRejected("encrypted", "the book is protected against copying; upload it without protection.")
            content = readable_text(_chapter_tree(archive.read(name)), drop_chrome=True)
            if content.text.strip():
                pages.append(ParsedPage(len(pages) + 1, content.text))
                headings += [replace(heading, start=start + heading.start) for heading in content.headings]
                start += len(content.text)
    if not pages:
        raise FileRejected("empty", "no text was found in the book; upload a file with text in it.")
    details = _details(package)
    title = details.pop("title", None)
    language = details.pop("language", None)
    return ParsedDocument(EPUB, title, tuple(pages), tuple(headings), details, language)


def _package_name(archive: Archive) -> str:
    """The name of the book's package document. Raises FileRejected: malformed when there is none."""
    container = archive.find("META-INF/container.xml")
    if container is not None:
        for entry in descendants(parse_xml(archive.read(container)), "rootfile"):
            name = archive.find(unquote(attribute(entry, "full-path")))
            if name is not None:
                return name
    for name in sorted(archive.names):
        if name.lower().endswith(".opf"):
            return name
    raise FileRejected("malformed", "the book has no package document; make the EPUB anew.")


def _spine(package: etree._Element, package_name: str, archive: Archive) -> list[str]:
    """The names of the documents in reading order; what the manifest names wrongly is left out."""
    folder = posixpath.dirname(package_name)
    items: dict[str, str] = {}
    for item in children(child(package, "manifest"), "item"):
        if attribute(item, "media-type") in _READ_TYPES and "nav" not in attribute(item, "properties").split():
            href = unquote(attribute(item, "href")).partition("#")[0]
            name = archive.find(posixpath.normpath(posixpath.join(folder, href)))
            if name is not None:
                items[attribute(item, "id")] = name
    names = [items.get(attribute(entry, "idref")) for entry in children(child(package, "spine"), "itemref")]
    return list(dict.fromkeys(name for name in names if name is not None))


def _chapter_tree(data: bytes) -> etree._Element:
    """A chapter's tree with plain tags: as XHTML, or by HTML's rules where it is not well-formed."""
    text = _ENTITY.sub(_character, decode(data, "utf-8"))
    try:
        root = parse_xml(_DECLARATION.sub("", text).encode())
    except FileRejected:
        return parse_tree(text)
    for element in root.iter("{*}*"):
        element.tag = local_name(element)
    return root


def _character(entity: re.Match[str]) -> str:
    """The character of a named entity of HTML, which XML does not know."""
    return entity[0] if entity[1] in _XML_ENTITIES else unescape(entity[0])


def _encrypted_names(archive: Archive) -> frozenset[str]:
    """The names of members that are encrypted."""
    name = archive.find("META-INF/encryption.xml")
    if name is None:
        return frozenset()
    links = descendants(parse_xml(archive.read(name)), "CipherReference")
    return frozenset(unquote(attribute(link, "URI")) for link in links)


def _details(package: etree._Element) -> dict[str, str]:
    """Title, author, subject, publisher, and the language as ISO 639-1 where it is stated so."""
    found: dict[str, str] = {}
    metadata = child(package, "metadata")
    for element in () if metadata is None else metadata.iter():
        value = one_line(element.text or "")
        field = _FIELDS.get(local_name(element))
        if field and value:
            found.setdefault(field, value[:1000])
        if local_name(element) == "language" and _LANGUAGE.match(value):
            found.setdefault("language", value[:2].lower())
    return found
