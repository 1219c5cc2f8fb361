"""The characters of a PDF page with their boxes, and the printed lines they stand in, read in bulk from PDFium."""

import ctypes
from collections import deque
from dataclasses import dataclass
from itertools import repeat

import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c
from numpy.typing import NDArray

from ingest.parsers.pdf_lines import Line, arrange

_NEWLINE, _SPACE, _HYPHEN = 10, 32, 45
_LINE_END_HYPHENS = (0x02, 0xFFFE)  # PDFium's mark for a hyphen at the end of a line
_SPACES = (0x09, 0xA0, 0x2000, 0x2001, 0x2002, 0x2003, 0x2004, 0x2005, 0x2006, 0x2007, 0x2008, 0x2009, 0x200A, 0x202F)
_MAX_CHARS_PER_PAGE = 5_000_000


@dataclass(frozen=True)
class PageCharacters:
    """A page's text, one box (left, top, right, bottom as fractions; (n, 4)) per character, and its lines."""

    text: str
    boxes: NDArray[np.float32]
    lines: tuple[Line, ...]
    width: float
    height: float


def _fast(function: object, result: type, *arguments: type) -> ctypes._CFuncPtr:  # type: ignore[name-defined]
    """A PDFium function with plain integer pointers: calls cost a third of the checked ones."""
    prototype = ctypes.PYFUNCTYPE(result, *arguments)
    return prototype(ctypes.cast(function, ctypes.c_void_p).value)  # type: ignore[arg-type]


_POINTER, _INT = ctypes.c_void_p, ctypes.c_int
_get_unicode = _fast(pdfium_c.FPDFText_GetUnicode, ctypes.c_uint, _POINTER, _INT)
_get_text = _fast(pdfium_c.FPDFText_GetText, _INT, _POINTER, _INT, _INT, _POINTER)
_get_box = _fast(pdfium_c.FPDFText_GetCharBox, _INT, _POINTER, _INT, _POINTER, _POINTER, _POINTER, _POINTER)
_get_origin = _fast(pdfium_c.FPDFText_GetCharOrigin, _INT, _POINTER, _INT, _POINTER, _POINTER)
_get_font_size = _fast(pdfium_c.FPDFText_GetFontSize, ctypes.c_double, _POINTER, _INT)
_get_font_weight = _fast(pdfium_c.FPDFText_GetFontWeight, _INT, _POINTER, _INT)
_get_font_info = _fast(
    pdfium_c.FPDFText_GetFontInfo, ctypes.c_ulong, _POINTER, _INT, _POINTER, ctypes.c_ulong, _POINTER
)
_get_matrix = _fast(pdfium_c.FPDFText_GetMatrix, _INT, _POINTER, _INT, _POINTER)


def read_page(page: pdfium.PdfPage) -> PageCharacters:
    """Read a page's characters in reading order as PDFium finds it. Raises pdfium.PdfiumError for a broken page."""
    transform = _page_transform(page)
    text_page = page.get_textpage()
    try:
        n = min(text_page.count_chars(), _MAX_CHARS_PER_PAGE)
        handle = ctypes.cast(text_page.raw, ctypes.c_void_p).value or 0
        codes = _char_codes(handle, n)
        boxes = _to_fractions(_char_boxes(handle, codes), transform)
        codes, boxes, indexes = _clean(codes, boxes)
        lines = _measure(handle, indexes, boxes, _line_spans(codes), transform)
        width, height = transform.size
        text, boxes, lines = arrange(codes, boxes, lines, width)
        return PageCharacters(text, boxes, tuple(lines), width, height)
    finally:
        text_page.close()


@dataclass(frozen=True)
class _Transform:
    """From PDF user space to the page as displayed: its visible box, and its rotation in quarter turns."""

    left: float
    bottom: float
    right: float
    top: float
    quarter_turns: int

    @property
    def size(self) -> tuple[float, float]:
        """Width and height as displayed, in points."""
        width, height = self.right - self.left, self.top - self.bottom
        return (height, width) if self.quarter_turns % 2 else (width, height)


def _page_transform(page: pdfium.PdfPage) -> _Transform:
    rectangle = pdfium_c.FS_RECTF()
    if not pdfium_c.FPDF_GetPageBoundingBox(page.raw, rectangle):
        raise pdfium.PdfiumError("The page has no bounding box.")
    left, right = sorted((rectangle.left, rectangle.right))
    bottom, top = sorted((rectangle.bottom, rectangle.top))
    if right - left < 1e-3 or top - bottom < 1e-3:
        left, bottom, right, top = 0.0, 0.0, 612.0, 792.0
    return _Transform(left, bottom, right, top, pdfium_c.FPDFPage_GetRotation(page.raw) % 4)


def _char_codes(handle: int, n: int) -> NDArray[np.uint32]:
    """The characters' codes (n,), read at once where PDFium's text has one unit for each, else one by one."""
    units = np.zeros(n + 1, dtype="<u2")
    if _get_text(handle, 0, n, units.ctypes.data) == n + 1:
        return units[:n].astype(np.uint32)
    return np.fromiter(map(_get_unicode, repeat(handle, n), range(n)), dtype=np.uint32, count=n)


def _char_boxes(handle: int, codes: NDArray[np.uint32]) -> NDArray[np.float64]:
    """Boxes (n, 4) in user space: left, right, bottom, top; zeros for spaces and control characters."""
    boxes = np.zeros((len(codes), 4), dtype=np.float64)
    indexes = np.flatnonzero((codes > _SPACE) | np.isin(codes, _LINE_END_HYPHENS))
    address = boxes.ctypes.data
    pointers = [(indexes * 32 + address + 8 * column).tolist() for column in range(4)]
    deque(map(_get_box, repeat(handle), indexes.tolist(), *pointers), maxlen=0)
    return boxes


def _to_fractions(boxes: NDArray[np.float64], transform: _Transform) -> NDArray[np.float32]:
    """User space boxes (left, right, bottom, top) to displayed fractions (left, top, right, bottom)."""
    x = (boxes[:, 0:2] - transform.left) / (transform.right - transform.left)
    y = 1.0 - (boxes[:, 2:4] - transform.bottom) / (transform.top - transform.bottom)
    for _ in range(transform.quarter_turns):  # a quarter turn clockwise
        x, y = 1.0 - y, x
    fractions = np.stack([x.min(axis=1), y.min(axis=1), x.max(axis=1), y.max(axis=1)], axis=1)
    return np.where(np.isfinite(fractions), fractions, -1.0).astype(np.float32)


def _clean(
    codes: NDArray[np.uint32], boxes: NDArray[np.float32]
) -> tuple[NDArray[np.uint32], NDArray[np.float32], NDArray[np.int64]]:
    """Drop what is no character or lies off the page; line-end hyphens get their newline.

    Returns codes, boxes, and the PDFium index of each character, all of the same length.
    """
    codes, boxes, indexes = _join_surrogates(codes, boxes)
    hyphens = np.isin(codes, _LINE_END_HYPHENS) | (codes == 0xAD)
    codes = np.where(hyphens, _HYPHEN, np.where(np.isin(codes, _SPACES), _SPACE, codes)).astype(np.uint32)
    control = (codes < 32) & (codes != _NEWLINE) | (codes >= 0x7F) & (codes < 0xA0) | (codes > 0x10FFFF)
    invisible = (codes >= 0xFFF0) & (codes <= 0xFFFF) | (codes >= 0xE0000) & (codes <= 0xE007F) | (codes == 0xFEFF)
    surrogate = (codes >= 0xD800) & (codes < 0xE000)
    blank = (codes == _NEWLINE) | (codes == _SPACE)
    centre_x, centre_y = (boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2
    off_page = ~blank & ((centre_x < 0) | (centre_x > 1) | (centre_y < 0) | (centre_y > 1))
    keep = ~(control | invisible | surrogate | off_page)
    boxes = np.where(blank[:, None], np.float32(0), np.clip(boxes, 0, 1))
    codes, boxes, indexes, hyphens = codes[keep], boxes[keep], indexes[keep], hyphens[keep]
    after = np.flatnonzero(hyphens[:-1] & (codes[1:] != _NEWLINE)) + 1
    return np.insert(codes, after, _NEWLINE), np.insert(boxes, after, 0, axis=0), np.insert(indexes, after, -1)


def _join_surrogates(
    codes: NDArray[np.uint32], boxes: NDArray[np.float32]
) -> tuple[NDArray[np.uint32], NDArray[np.float32], NDArray[np.int64]]:
    """Put UTF-16 pairs together, where PDFium gives them as two characters."""
    indexes = np.arange(len(codes), dtype=np.int64)
    high = np.flatnonzero((codes[:-1] & 0xFFFFFC00 == 0xD800) & (codes[1:] & 0xFFFFFC00 == 0xDC00))
    if len(high) == 0:
        return codes, boxes, indexes
    codes = codes.copy()
    codes[high] = 0x10000 + ((codes[high] - 0xD800) << 10) + (codes[high + 1] - 0xDC00)
    return np.delete(codes, high + 1), np.delete(boxes, high + 1, axis=0), np.delete(indexes, high + 1)


def _line_spans(codes: NDArray[np.uint32]) -> list[tuple[int, int]]:
    """Spans between newlines without the spaces around them; blank lines are left out."""
    solid = np.flatnonzero((codes != _NEWLINE) & (codes != _SPACE))
    if len(solid) == 0:
        return []
    row = np.cumsum(codes == _NEWLINE)[solid]
    first = np.flatnonzero(np.diff(row, prepend=-1))
    last = np.append(first[1:], len(solid)) - 1
    return [(int(solid[a]), int(solid[b]) + 1) for a, b in zip(first, last, strict=True)]


def _measure(
    handle: int,
    indexes: NDArray[np.int64],
    boxes: NDArray[np.float32],
    spans: list[tuple[int, int]],
    transform: _Transform,
) -> list[Line]:
    """Where and how the characters of each span are printed."""
    n = len(spans)
    if n == 0:
        return []
    bounds = np.array(spans)
    width, height = transform.size
    edges = bounds.ravel()[:-1]  # every second segment is the gap between two lines
    left = np.minimum.reduceat(np.where(boxes[:, 2] > boxes[:, 0], boxes[:, 0], np.float32(2)), edges)[::2]
    right = np.maximum.reduceat(boxes[:, 2], edges)[::2]
    first, last = indexes[bounds[:, 0]].tolist(), indexes[bounds[:, 1] - 1].tolist()
    middle = indexes[(bounds[:, 0] + bounds[:, 1]) // 2]
    middle = np.where(middle < 0, indexes[bounds[:, 0]], middle).tolist()
    baselines = _baselines(handle, first, transform) * height
    sizes = _font_sizes(handle, middle)
    bold = [_is_bold(handle, head) and _is_bold(handle, tail) for head, tail in zip(first, last, strict=True)]
    return [
        Line(start, end, float(left[i] * width), float(right[i] * width), float(baselines[i]), float(sizes[i]), bold[i])
        for i, (start, end) in enumerate(spans)
    ]


def _baselines(handle: int, indexes: list[int], transform: _Transform) -> NDArray[np.float32]:
    """Where the characters stand, as fractions (n,) of the page's height from its top."""
    points = np.zeros((len(indexes), 4), dtype=np.float64)
    address, end = points.ctypes.data, points.ctypes.data + points.nbytes
    deque(map(_get_origin, repeat(handle), indexes, range(address, end, 32), range(address + 16, end, 32)), maxlen=0)
    points[:, 1], points[:, 3] = points[:, 0], points[:, 2]
    return _to_fractions(points, transform)[:, 1]


def _font_sizes(handle: int, indexes: list[int]) -> NDArray[np.float64]:
    """The printed font sizes (n,) of characters in points: the font's size times the scale of its matrix."""
    sizes = np.fromiter(map(_get_font_size, repeat(handle), indexes), dtype=np.float64, count=len(indexes))
    matrices = np.tile(np.array([1, 0, 0, 1, 0, 0], dtype=np.float32), (len(indexes), 1))
    address = matrices.ctypes.data
    deque(map(_get_matrix, repeat(handle), indexes, range(address, address + matrices.nbytes, 24)), maxlen=0)
    scales = np.sqrt(np.abs(matrices[:, 0] * matrices[:, 3] - matrices[:, 1] * matrices[:, 2]))
    return np.asarray(sizes * np.where(scales > 0, scales, 1.0), dtype=np.float64)


def _is_bold(handle: int, index: int) -> bool:
    """Whether a character's font is bold, by its weight or its name."""
    if _get_font_weight(handle, index) >= 600:
        return True
    name = ctypes.create_string_buffer(128)
    _get_font_info(handle, index, ctypes.addressof(name), 128, None)
    lower = name.value.lower()
    return b"bold" in lower or b"black" in lower or b"heavy" in lower
