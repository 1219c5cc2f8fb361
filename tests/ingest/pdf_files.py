"""Small PDF files that tests make on the spot."""

from collections.abc import Sequence
from pathlib import Path

import fpdf
from pypdf import PdfReader, PdfWriter


def write_pdf(path: Path, pages: Sequence[Sequence[tuple[str, float, bool]]], *, title: str = "") -> Path:
    """A PDF with one list of (text, font size, bold) paragraphs a page."""
    document = fpdf.FPDF(format="Letter")
    if title:
        document.set_title(title)
    for paragraphs in pages:
        document.add_page()
        for text, size, bold in paragraphs:
            document.set_font("Helvetica", "B" if bold else "", size)
            document.multi_cell(0, size * 0.5, text, new_x="LMARGIN", new_y="NEXT")
            document.ln(size * 0.3)
    document.output(str(path))
    return path


def rewrite_pdf(
    source: Path,
    target: Path,
    *,
    rotate: int = 0,
    crop: tuple[float, float, float, float] | None = None,
    password: str | None = None,
    bookmarks: Sequence[tuple[str, int]] = (),
) -> Path:
    """A PDF again: turned, cropped (left, bottom, right, top), encrypted, or with (title, page index) bookmarks."""
    writer = PdfWriter(clone_from=PdfReader(source))
    for page in writer.pages:
        page.rotate(rotate)
        if crop is not None:
            page.cropbox.lower_left, page.cropbox.upper_right = crop[:2], crop[2:]
    for title, index in bookmarks:
        writer.add_outline_item(title=title, page_number=index)
    if password is not None:
        writer.encrypt(user_password=password, owner_password="owner", algorithm="AES-256")
    with target.open("wb") as file:
        writer.write(file)
    return target
