"""From a file to pages of text: the type by content, then the parser of that type."""

import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import puremagic

from ingest.containers import (
    DOCX,
    DRAWN,
    EML,
    EPUB,
    IMAGES,
    MBOX,
    MSG,
    ODP,
    ODS,
    ODT,
    OLD_OFFICE,
    PPTX,
    RTF,
    TAR,
    XLSX,
    ZIP,
    container_type,
)
from ingest.errors import FileRejected
from ingest.invisible import remove_invisible
from ingest.language import detect_language
from ingest.parsed import Heading, ParsedDocument, ParsedPage
from ingest.parsers.attached import AttachmentWriter
from ingest.parsers.docx import parse_docx
from ingest.parsers.encoding import utf16_without_mark
from ingest.parsers.epub import parse_epub
from ingest.parsers.html import parse_html
from ingest.parsers.image import draw_image, parse_image
from ingest.parsers.json_yaml import parse_json, parse_yaml
from ingest.parsers.mail import parse_eml, parse_mbox
from ingest.parsers.markdown import parse_markdown
from ingest.parsers.msg import parse_msg
from ingest.parsers.odf import parse_odp, parse_odt
from ingest.parsers.ods import parse_ods
from ingest.parsers.pdf import parse_pdf, render_page
from ingest.parsers.pptx import parse_pptx
from ingest.parsers.rtf import parse_rtf
from ingest.parsers.table import parse_table
from ingest.parsers.text import parse_text
from ingest.parsers.unpack import parse_tar, parse_zip
from ingest.parsers.xlsx import parse_xlsx

__all__ = ["PARSERS", "Heading", "ParsedDocument", "ParsedPage", "detect_media_type", "parse_file"]


def _to_be_converted(media_type: str, _path: Path) -> ParsedDocument:
    """An old Office file as it is before another program has converted it, see `ingest.convert`: without pages."""
    return ParsedDocument(media_type, None, ())


PARSERS: dict[str, Callable[[Path], ParsedDocument]] = {
    DOCX: parse_docx,
    XLSX: parse_xlsx,
    PPTX: parse_pptx,
    ODT: parse_odt,
    ODS: parse_ods,
    ODP: parse_odp,
    RTF: parse_rtf,
    EPUB: parse_epub,
    "text/markdown": parse_markdown,
    "text/html": parse_html,
    "text/plain": parse_text,
    "text/csv": parse_table,
    "application/json": parse_json,
    "application/yaml": parse_yaml,
    **dict.fromkeys(IMAGES, parse_image),
    **{media_type: partial(_to_be_converted, media_type) for media_type in OLD_OFFICE},
}
# Files that may hold files; these are written out to become documents of their own, but the file can be read without.
ATTACHING_PARSERS: dict[str, Callable[[Path, AttachmentWriter | None], ParsedDocument]] = {
    "application/pdf": parse_pdf,
    EML: parse_eml,
    MBOX: parse_mbox,
    MSG: parse_msg,
}
ARCHIVE_PARSERS: dict[str, Callable[[Path, AttachmentWriter], ParsedDocument]] = {ZIP: parse_zip, TAR: parse_tar}
MEDIA_TYPES = frozenset((*PARSERS, *ATTACHING_PARSERS, *ARCHIVE_PARSERS))
SUPPORTED = (
    "PDF, Word, Excel, PowerPoint, OpenDocument, RTF, EPUB, mail, Markdown, HTML, plain text (also CSV, JSON, YAML "
    "and program code), an image, or a ZIP or TAR archive of such files"
)
MAX_TEXT_BYTES = 20_000_000
MAX_PAGES = 5_000

_TEXT_SUFFIXES = {
    ".md": "text/markdown",
    ".markdown": "text/markdown",
    ".mdown": "text/markdown",
    ".mkd": "text/markdown",
    ".html": "text/html",
    ".htm": "text/html",
    ".xhtml": "text/html",
    ".csv": "text/csv",
    ".tsv": "text/csv",
    ".json": "application/json",
    ".jsonl": "application/json",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
}
# Text that only another program can show as text, by suffix.
_FOREIGN_TEXT = {".svg": "SVG image", ".ps": "PostScript"}
_UNKNOWN = "this kind of binary file"
_SIGNATURES = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old Office file (OLE)"),
    (b"{\\rtf", "RTF"),
    (b"%!PS", "PostScript"),
    (b"\x1f\x8b", "gzip file (of one file; unpack it)"),
    (b"BZh", "bzip2 file (of one file; unpack it)"),
    (b"\xfd7zXZ\x00", "xz file (of one file; unpack it)"),
    (b"7z\xbc\xaf\x27\x1c", "7-Zip archive"),
    (b"Rar!\x1a\x07", "RAR archive"),
    (b"\x7fELF", "program (ELF)"),
    (b"MZ\x90\x00", "program (Windows)"),
    (b"SQLite format 3\x00", "SQLite database"),
)
_HTML_START = re.compile(
    rb"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body)\b", re.I | re.S
)


def parse_file(path: Path, filename: str, attachments: AttachmentWriter | None = None) -> ParsedDocument:
    """Parse a file; only to be called in a sandboxed child. Raises FileRejected with a sentence naming the file.

    The files in it are written to `attachments`; without that a mail's are only named, and no archive is opened.
    """
    media_type = detect_media_type(path, filename)
    try:
        parsed = _parse(path, media_type, attachments)
    except FileRejected as error:
        raise FileRejected(error.error_class, f"{filename}: {error}") from error
    parsed = remove_invisible(parsed)
    _check_limits(parsed, filename)
    return replace(
        parsed,
        media_type=media_type,
        language=parsed.language or detect_language(parsed),
        attachments=tuple(attachments.attachments) if attachments is not None else (),
    )


def _parse(path: Path, media_type: str, attachments: AttachmentWriter | None) -> ParsedDocument:
    if media_type in ATTACHING_PARSERS:
        return ATTACHING_PARSERS[media_type](path, attachments)
    if media_type not in ARCHIVE_PARSERS:
        return PARSERS[media_type](path)
    if attachments is None:
        raise FileRejected(
            "unsupported", "an archive inside another file is not unpacked; unpack it and upload the files in it."
        )
    return ARCHIVE_PARSERS[media_type](path, attachments)


def draw_page(path: Path, number: int, scale: float) -> bytes:
    """A page (from 1) of a PDF or image as PNG, `scale` pixels per point. Raises FileRejected."""
    with path.open("rb") as file:
        is_pdf = b"%PDF-" in file.read(1024)
    return render_page(path, number, scale) if is_pdf else draw_image(path, number, scale)


def detect_media_type(path: Path, filename: str) -> str:
    """The media type, one of MEDIA_TYPES, by content; the name only tells kinds of text apart.

    Raises FileRejected: empty for no content, unsupported for what no parser reads.
    """
    with path.open("rb") as file:
        head = file.read(65536)
    if not head.strip():
        raise FileRejected("empty", f"{filename}: the file has no content; upload a file with text in it.")
    if b"%PDF-" in head[:1024]:
        return "application/pdf"
    container = container_type(path, filename, head)
    if container is not None:
        return container
    kind = _foreign_kind(path, filename, head)
    if kind in (_UNKNOWN, "application/pdf") and filename.lower().endswith(".pdf"):
        raise FileRejected(
            "malformed", f"{filename}: the PDF is damaged, its header is missing; save it anew in a PDF viewer."
        )
    if kind:
        raise FileRejected("unsupported", f"{filename}: {kind} cannot be read; upload {SUPPORTED}.")
    suffix = Path(filename).suffix.lower()
    media_type = _TEXT_SUFFIXES.get(suffix, "text/plain")
    if media_type == "text/plain" and _HTML_START.match(head):
        return "text/html"
    return media_type


def _foreign_kind(path: Path, filename: str, head: bytes) -> str | None:
    """What a file is that no parser reads, in words; None for text."""
    for signature, kind in _SIGNATURES:
        if head.startswith(signature):
            return kind
    suffix = Path(filename).suffix.lower()
    if suffix in _FOREIGN_TEXT:
        return _FOREIGN_TEXT[suffix]
    if _looks_like_text(head):
        return None
    try:
        return puremagic.from_file(path, mime=True) or _UNKNOWN
    except (puremagic.PureError, ValueError):
        return _UNKNOWN


def _looks_like_text(head: bytes) -> bool:
    """Whether bytes are text in some encoding: no NUL outside UTF-16 or UTF-32, few control characters."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")) or utf16_without_mark(head):
        return True
    controls = sum(head.count(bytes([code])) for code in range(32) if code not in (9, 10, 12, 13, 27))
    return b"\x00" not in head and controls <= 0.01 * len(head)


def _check_limits(parsed: ParsedDocument, filename: str) -> None:
    """Raise FileRejected when the text is missing or too long."""
    if len(parsed.pages) > MAX_PAGES:
        raise FileRejected(
            "too_large", f"{filename}: {len(parsed.pages):,} pages are more than {MAX_PAGES:,}; split the file."
        )
    size = sum(len(page.text.encode()) for page in parsed.pages)
    if size > MAX_TEXT_BYTES:
        raise FileRejected(
            "too_large", f"{filename}: {size:,} bytes of text are more than {MAX_TEXT_BYTES:,}; split the file."
        )
    if parsed.media_type not in (*DRAWN, *OLD_OFFICE) and not any(page.text.strip() for page in parsed.pages):
        raise FileRejected("empty", f"{filename}: no text was found in the file; upload a file with text in it.")
