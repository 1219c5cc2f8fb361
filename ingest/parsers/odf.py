"""OpenDocument files: texts (ODT), presentations (ODP, a page per slide) and their encryption and properties."""

import re
from pathlib import Path

from lxml import etree

from ingest.containers import ODP, ODT
from ingest.errors import FileRejected
from ingest.parsed import ParsedDocument
from ingest.parsers.archive import Archive
from ingest.parsers.odf_blocks import BlockReader, read_styles
from ingest.parsers.page_writer import PageWriter, one_line
from ingest.parsers.xml_tree import attribute, child, children, descendants, local_name, parse_xml

_LENGTH = re.compile(r"(-?\d+(?:\.\d+)?)(cm|mm|in|pt|pc|px)?$")
_CM = {"cm": 1.0, "mm": 0.1, "in": 2.54, "pt": 0.0353, "pc": 0.423, "px": 0.0265, None: 1.0}
_FRAME_CLASSES = frozenset(("footer", "header", "date-time", "page-number"))
_BAND_CM = 0.8  # shapes whose tops differ by less stand side by side


def parse_odt(path: Path) -> ParsedDocument:
    """One page of text; deletions, comments, headers and footers are left out. Raises FileRejected."""
    with Archive(path) as archive:
        root = read_content(archive)
        details = read_properties(archive)
    body = child(root, "body", "text")
    if body is None:
        raise FileRejected("malformed", "the document has no text body; open it in its program and save it anew.")
    reader = BlockReader(PageWriter(), read_styles(root))
    reader.read_blocks(body)
    title = reader.title or details.pop("title", None) or reader.writer.first_heading
    details.pop("title", None)
    if reader.hidden_chars:
        details["left_out"] = f"{reader.hidden_chars:,} characters of hidden text were left out."
    return reader.writer.document(ODT, title, details)


def parse_odp(path: Path) -> ParsedDocument:
    """One page per slide, titles as headings, with notes; hidden slides are empty pages. Raises FileRejected."""
    with Archive(path) as archive:
        root = read_content(archive)
        details = read_properties(archive)
    styles = read_styles(root)
    reader = BlockReader(PageWriter(), styles)
    hidden: list[str] = []
    for number, page in enumerate(descendants(root, "page"), start=1):
        if attribute(page, "style-name") in styles.hidden:
            hidden.append(str(number))
        else:
            _read_slide(page, number, reader)
        reader.writer.end_page()
    if hidden:
        details["left_out"] = f"Hidden slides were left out: {', '.join(hidden)}."[:4_000]
    title = reader.writer.first_heading or details.pop("title", None)
    details.pop("title", None)
    return reader.writer.document(ODP, title, details)


def read_content(archive: Archive) -> etree._Element:
    """The tree of content.xml. Raises FileRejected: encrypted, malformed."""
    refuse_encrypted(archive)
    return parse_xml(archive.read("content.xml"))


def refuse_encrypted(archive: Archive) -> None:
    """Raises FileRejected: encrypted where a password protects the content, malformed where there is none."""
    manifest = archive.find("META-INF/manifest.xml")
    if manifest is not None and b"encryption-data" in archive.read(manifest):
        raise FileRejected("encrypted", "the file is protected by a password; upload it without one.")
    if "content.xml" not in archive.names:
        raise FileRejected("malformed", "the file has no content.xml; open it in its program and save it anew.")


def read_properties(archive: Archive) -> dict[str, str]:
    """Title, author, subject, keywords and dates, where the file states them."""
    names = {"title": "title", "creator": "author", "subject": "subject", "keyword": "keywords"}
    names |= {"creation-date": "created", "date": "modified"}
    found: dict[str, str] = {}
    if "meta.xml" in archive.names:
        for element in descendants(parse_xml(archive.read("meta.xml")), *names):
            value = one_line(element.text or "")
            if value:
                found.setdefault(names[local_name(element)], value[:1000])
    return found


def _read_slide(page: etree._Element, number: int, reader: BlockReader) -> None:
    """The title, the shapes in reading order, and the speaker notes."""
    shapes = [shape for shape in page if local_name(shape) not in ("notes", "forms")]
    shapes = [shape for shape in shapes if attribute(shape, "class") not in _FRAME_CLASSES]
    shapes.sort(key=lambda shape: (_length(shape, "y") // _BAND_CM, _length(shape, "x")))
    titles = [shape for shape in shapes if attribute(shape, "class") == "title" and _words(shape)]
    if titles:
        reader.writer.heading(_words(titles[0]), 1)
        shapes.remove(titles[0])
    elif any(_words(shape) for shape in shapes):
        reader.writer.heading(f"Slide {number}", 1)
    for shape in shapes:
        reader.writer.gap()
        reader.read_block(shape)
    for notes in children(page, "notes"):
        frames = [frame for frame in children(notes, "frame") if attribute(frame, "class") == "notes"]
        if any(_words(frame) for frame in frames):
            reader.writer.heading("Speaker notes", 2)
            for frame in frames:
                reader.read_block(frame)


def _words(shape: etree._Element) -> str:
    """All text of a shape on one line."""
    return one_line(" ".join("".join(str(text) for text in p.itertext()) for p in descendants(shape, "p")))


def _length(shape: etree._Element, name: str) -> float:
    """A coordinate in centimetres."""
    match = _LENGTH.match(attribute(shape, name, "0cm"))
    return float(match.group(1)) * _CM[match.group(2)] if match else 0.0
