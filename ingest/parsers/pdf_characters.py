"""A PDF page's text: its visible characters in lines, as they are read; and the box of each when one asks."""

from dataclasses import dataclass

import numpy as np
import pypdfium2 as pdfium
from numpy.typing import NDArray

from ingest.invisible import INVISIBLE, SMUGGLING
from ingest.parsers.pdf_hidden import find_hidden_words
from ingest.parsers.pdf_lines import Line, Part, Row, attach_superscripts, write_lines
from ingest.parsers.pdf_tables import (
    Gap,
    is_cell_gap,
    join_stacked_cells,
    join_wrapped_labels,
    read_columns_in_turn,
    split_cells,
)
from ingest.parsers.pdf_text_page import TextPage, open_text_page
from ingest.parsers.pdf_words import NEWLINE, SPACE, Words, find_words

_HYPHEN = 45
_LINE_END_HYPHENS = (0x02, 0xFFFE)  # PDFium's mark for a hyphen at the end of a line
_SPACES = (0x09, 0xA0, 0x2000, 0x2001, 0x2002, 0x2003, 0x2004, 0x2005, 0x2006, 0x2007, 0x2008, 0x2009, 0x200A, 0x202F)
_PLANE, _LAST_CODE = 0x10000, 0x10FFFF
_SMUGGLING = np.array(sorted(SMUGGLING), dtype=np.uint32)
_NARROW = 0.45  # of the font's size: the width of a character in narrow print
_DOUBTFUL_GAP = 0.7  # of the font's size: from here on a gap is measured


@dataclass(frozen=True)
class PageText:
    """A page's text, its lines with spans in it, its size in points, and how many characters nobody sees."""

    text: str
    lines: tuple[Line, ...]
    width: float
    height: float
    n_hidden: int = 0


@dataclass(frozen=True)
class _Reading:
    """A page's text with what it is put together from: `parts` are spans of `indexes`, PDFium's of each character."""

    page: PageText
    parts: list[Part]
    indexes: NDArray[np.int64]


def read_page(page: pdfium.PdfPage) -> PageText:
    """Read a page's visible text. Raises pdfium.PdfiumError for a broken page."""
    with open_text_page(page) as text_page:
        return _read(text_page).page


def read_boxes(page: pdfium.PdfPage) -> tuple[str, NDArray[np.float32]]:
    """The text that `read_page` gives, and the box of each character: (n, 4) left, top, right, bottom as fractions.

    White space, and what is not printed, such as the mark between two cells, has a box of zeros.
    Raises pdfium.PdfiumError for a broken page.
    """
    with open_text_page(page) as text_page:
        reading = _read(text_page)
        text = reading.page.text
        source = np.concatenate(
            [
                np.full(len(part), -1) if isinstance(part, str) else reading.indexes[part[0] : part[1]]
                for part in reading.parts
            ]
        )
        printed = np.flatnonzero((source >= 0) & np.array([not character.isspace() for character in text]))
        boxes = np.zeros((len(text), 4), dtype=np.float32)
        width, height = reading.page.width, reading.page.height
        boxes[printed] = text_page.boxes(source[printed].tolist()) / np.array([width, height, width, height])
        return text, np.clip(boxes, 0.0, 1.0)


def _read(text_page: TextPage) -> _Reading:
    codes, indexes, n_hidden = _clean(text_page.codes())
    rows: list[Row] = []
    printed = ""
    words = find_words(text_page, codes, indexes)
    if len(words.starts) > 0:
        hidden = find_hidden_words(text_page, words, indexes)
        if hidden.any():
            n_hidden += int((words.ends - words.starts)[hidden].sum())
            codes, indexes, words = _without(codes, indexes, words, hidden)
        printed = codes.astype("<u4").tobytes().decode("utf-32-le")
        rows = _rows(text_page, printed, codes, indexes, words)
        rows = attach_superscripts(rows, lambda start, end: text_page.boxes(indexes[start:end].tolist())[:, 0].tolist())
        if not _runs_sideways(rows):
            rows = read_columns_in_turn(join_stacked_cells(join_wrapped_labels(rows, printed)))
    text, parts, lines = write_lines(rows, printed)
    width, height = text_page.frame.size
    return _Reading(PageText(text, tuple(lines), width, height, n_hidden), parts, indexes)


def _runs_sideways(rows: list[Row]) -> bool:
    """Whether the lines run up or down the page as displayed: then nothing stands beside anything."""
    lines = [row.line for row in rows if row.line.end - row.line.start > 8]
    expected = sum((line.end - line.start) * line.size for line in lines)
    return sum(line.right - line.left for line in lines) < 0.15 * expected


def _replacements() -> NDArray[np.uint32]:
    """For each code below 65,536 what stands for it in the text; 0 for nothing."""
    table = np.arange(_PLANE, dtype=np.uint32)
    table[:SPACE] = table[0x7F:0xA0] = table[0xD800:0xE000] = table[0xFFF0:] = 0
    table[NEWLINE] = NEWLINE
    table[list(_SPACES)] = SPACE
    table[[code for code in INVISIBLE if code < _PLANE]] = 0
    table[[*_LINE_END_HYPHENS, 0xAD]] = _HYPHEN
    return table


_REPLACEMENTS = _replacements()


def _clean(codes: NDArray[np.uint32]) -> tuple[NDArray[np.uint32], NDArray[np.int64], int]:
    """Characters without what is none; line-end hyphens get their newline.

    Returns codes, the PDFium index of each (-1 for what was added), and how many smuggled characters were left out.
    """
    codes, indexes = _join_surrogates(codes)
    high = codes >= _PLANE
    cleaned = _REPLACEMENTS[np.where(high, 0, codes)]
    n_smuggled = 0
    if high.any():
        smuggled = np.isin(codes, _SMUGGLING)
        n_smuggled = int(smuggled.sum())
        cleaned = np.where(high & ~smuggled & (codes <= _LAST_CODE), codes, cleaned)
    hyphens = (cleaned == _HYPHEN) & (codes != _HYPHEN)
    keep = cleaned > 0
    cleaned, indexes, hyphens = cleaned[keep], indexes[keep], hyphens[keep]
    after = np.flatnonzero(hyphens[:-1] & (cleaned[1:] != NEWLINE)) + 1
    return np.insert(cleaned, after, NEWLINE), np.insert(indexes, after, -1), n_smuggled


def _join_surrogates(codes: NDArray[np.uint32]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Put UTF-16 pairs together, where PDFium gives them as two characters."""
    indexes = np.arange(len(codes), dtype=np.int64)
    high = np.flatnonzero((codes[:-1] & 0xFFFFFC00 == 0xD800) & (codes[1:] & 0xFFFFFC00 == 0xDC00))
    if len(high) == 0:
        return codes, indexes
    codes = codes.copy()
    codes[high] = 0x10000 + ((codes[high] - 0xD800) << 10) + (codes[high + 1] - 0xDC00)
    return np.delete(codes, high + 1), np.delete(indexes, high + 1)


def _without(
    codes: NDArray[np.uint32], indexes: NDArray[np.int64], words: Words, hidden: NDArray[np.bool_]
) -> tuple[NDArray[np.uint32], NDArray[np.int64], Words]:
    """Characters and words again without the hidden words, and without the space after each."""
    keep = np.ones(len(codes), dtype=bool)
    for start, end in zip(words.starts[hidden].tolist(), words.ends[hidden].tolist(), strict=True):
        keep[start : end + 1 if end < len(codes) and codes[end] == SPACE else end] = False
    moved = np.concatenate([[0], np.cumsum(keep)])
    return codes[keep], indexes[keep], words.select(~hidden, moved)


def _rows(
    text_page: TextPage, printed: str, codes: NDArray[np.uint32], indexes: NDArray[np.int64], words: Words
) -> list[Row]:
    """The page's lines, each in the cells that wide gaps make of it."""
    if len(words.starts) == 0:
        return []
    row = np.cumsum(codes == NEWLINE)[words.starts] + np.cumsum(_drops(words.boxes))
    first = np.flatnonzero(np.diff(row, prepend=-1))
    last = np.append(first[1:], len(row)) - 1
    n = len(first)
    ends = text_page.boxes(indexes[words.ends[last] - 1].tolist())
    left = np.minimum.reduceat(words.boxes[:, 0], first).tolist()
    right = np.maximum(np.maximum.reduceat(words.boxes[:, 2], first), ends[:, 2]).tolist()
    baselines = text_page.baselines(indexes[words.starts[first]].tolist()).tolist()
    starts, stops = words.starts[first].tolist(), words.ends[last].tolist()
    sizes = text_page.font_sizes(indexes[words.starts[(first + last) // 2]].tolist())
    edges = np.stack([first, last])
    bold = text_page.are_bold(indexes[words.starts[edges]].ravel().tolist(), words.objects[edges].ravel().tolist())
    gaps = _cell_gaps(text_page, printed, indexes, words, np.repeat(np.arange(n), last - first + 1), sizes)
    rows = []
    for i, size in enumerate(sizes.tolist()):
        line = Line(starts[i], stops[i], left[i], right[i], baselines[i], baselines[i], size, bold[i] and bold[n + i])
        rows.append(Row(line, split_cells(line, gaps.get(i, []), printed)))
    return rows


def _drops(boxes: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which words (n,) begin a line though PDFium gives no newline: to the left of the last word, and below."""
    heights = boxes[:, 3] - boxes[:, 1]
    drops = np.zeros(len(boxes), dtype=bool)
    drops[1:] = (np.diff(boxes[:, 0]) < -heights[1:]) & (boxes[1:, 1] > boxes[:-1, 3])
    return drops


def _cell_gaps(
    text_page: TextPage,
    printed: str,
    indexes: NDArray[np.int64],
    words: Words,
    row: NDArray[np.int64],
    sizes: NDArray[np.float64],
) -> dict[int, list[Gap]]:
    """The gaps between cells, by the row of their words; only where words begin far apart are they measured."""
    lengths = words.ends - words.starts
    size = sizes[row[:-1]]
    apart = np.diff(words.boxes[:, 0]) - _NARROW * lengths[:-1] * size
    doubtful = np.flatnonzero((np.diff(row) == 0) & (apart > _DOUBTFUL_GAP * size))
    right = text_page.boxes(indexes[words.ends[doubtful] - 1].tolist())[:, 2].tolist()
    gaps: dict[int, list[Gap]] = {}
    for place, edge in zip(doubtful.tolist(), right, strict=True):
        start, end = int(words.starts[place]), int(words.ends[place])
        after, after_end = int(words.starts[place + 1]), int(words.ends[place + 1])
        beside = float(words.boxes[place + 1, 0])
        if is_cell_gap(beside - edge, float(size[place]), printed[start:end], printed[after:after_end]):
            gaps.setdefault(int(row[place]), []).append(Gap(end, after, edge, beside))
    return gaps
