"""Words of a PDF page that nobody sees: off the page, tiny, invisible, or in the colour of what is behind them."""

import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c
from numpy.typing import NDArray

from ingest.parsers.pdf_text_page import TextPage
from ingest.parsers.pdf_words import Words

_SMALLEST_POINTS = 1.0
_FILLED_MODES = (0, 4)
_INVISIBLE_MODES = (3, 7)  # neither filled nor stroked; 7 only clips
_LUMINANCE = np.array([0.299, 0.587, 0.114])
_LIGHT, _DARK = 190.0, 75.0  # luminance, 0 to 255
_SAME_COLOR = 16  # largest difference of a channel
_LEAST_CONTRAST = 10  # of the lightest and the darkest pixel where a word stands
_RENDER_SCALE = 1.5
_MAX_PIXELS = 4_000_000


def find_hidden_words(text_page: TextPage, words: Words, indexes: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which words (n,) a person who looks at the page does not see.

    Text without fill and stroke over an image is the text layer of a scan, and counts as seen.

    Args:
        text_page: the page.
        words: its words.
        indexes: the PDFium index of each character.
    """
    width, height = text_page.frame.size
    boxes = words.boxes
    first = indexes[words.starts]
    x, y = (boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2
    hidden: NDArray[np.bool_] = (x < 0) | (x > width) | (y < 0) | (y > height)
    small = np.flatnonzero(np.maximum(boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]) < _SMALLEST_POINTS)
    hidden[small] |= text_page.font_sizes(first[small].tolist()) < _SMALLEST_POINTS
    objects, example, inverse = np.unique(words.objects, return_index=True, return_inverse=True)
    modes = text_page.render_modes(objects.tolist())
    colors = text_page.colors(first[example].tolist()).astype(np.int64)
    unpainted = np.isin(modes, _INVISIBLE_MODES)[inverse]
    if (unpainted & ~hidden).any():
        hidden |= unpainted & ~_inside(_image_boxes(text_page), x, y)
    hidden |= ((colors[:, 3] == 0) & np.isin(modes, _FILLED_MODES))[inverse]
    doubtful = ~hidden & ~unpainted & _may_blend(text_page, colors[:, :3])[inverse]
    if doubtful.any():
        ends = text_page.boxes(indexes[words.ends[doubtful] - 1].tolist())
        hidden[doubtful] = ~_contrasts(text_page, _around(boxes[doubtful], ends))
    return hidden


def _may_blend(text_page: TextPage, colors: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which colours (n, 3) may be those of what is behind: light ones, and ones that a shape has too."""
    luminance = colors @ _LUMINANCE
    may: NDArray[np.bool_] = luminance > _LIGHT
    colored = ~may & (luminance > _DARK)
    if colored.any():
        difference = np.abs(colors[:, None, :] - text_page.shape_colors()[None, :, :]).max(axis=2)
        may |= colored & (difference <= _SAME_COLOR).any(axis=1)
    return may


def _image_boxes(text_page: TextPage) -> NDArray[np.float64]:
    """Where the page's images are: (m, 4) left, top, right, bottom in points."""
    bounds = []
    for item in text_page.page.get_objects(max_depth=1):
        is_image = item.type == pdfium_c.FPDF_PAGEOBJ_IMAGE
        if is_image or (item.type == pdfium_c.FPDF_PAGEOBJ_FORM and _holds_image(item)):
            left, bottom, right, top = item.get_bounds()
            bounds.append((left, right, bottom, top))
    return text_page.frame.display(np.array(bounds, dtype=np.float64).reshape(-1, 4))


def _holds_image(form: pdfium.PdfObject) -> bool:
    count = pdfium_c.FPDFFormObj_CountObjects(form.raw)
    kinds = (pdfium_c.FPDFPageObj_GetType(pdfium_c.FPDFFormObj_GetObject(form.raw, i)) for i in range(max(count, 0)))
    return pdfium_c.FPDF_PAGEOBJ_IMAGE in kinds


def _inside(boxes: NDArray[np.float64], x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which points (n,) lie in one of the boxes (m, 4)."""
    across = (boxes[:, 0, None] - 1 <= x) & (x <= boxes[:, 2, None] + 1)
    down = (boxes[:, 1, None] - 1 <= y) & (y <= boxes[:, 3, None] + 1)
    return np.asarray((across & down).any(axis=0), dtype=np.bool_)


def _around(first: NDArray[np.float64], last: NDArray[np.float64]) -> NDArray[np.float64]:
    """The boxes (n, 4) around first and last characters."""
    return np.concatenate([np.minimum(first[:, :2], last[:, :2]), np.maximum(first[:, 2:], last[:, 2:])], axis=1)


def _contrasts(text_page: TextPage, boxes: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which boxes (n, 4) of the drawn page show anything."""
    width, height = text_page.frame.size
    scale = min(_RENDER_SCALE, (_MAX_PIXELS / max(width * height, 1.0)) ** 0.5)
    drawn = text_page.page.render(scale=scale, may_draw_forms=False, draw_annots=False, rev_byteorder=True)
    pixels = drawn.to_numpy()[:, :, :3]
    rows, columns = pixels.shape[:2]
    edges = np.clip(boxes * scale, 0, [columns, rows, columns, rows])
    visible = np.zeros(len(boxes), dtype=bool)
    for place, (left, top, right, bottom) in enumerate(edges.tolist()):
        area = pixels[int(top) : int(bottom) + 1, int(left) : int(right) + 1].reshape(-1, 3)
        visible[place] = (
            len(area) > 0 and int((area.max(axis=0).astype(int) - area.min(axis=0)).max()) >= _LEAST_CONTRAST
        )
    return visible
