"""What is written on a PDF page beside its print: the values of form fields as «Name: value», text boxes and notes."""

import ctypes
from collections.abc import Callable, Iterator

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from ingest.parsers.encoding import clean
from ingest.parsers.page_writer import one_line

_MAX_ANNOTATIONS = 5_000
_MAX_BYTES = 40_000  # of one text, in UTF-16
_UNSEEN = pdfium_c.FPDF_ANNOT_FLAG_INVISIBLE | pdfium_c.FPDF_ANNOT_FLAG_HIDDEN | pdfium_c.FPDF_ANNOT_FLAG_NOVIEW
_PASSWORD = 1 << 13  # the flag of a text field that shows dots
_NOTES = frozenset(
    (
        pdfium_c.FPDF_ANNOT_TEXT,
        pdfium_c.FPDF_ANNOT_HIGHLIGHT,
        pdfium_c.FPDF_ANNOT_UNDERLINE,
        pdfium_c.FPDF_ANNOT_SQUIGGLY,
        pdfium_c.FPDF_ANNOT_STRIKEOUT,
        pdfium_c.FPDF_ANNOT_CARET,
    )
)
_TICKED = (pdfium_c.FPDF_FORMFIELD_CHECKBOX, pdfium_c.FPDF_FORMFIELD_RADIOBUTTON)
_WRITTEN = (pdfium_c.FPDF_FORMFIELD_TEXTFIELD, pdfium_c.FPDF_FORMFIELD_COMBOBOX, pdfium_c.FPDF_FORMFIELD_LISTBOX)


def read_annotations(page: pdfium.PdfPage) -> str:
    """The lines to put after the page's text, each with its newline; empty for most pages.

    Fields are read where the document's forms were initialised before the page was loaded. Empty fields, boxes that
    are not ticked, and what a viewer does not show are left out.
    """
    count = min(pdfium_c.FPDFPage_GetAnnotCount(page.raw), _MAX_ANNOTATIONS)
    lines = [line for index in range(count) for line in _annotation(page, index)]
    return "".join(f"{line}\n" for line in dict.fromkeys(lines))


def _annotation(page: pdfium.PdfPage, index: int) -> Iterator[str]:
    annotation = pdfium_c.FPDFPage_GetAnnot(page.raw, index)
    if not annotation:
        return
    try:
        kind = pdfium_c.FPDFAnnot_GetSubtype(annotation)
        if pdfium_c.FPDFAnnot_GetFlags(annotation) & _UNSEEN:
            return
        if kind == pdfium_c.FPDF_ANNOT_WIDGET and page.formenv is not None:
            yield from _field(page.formenv.raw, annotation)
        elif kind == pdfium_c.FPDF_ANNOT_FREETEXT or kind in _NOTES:
            text = _text(lambda *out: pdfium_c.FPDFAnnot_GetStringValue(annotation, b"Contents", *out))
            if any(map(str.isalnum, text)):
                yield f"Note: {text}" if kind in _NOTES else text
    finally:
        pdfium_c.FPDFPage_CloseAnnot(annotation)


def _field(form: object, annotation: object) -> Iterator[str]:
    """«Name: value» of a form field that is filled in."""
    kind = pdfium_c.FPDFAnnot_GetFormFieldType(form, annotation)
    value = ""
    if kind in _TICKED and pdfium_c.FPDFAnnot_IsChecked(form, annotation):
        value = _text(lambda *out: pdfium_c.FPDFAnnot_GetFormFieldExportValue(form, annotation, *out))
        value = "yes" if kind == pdfium_c.FPDF_FORMFIELD_CHECKBOX or not value else value
    elif kind in _WRITTEN and not pdfium_c.FPDFAnnot_GetFormFieldFlags(form, annotation) & _PASSWORD:
        value = _text(lambda *out: pdfium_c.FPDFAnnot_GetFormFieldValue(form, annotation, *out))
    if value:
        label = _text(lambda *out: pdfium_c.FPDFAnnot_GetFormFieldAlternateName(form, annotation, *out))
        name = _text(lambda *out: pdfium_c.FPDFAnnot_GetFormFieldName(form, annotation, *out))
        yield f"{label or name.rsplit('.', 1)[-1].partition('[')[0] or 'Field'}: {value}"


def _text(get: Callable[..., int]) -> str:
    """A text on one line from a PDFium function that fills a buffer and returns its length in bytes."""
    needed = min(get(None, 0), _MAX_BYTES)
    buffer = ctypes.create_string_buffer(needed + 2)
    get(ctypes.cast(buffer, ctypes.POINTER(pdfium_c.FPDF_WCHAR)), needed)
    return one_line(clean(buffer.raw[:needed].decode("utf-16-le", "ignore").split("\x00", 1)[0]))
