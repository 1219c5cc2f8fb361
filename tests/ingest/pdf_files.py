"""Small PDF files that tests make on the spot."""

from collections.abc import Sequence
from pathlib import Path

import fpdf
from pypdf import PdfReader, PdfWriter
from pypdf.generic import DictionaryObject, NameObject, NumberObject, PdfObject, StreamObject

_HELVETICA = {"/Type": "/Font", "/Subtype": "/Type1", "/BaseFont": "/Helvetica", "/Encoding": "/WinAnsiEncoding"}
_PIXEL: dict[str, PdfObject] = {
    "/Type": NameObject("/XObject"),
    "/Subtype": NameObject("/Image"),
    "/Width": NumberObject(1),
    "/Height": NumberObject(1),
    "/BitsPerComponent": NumberObject(8),
    "/ColorSpace": NameObject("/DeviceGray"),
}


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


def write_drawn_pdf(path: Path, contents: Sequence[str], *, image_under: bool = False) -> Path:
    """A PDF with one page (612 × 792) for each content stream; /F1 is Helvetica, /Im an image of one grey pixel."""
    writer = PdfWriter()
    font = DictionaryObject({NameObject(key): NameObject(value) for key, value in _HELVETICA.items()})
    resources = DictionaryObject({NameObject("/Font"): DictionaryObject({NameObject("/F1"): writer._add_object(font)})})
    if image_under:
        image = StreamObject()
        image.set_data(b"\xee")
        image.update({NameObject(key): value for key, value in _PIXEL.items()})
        resources[NameObject("/XObject")] = DictionaryObject({NameObject("/Im"): writer._add_object(image)})
    for content in contents:
        page = writer.add_blank_page(width=612, height=792)
        stream = StreamObject()
        stream.set_data(content.encode("latin-1"))
        page[NameObject("/Contents")] = writer._add_object(stream)
        page[NameObject("/Resources")] = resources
    writer.write(path)
    return path


def printed(text: str, x: float, y: float, *, size: float = 11, before: str = "") -> str:
    """The operators that print a line at (x, y) from the page's lower left."""
    return f"q {before} BT /F1 {size} Tf {x} {y} Td ({text}) Tj ET Q\n"
