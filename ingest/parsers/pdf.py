"""PDF: text, character boxes, outline, page labels and page images from PDFium; pypdf mends what PDFium cannot open."""

import contextlib
import io
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from ingest.boxes import pack_boxes
from ingest.errors import FileRejected
from ingest.invisible import tell_hidden
from ingest.parsed import Heading, ParsedDocument, ParsedPage
from ingest.parsers.attached import MAX_ATTACHMENTS, AttachmentWriter
from ingest.parsers.pdf_characters import PageText, read_boxes, read_page
from ingest.parsers.pdf_layout import body_size, find_running_lines, guess_headings
from ingest.parsers.pdf_notes import read_annotations

MAX_PAGES = 5_000
MAX_CHARS = 20_000_000
MAX_PIXELS = 50_000_000
_EMPTY_PAGE = "\n"
_MAX_OUTLINE = 5_000
# What pypdf raises, beside errors of its own, where a file is not what it seems.
_BEYOND_MENDING = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
)
_WORDS = re.compile(r"[^\W_]+")
_NO_TITLE = re.compile(
    r"(?:\(?(?:anonymous|unspecified)\)?|untitled|document\d*|microsoft (?:word|powerpoint|excel) - .*"
    r"|.*\.(?:docx?|pdf|pptx?|xlsx?|indd))",
    re.I,
)
_COMPANY = re.compile(r".{2,60}\b(?:inc|corp|corporation|company|ltd|llc|plc|gmbh|ag|s\.a)\.?", re.I)


def parse_pdf(path: Path, attachments: AttachmentWriter | None = None) -> ParsedDocument:
    """Pages of visible text; headings from the outline, or by font where there is none; its files to `attachments`.

    Raises FileRejected: encrypted (a password is needed), malformed, too_large. Pages without a text layer are empty.
    """
    document = open_pdf(path)
    try:
        document.init_forms()
        n_pages = len(document)
        if n_pages > MAX_PAGES:
            raise FileRejected("too_large", f"{n_pages:,} pages are more than {MAX_PAGES:,}; split the file.")
        pages = _read_pages(document)
        if all(page is None for page in pages):
            raise FileRejected("malformed", "no page of the PDF can be read; open it in a PDF viewer and save it anew.")
        if attachments is not None:
            _write_attachments(document, attachments)
        characters = [page or _UNREADABLE for page in pages]
        skips = find_running_lines(characters)
        starts = _starts(characters)
        headings = _outline(document, characters, starts) or guess_headings(characters, skips, starts)
        parsed = tuple(
            _parsed_page(document, number, page, skip)
            for number, (page, skip) in enumerate(zip(characters, skips, strict=True), start=1)
        )
        return ParsedDocument(
            media_type="application/pdf",
            title=_title(document, characters),
            pages=parsed,
            headings=tuple(headings),
            details=_details(document, characters),
        )
    finally:
        document.close()


def open_pdf(path: Path) -> pdfium.PdfDocument:
    """Open a PDF, also one that is damaged a little or encrypted with an empty password.

    Raises FileRejected: encrypted, malformed.
    """
    try:
        document = pdfium.PdfDocument(path)
    except pdfium.PdfiumError as error:
        if "password" in str(error).lower() or "security" in str(error).lower():
            raise FileRejected(
                "encrypted", "the PDF needs a password to be opened; upload a copy without a password."
            ) from error
        document = _open_mended(path)
    if len(document) == 0:
        document.close()
        raise FileRejected("malformed", "the PDF has no pages; open it in a PDF viewer and save it anew.")
    return document


def _open_mended(path: Path) -> pdfium.PdfDocument:
    """Open what pypdf, which forgives other faults than PDFium, reads of a damaged PDF and writes anew."""
    import pypdf  # only damaged files need it

    pypdf.apply_configuration(array_maximum_element_count=2_000_000)
    mended = io.BytesIO()
    try:
        pypdf.PdfWriter(clone_from=pypdf.PdfReader(path)).write(mended)
        return pdfium.PdfDocument(mended.getvalue())
    except (*_BEYOND_MENDING, pypdf.errors.PyPdfError, pypdf.errors.DependencyError, pdfium.PdfiumError) as error:
        raise FileRejected(
            "malformed", "the PDF is damaged and cannot be opened; open it in a PDF viewer and save it anew."
        ) from error


def render_page(path: Path, number: int, scale: float) -> bytes:
    """A page as PNG, `scale` pixels per point, at most 50 million pixels. Raises FileRejected for a bad page."""
    document = open_pdf(path)
    try:
        if not 1 <= number <= len(document):
            raise FileRejected("malformed", f"page {number} does not exist; the PDF has {len(document)} pages.")
        page = document[number - 1]
        width, height = page.get_size()
        scale = min(scale, (MAX_PIXELS / max(width * height, 1.0)) ** 0.5)
        image = page.render(scale=scale, may_draw_forms=False).to_pil()
        output = io.BytesIO()
        image.save(output, format="PNG", compress_level=3)
        return output.getvalue()
    except pdfium.PdfiumError as error:
        raise FileRejected("malformed", f"page {number} cannot be drawn; open the original instead.") from error
    finally:
        document.close()


def find_boxes(path: Path, number: int) -> tuple[str, bytes]:
    """A page's text as `parse_pdf` gives it, and the packed boxes of its characters. Raises FileRejected."""
    document = open_pdf(path)
    try:
        if not 1 <= number <= len(document):
            raise FileRejected("malformed", f"page {number} does not exist; the PDF has {len(document)} pages.")
        document.init_forms()
        page = document[number - 1]
        text, boxes = read_boxes(page)
        beside = _beside_print(text, page)
        return text + beside, pack_boxes(np.pad(boxes, ((0, len(beside)), (0, 0))))
    except pdfium.PdfiumError as error:
        raise FileRejected("malformed", f"page {number} cannot be read; open the original instead.") from error
    finally:
        document.close()


def _read_pages(document: pdfium.PdfDocument) -> list[PageText | None]:
    """Every page's characters; None where PDFium cannot load the page."""
    pages: list[PageText | None] = []
    n_chars = 0
    for index in range(len(document)):
        try:
            page = document[index]
        except pdfium.PdfiumError:
            pages.append(None)
            continue
        try:
            read = read_page(page)
            pages.append(replace(read, text=read.text + _beside_print(read.text, page)))
        except pdfium.PdfiumError:
            pages.append(None)
        finally:
            page.close()
        n_chars += len(pages[-1].text) if pages[-1] else 0
        if n_chars > MAX_CHARS:
            raise FileRejected(
                "too_large", f"more than {MAX_CHARS:,} characters of text by page {index + 1}; split the file."
            )
    return pages


def _write_attachments(document: pdfium.PdfDocument, attachments: AttachmentWriter) -> None:
    """Write out the files that are attached to the document; those that cannot be read are left out."""
    for index in range(min(document.count_attachments(), MAX_ATTACHMENTS)):
        with contextlib.suppress(pdfium.PdfiumError, UnicodeDecodeError):
            attachment = document.get_attachment(index)
            attachments.add(attachment.get_name() or f"attachment {index + 1}", [bytes(attachment.get_data())])


def _beside_print(text: str, page: pdfium.PdfPage) -> str:
    """What follows the printed text of a page: its annotations, as a paragraph of their own."""
    lines = read_annotations(page)
    return f"\n{lines}" if lines and text.strip() else lines


_UNREADABLE = PageText(_EMPTY_PAGE, (), 612.0, 792.0)


def _starts(pages: list[PageText]) -> list[int]:
    """Each page's offset in the version's text."""
    starts, start = [], 0
    for page in pages:
        starts.append(start)
        start += len(page.text)
    return starts


def _parsed_page(
    document: pdfium.PdfDocument, number: int, page: PageText, skip: tuple[tuple[int, int], ...]
) -> ParsedPage:
    return ParsedPage(
        number=number,
        text=page.text,
        label=document.get_page_label(number - 1) or None,
        width=page.width,
        height=page.height,
        skip=skip,
    )


def _title(document: pdfium.PdfDocument, pages: list[PageText]) -> str | None:
    """The title of the metadata when it reads like one, else the largest print on the first page.

    Print all in capitals and a company's name are most often the letterhead, so the file's name says more.
    """
    title = " ".join(document.get_metadata_value("Title").replace("\x00", "").split())
    if len(title) <= 300 and re.search(r"[^\W\d_]{3}", title) and not _NO_TITLE.fullmatch(title):
        return title
    lines = pages[0].lines
    largest = max((line.size for line in lines), default=0.0)
    if not lines or largest < 1.4 * body_size(pages):
        return None
    parts = [pages[0].text[line.start : line.end] for line in lines if line.size > 0.98 * largest]
    guess = " ".join(parts)
    reads_like_one = (
        3 <= len(guess) <= 150
        and re.search(r"[^\W\d_]{3}", guess)
        and not guess.isupper()
        and not _COMPANY.fullmatch(guess)
    )
    return guess if reads_like_one else None


def _details(document: pdfium.PdfDocument, pages: list[PageText]) -> dict[str, str]:
    """What the metadata says, the number of pages, and how much hidden text was left out."""
    details = {"pages": str(len(pages))}
    for key in ("Author", "Subject", "Keywords", "Creator", "Producer", "CreationDate", "ModDate"):
        value = document.get_metadata_value(key).replace("\x00", "").strip()
        if value:
            details[key.lower()] = value[:1000]
    hidden = {number: page.n_hidden for number, page in enumerate(pages, start=1) if page.n_hidden}
    return tell_hidden(details, hidden)


def _outline(document: pdfium.PdfDocument, pages: list[PageText], starts: list[int]) -> list[Heading]:
    """The outline's entries at their place in the text; nothing when it is too thin to tell sections apart."""
    found: dict[int, Heading] = {}
    try:
        for count, bookmark in enumerate(document.get_toc(max_depth=6)):
            destination = bookmark.get_dest()
            index = destination.get_index() if destination else None
            title = " ".join(bookmark.get_title().replace("\x00", "").split())
            if count >= _MAX_OUTLINE or index is None or not 0 <= index < len(pages) or not title:
                continue
            start = starts[index] + _locate(pages[index], title, destination)
            found.setdefault(start, Heading(start, bookmark.level + 1, title[:300]))
    except (pdfium.PdfiumError, UnicodeDecodeError):
        return []
    return [found[start] for start in sorted(found)] if len(found) >= max(3, len(pages) / 8) else []


def _locate(page: PageText, title: str, destination: pdfium.PdfDest | None) -> int:
    """Where a heading stands on its page: its words, else the line at the bookmark's height, else the page's start."""
    wanted = _words(title)
    for position, line in enumerate(page.lines):
        last = page.lines[min(position + 2, len(page.lines) - 1)]
        here = _words(page.text[line.start : line.end])
        if here and wanted and wanted.startswith(here) and _words(page.text[line.start : last.end]).startswith(wanted):
            return line.start
    for line in page.lines:
        if len(wanted) > 3 and _words(page.text[line.start : line.end]).startswith(wanted):
            return line.start
    mode, values = destination.get_view() if destination else (0, [])
    if mode == pdfium_c.PDFDEST_VIEW_XYZ and len(values) >= 2 and values[1]:
        top = page.height - float(values[1])
        return next((line.start for line in page.lines if line.baseline >= top), 0)
    return 0


def _words(text: str) -> str:
    return "".join(_WORDS.findall(text.casefold()))
