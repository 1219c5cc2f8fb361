"""PDF."""

from pathlib import Path

import pypdfium2 as pdfium

from ingest.errors import FileRejected
from ingest.parsed import ParsedDocument, ParsedPage


def parse_pdf(path: Path) -> ParsedDocument:
    try:
        document = pdfium.PdfDocument(path)
    except pdfium.PdfiumError as error:
        raise FileRejected("malformed", f"{error}") from error
    pages = tuple(ParsedPage(i + 1, document[i].get_textpage().get_text_range() + "\n") for i in range(len(document)))
    return ParsedDocument(media_type="application/pdf", title=None, pages=pages)
