"""Character boxes of a page: packed for storage, merged into one box per line for highlighting."""

import difflib
import re
import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_SCALE = 65535
_MAX_CHARS = 20_000_000
_WORD = re.compile(r"\S+")
_LINE_END = re.compile(r"\n| \| ")
_RAISED = frozenset("®™©†‡()[],")  # what stands on the line or below it unless it is a superscript


@dataclass(frozen=True)
class Box:
    """A rectangle in fractions of the page's width and height, origin top left."""

    left: float
    top: float
    right: float
    bottom: float


def pack_boxes(boxes: NDArray[np.float32]) -> bytes:
    """Pack boxes (n, 4): left, top, right, bottom as fractions; whitespace rows are zeros.

    Kept as 16-bit fractions (0.01 pt on a letter page), as differences from character to character, deflated.
    """
    fractions = np.rint(np.clip(boxes, 0.0, 1.0) * _SCALE).astype(np.uint16)
    columns = np.zeros((4, len(boxes) + 1), dtype=np.uint16)
    columns[:, 1:] = fractions.T
    differences = np.diff(columns, axis=1).astype("<u2")
    return len(boxes).to_bytes(4, "little") + zlib.compress(differences.tobytes(), level=1)


def unpack_boxes(packed: bytes) -> NDArray[np.float32]:
    """Unpack to boxes (n, 4) as fractions. Raises ValueError when the bytes are not packed boxes."""
    n = int.from_bytes(packed[:4], "little")
    if len(packed) < 4 or n > _MAX_CHARS:
        raise ValueError("The bytes are not packed boxes; parse the file again.")
    inflater = zlib.decompressobj()
    try:
        raw = inflater.decompress(packed[4:], 8 * n + 1)
    except zlib.error as error:
        raise ValueError("The packed boxes are damaged; parse the file again.") from error
    if len(raw) != 8 * n or (n > 0 and not inflater.eof):
        raise ValueError("The packed boxes have the wrong length; parse the file again.")
    differences = np.frombuffer(raw, dtype="<u2").reshape(4, n)
    fractions = np.cumsum(differences, axis=1, dtype=np.uint16)
    return np.ascontiguousarray(fractions.T, dtype=np.float32) / np.float32(_SCALE)


def merge_boxes(boxes: NDArray[np.float32], text: str, start: int, end: int) -> list[Box]:
    """One box per printed line or cell of `text[start:end]`, in the text's order; superscripts have their own.

    Args:
        boxes: (n, 4) fractions of the page, one row per character of `text`.
        text: the page's text.
        start: first character of the span, an offset in `text`.
        end: one past the last character.
    """
    merged: list[Box] = []
    for first, last in _line_spans(text, max(start, 0), min(end, len(text), len(boxes))):
        others = np.concatenate([boxes[:first], boxes[last:]])
        others = others[others[:, 2] > others[:, 0]]
        for rows in _runs(boxes[first:last], text[first:last]):
            merged.extend(_clear(box, others) for box in _merge_line(rows))
    return merged


def align_boxes(boxes: NDArray[np.float32], found: str, wanted: str) -> NDArray[np.float32]:
    """The boxes (n, 4) of the characters of `wanted`, from those of `found` (m, 4), another reading of the same page.

    Stretches that both have in the same order keep their boxes; characters of the rest get zeros.
    """
    aligned = np.zeros((len(wanted), 4), dtype=np.float32)
    theirs, ours = (list(_WORD.finditer(text)) for text in (found, wanted))
    matcher = difflib.SequenceMatcher(None, [w.group() for w in theirs], [w.group() for w in ours], autojunk=False)
    for block in matcher.get_matching_blocks():
        for k in range(block.size):
            first, last = theirs[block.a + k].span()
            aligned[slice(*ours[block.b + k].span())] = boxes[first:last]
    return aligned


def _line_spans(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """The parts of [start, end) between newlines, and between the cells of a table row."""
    spans = []
    for mark in _LINE_END.finditer(text, start, end):
        spans.append((start, mark.start()))
        start = mark.end()
    return [(first, last) for first, last in [*spans, (start, end)] if last > first]


def _runs(rows: NDArray[np.float32], text: str) -> list[NDArray[np.float32]]:
    """The printed boxes of a line (n, 4) in runs: superscripts apart from the words that they follow."""
    printed = (rows[:, 2] > rows[:, 0]) | (rows[:, 3] > rows[:, 1])
    rows = rows[printed]
    if len(rows) == 0:
        return []
    characters = [character for character, solid in zip(text, printed, strict=True) if solid]
    tops, bottoms = np.median(rows[:, 1]), np.median(rows[:, 3])
    on_line = rows[:, 3] > bottoms - 0.3 * max(float(bottoms - tops), 1e-6)
    raised = ~on_line & (rows[:, 1] > tops - 2 * (bottoms - tops))
    raised &= np.array([character.isalnum() or character in _RAISED for character in characters])
    beside = np.concatenate([raised[1:], [False]]) | np.concatenate([[False], raised[:-1]])
    raised |= beside & np.array([character in "()[]" for character in characters])
    return np.split(rows, np.flatnonzero(np.diff(raised)) + 1)


def _merge_line(rows: NDArray[np.float32]) -> list[Box]:
    """Merge boxes (n, 4) of one text line; more than one box comes back where the print wraps without a newline."""
    slack = 0.6 * float((rows[:, 3] - rows[:, 1]).max())
    if float(rows[:, 3].max() - rows[:, 1].min()) <= 2 * slack:
        return [_union(rows)]
    boxes: list[Box] = []
    current = _union(rows[:1])
    for row in rows[1:]:
        left, top, right, bottom = (float(value) for value in row)
        beside = top < current.bottom + slack and bottom > current.top - slack
        stacked = left < current.right and right > current.left and abs(top - current.top) < 1.0
        if beside or (stacked and (top - current.bottom < slack and current.top - bottom < slack)):
            current = Box(
                min(current.left, left), min(current.top, top), max(current.right, right), max(current.bottom, bottom)
            )
        else:
            boxes.append(current)
            current = Box(left, top, right, bottom)
    return [*boxes, current]


def _clear(box: Box, others: NDArray[np.float32]) -> Box:
    """The box without the edges that reach into other characters (m, 4), by at most two fifths of its height."""
    left, top, right, bottom = box.left, box.top, box.right, box.bottom
    touching = (others[:, 0] < right) & (others[:, 2] > left) & (others[:, 1] < bottom) & (others[:, 3] > top)
    if not touching.any():
        return box
    rows = others[touching]
    centre_x, centre_y = (rows[:, 0] + rows[:, 2]) / 2, (rows[:, 1] + rows[:, 3]) / 2
    slack = 0.4 * (bottom - top)
    above, below = rows[(centre_y < top + slack) & (rows[:, 3] < top + slack)], rows[rows[:, 1] > bottom - slack]
    before, after = rows[centre_x < left], rows[centre_x > right]
    return Box(
        max([left, *(min(float(edge), right) for edge in before[:, 2])]),
        max([top, *map(float, above[:, 3])]),
        min([right, *(max(float(edge), left) for edge in after[:, 0])]),
        min([bottom, *map(float, below[:, 1])]),
    )


def _union(rows: NDArray[np.float32]) -> Box:
    """The smallest box around boxes (n, 4)."""
    return Box(float(rows[:, 0].min()), float(rows[:, 1].min()), float(rows[:, 2].max()), float(rows[:, 3].max()))
