"""One PDF page as PDFium reads it: characters, boxes, fonts and colours, asked for in bulk and as displayed."""

import ctypes
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import repeat

import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c
from numpy.typing import NDArray

_MAX_CHARS = 5_000_000
_MAX_FONT_NAME = 128


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
_get_text_object = _fast(pdfium_c.FPDFText_GetTextObject, _POINTER, _POINTER, _INT)
_get_render_mode = _fast(pdfium_c.FPDFTextObj_GetTextRenderMode, _INT, _POINTER)
_get_fill_color = _fast(pdfium_c.FPDFText_GetFillColor, _INT, _POINTER, _INT, _POINTER, _POINTER, _POINTER, _POINTER)
_get_object = _fast(pdfium_c.FPDFPage_GetObject, _POINTER, _POINTER, _INT)
_get_object_type = _fast(pdfium_c.FPDFPageObj_GetType, _INT, _POINTER)
_get_object_color = _fast(pdfium_c.FPDFPageObj_GetFillColor, _INT, _POINTER, _POINTER, _POINTER, _POINTER, _POINTER)
_get_font = _fast(pdfium_c.FPDFTextObj_GetFont, _POINTER, _POINTER)


@dataclass(frozen=True)
class PageFrame:
    """The visible box of a page in PDF user space, and its rotation in quarter turns clockwise."""

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

    def display(self, boxes: NDArray[np.float64]) -> NDArray[np.float64]:
        """User space boxes (n, 4) left, right, bottom, top as displayed: left, top, right, bottom in points."""
        x, y = boxes[:, 0:2] - self.left, self.top - boxes[:, 2:4]
        width, height = self.right - self.left, self.top - self.bottom
        for _ in range(self.quarter_turns):
            x, y = height - y, x
            width, height = height, width
        shown = np.empty_like(boxes)
        np.minimum(x[:, 0], x[:, 1], out=shown[:, 0])
        np.minimum(y[:, 0], y[:, 1], out=shown[:, 1])
        np.maximum(x[:, 0], x[:, 1], out=shown[:, 2])
        np.maximum(y[:, 0], y[:, 1], out=shown[:, 3])
        return shown if np.isfinite(shown).all() else np.nan_to_num(shown, nan=-1e6, posinf=1e6, neginf=-1e6)


class TextPage:
    """The characters of a page by PDFium's index; positions are points from the top left of the page as displayed."""

    def __init__(self, page: pdfium.PdfPage, text_page: pdfium.PdfTextPage) -> None:
        self.page = page
        self.frame = _page_frame(page)
        self._handle = ctypes.cast(text_page.raw, _POINTER).value or 0
        self.n_chars = min(text_page.count_chars(), _MAX_CHARS)
        self._fonts: dict[int, bool] = {}  # font handle → bold

    def codes(self) -> NDArray[np.uint32]:
        """The characters' codes (n,), read at once where PDFium's text has one unit for each, else one by one."""
        units = np.zeros(self.n_chars + 1, dtype="<u2")
        if _get_text(self._handle, 0, self.n_chars, units.ctypes.data) == self.n_chars + 1:
            return units[: self.n_chars].astype(np.uint32)
        codes = map(_get_unicode, repeat(self._handle, self.n_chars), range(self.n_chars))
        return np.fromiter(codes, dtype=np.uint32, count=self.n_chars)

    def boxes(self, indexes: list[int]) -> NDArray[np.float64]:
        """The boxes (n, 4) of characters: left, top, right, bottom."""
        boxes = np.zeros((len(indexes), 4), dtype=np.float64)
        first, last = boxes.ctypes.data, boxes.ctypes.data + boxes.nbytes
        columns = [range(first + 8 * column, last, 32) for column in range(4)]
        deque(map(_get_box, repeat(self._handle), indexes, *columns), maxlen=0)
        return self.frame.display(boxes)

    def baselines(self, indexes: list[int]) -> NDArray[np.float64]:
        """Where characters stand (n,), from the top of the page."""
        points = np.zeros((len(indexes), 4), dtype=np.float64)
        first, last = points.ctypes.data, points.ctypes.data + points.nbytes
        deque(
            map(_get_origin, repeat(self._handle), indexes, range(first, last, 32), range(first + 16, last, 32)),
            maxlen=0,
        )
        points[:, 1], points[:, 3] = points[:, 0], points[:, 2]
        return self.frame.display(points)[:, 1]

    def objects(self, indexes: list[int]) -> NDArray[np.uint64]:
        """The handles (n,) of the text objects that characters belong to."""
        handles = map(_get_text_object, repeat(self._handle), indexes)
        return np.array([handle or 0 for handle in handles], dtype=np.uint64)

    def render_modes(self, objects: list[int]) -> NDArray[np.int64]:
        """Whether text objects are filled, stroked, clipped to: (n,) by the numbers of PDF's operator Tr."""
        modes = (
            map(_get_render_mode, objects) if 0 not in objects else (_get_render_mode(o) if o else 0 for o in objects)
        )
        return np.fromiter(modes, dtype=np.int64, count=len(objects))

    def colors(self, indexes: list[int]) -> NDArray[np.uint32]:
        """The fill colours (n, 4) of characters: red, green, blue, alpha, 0 to 255."""
        channels = np.zeros((len(indexes), 4), dtype=np.uint32)
        channels[:, 3] = 255
        first, last = channels.ctypes.data, channels.ctypes.data + channels.nbytes
        columns = [range(first + 4 * column, last, 16) for column in range(4)]
        deque(map(_get_fill_color, repeat(self._handle), indexes, *columns), maxlen=0)
        return channels

    def font_sizes(self, indexes: list[int]) -> NDArray[np.float64]:
        """The printed font sizes (n,) of characters in points: the font's size times the scale of its matrix."""
        n = len(indexes)
        sizes = np.fromiter(map(_get_font_size, repeat(self._handle), indexes), dtype=np.float64, count=n)
        matrices = np.tile(np.array([1, 0, 0, 1, 0, 0], dtype=np.float32), (n, 1))
        address = matrices.ctypes.data
        deque(map(_get_matrix, repeat(self._handle), indexes, range(address, address + matrices.nbytes, 24)), maxlen=0)
        scales = np.sqrt(np.abs(matrices[:, 0] * matrices[:, 3] - matrices[:, 1] * matrices[:, 2]))
        return np.asarray(np.nan_to_num(sizes * np.where(scales > 0, scales, 1.0)), dtype=np.float64)

    def are_bold(self, indexes: list[int], objects: list[int]) -> list[bool]:
        """Whether the fonts of characters, and of the text objects they belong to, are bold by weight or name."""
        return [self._is_bold(handle, index) for handle, index in zip(objects, indexes, strict=True)]

    def shape_colors(self) -> NDArray[np.int64]:
        """The fill colours (m, 3) of the shapes on the page; those within form objects are not looked at."""
        handle = ctypes.cast(self.page.raw, _POINTER).value or 0
        n = max(pdfium_c.FPDFPage_CountObjects(self.page.raw), 0)
        objects = list(map(_get_object, repeat(handle), range(n)))
        found = set()
        red, green, blue, alpha = (ctypes.c_uint() for _ in range(4))
        channels = [ctypes.addressof(channel) for channel in (red, green, blue, alpha)]
        for item, kind in zip(objects, map(_get_object_type, objects), strict=True):
            if kind == pdfium_c.FPDF_PAGEOBJ_PATH and _get_object_color(item, *channels):
                found.add((red.value, green.value, blue.value))
        return np.array(sorted(found), dtype=np.int64).reshape(-1, 3)

    def _is_bold(self, handle: int, index: int) -> bool:
        font = (_get_font(handle) or 0) if handle else 0
        if font not in self._fonts:
            name = ctypes.create_string_buffer(_MAX_FONT_NAME)
            _get_font_info(self._handle, index, ctypes.addressof(name), _MAX_FONT_NAME, None)
            lower = name.value.lower()
            named = any(word in lower for word in (b"bold", b"black", b"heavy"))
            self._fonts[font] = named or _get_font_weight(self._handle, index) >= 600
        return self._fonts[font]


@contextmanager
def open_text_page(page: pdfium.PdfPage) -> Iterator[TextPage]:
    """A page's text, closed at the end. Raises pdfium.PdfiumError for a broken page."""
    text_page = page.get_textpage()
    try:
        yield TextPage(page, text_page)
    finally:
        text_page.close()


def _page_frame(page: pdfium.PdfPage) -> PageFrame:
    rectangle = pdfium_c.FS_RECTF()
    if not pdfium_c.FPDF_GetPageBoundingBox(page.raw, rectangle):
        raise pdfium.PdfiumError("The page has no bounding box.")
    left, right = sorted((rectangle.left, rectangle.right))
    bottom, top = sorted((rectangle.bottom, rectangle.top))
    if right - left < 1e-3 or top - bottom < 1e-3:
        left, bottom, right, top = 0.0, 0.0, 612.0, 792.0
    return PageFrame(left, bottom, right, top, pdfium_c.FPDFPage_GetRotation(page.raw) % 4)
