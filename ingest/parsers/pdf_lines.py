"""From a PDF page's printed lines to its text: paragraphs, lines in pieces, and superscripts put back in place."""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

_NEWLINE, _SPACE = 10, 32
_MAX_SUPERSCRIPT = 5


@dataclass(frozen=True)
class Line:
    """A printed line: its span in the page's text, and where and how it is printed.

    Positions are points from the top left of the page as displayed; `size` is the height of the font in points.
    """

    start: int
    end: int
    left: float
    right: float
    baseline: float
    size: float
    bold: bool


def arrange(
    codes: NDArray[np.uint32], boxes: NDArray[np.float32], printed: list[Line], page_width: float
) -> tuple[str, NDArray[np.float32], list[Line]]:
    """The page's text, its boxes (n, 4) and its lines with spans in that text.

    Args:
        codes: the page's characters.
        boxes: (n, 4) a box for each, as fractions.
        printed: the lines, with spans in `codes`.
        page_width: in points.
    """
    rows = _attach_superscripts(printed, boxes, page_width)
    typical = _typical_leading([line for line, _ in rows])
    pieces: list[NDArray[np.int64]] = []
    lines: list[Line] = []
    length = 0
    for position, (line, order) in enumerate(rows):
        after = rows[position + 1][0] if position + 1 < len(rows) else None
        gap = _separator(line, after, typical)
        pieces += [order, np.full(len(gap), -1 if gap[0] == "\n" else -2)]
        lines.append(replace(line, start=length, end=length + len(order)))
        length += len(order) + len(gap)
    order = np.concatenate(pieces) if pieces else np.full(1, -1)
    source_codes = np.concatenate([codes, np.array([_SPACE, _NEWLINE], dtype=np.uint32)])
    source_boxes = np.concatenate([boxes, np.zeros((2, 4), dtype=np.float32)])
    text = source_codes[order].astype("<u4").tobytes().decode("utf-32-le")
    return text, source_boxes[order], _join(lines, text)


def _attach_superscripts(
    printed: list[Line], boxes: NDArray[np.float32], page_width: float
) -> list[tuple[Line, NDArray[np.int64]]]:
    """Lines with the order of their characters; tiny lines that are printed inside another line go back into it."""
    hosts = [line for line in printed if line.end - line.start > _MAX_SUPERSCRIPT]
    rows: dict[int, tuple[Line, NDArray[np.int64]]] = {}
    tiny: list[tuple[Line, Line]] = []
    for line in [piece for whole in printed for piece in _scattered(whole, boxes, page_width)]:
        host = _host(line, hosts) if line.end - line.start <= _MAX_SUPERSCRIPT else None
        if host is None:
            rows[line.start] = (line, np.arange(line.start, line.end))
        else:
            tiny.append((line, host))
    for line, host in tiny:
        kept, order = rows[host.start]
        before = boxes[order, 2] > boxes[order, 0]
        before &= boxes[order, 0] * page_width < line.left
        position = int(np.flatnonzero(before)[-1]) + 1 if before.any() else 0
        characters = np.arange(line.start, line.end)
        wider = replace(kept, right=max(kept.right, line.right))
        rows[host.start] = (wider, np.insert(order, position, characters))
    return list(rows.values())


def _scattered(line: Line, boxes: NDArray[np.float32], page_width: float) -> list[Line]:
    """The far-apart words of a line that holds nothing but tiny ones, as lines of their own; else the line."""
    n = line.end - line.start
    solid = np.flatnonzero(boxes[line.start : line.end, 2] > 0) + line.start
    if n > 60 or len(solid) < 2:
        return [line]
    gaps = (boxes[solid[1:], 0] - boxes[solid[:-1], 2]) * page_width
    cuts = np.flatnonzero(gaps > 1.5 * line.size) + 1
    groups = np.split(solid, cuts)
    if max(len(group) for group in groups) >= _MAX_SUPERSCRIPT or len(groups) < 2:
        return [line]
    return [
        replace(
            line,
            start=int(group[0]),
            end=int(group[-1]) + 1,
            left=float(boxes[group[0], 0]) * page_width,
            right=float(boxes[group[-1], 2]) * page_width,
        )
        for group in groups
    ]


def _host(line: Line, hosts: list[Line]) -> Line | None:
    """The line in whose midst, or right after which, a smaller raised or lowered piece is printed."""
    for host in hosts:
        inside = host.left < line.left <= host.right + 0.3 * host.size
        if inside and line.size < 0.9 * host.size and abs(line.baseline - host.baseline) < 0.6 * host.size:
            return host
    return None


def _typical_leading(lines: list[Line]) -> float:
    """The usual distance between the baselines of consecutive lines, in font sizes."""
    ratios = [
        (after.baseline - line.baseline) / line.size
        for line, after in pairwise(lines)
        if line.size > 0 and 0.8 < (after.baseline - line.baseline) / line.size < 2.5
    ]
    return float(np.quantile(ratios, 0.3)) if len(ratios) > 3 else 1.25


def _separator(line: Line, after: Line | None, typical: float) -> str:
    """What stands between two printed lines: a space (one line in pieces), a newline, or a paragraph's end."""
    if after is None or line.size <= 0 or after.size <= 0:
        return "\n"
    down = after.baseline - line.baseline
    if abs(down) < 0.2 * line.size and -0.1 * line.size < after.left - line.right < 3 * line.size:
        return " "
    larger = max(line.size, after.size)
    changed = abs(line.size - after.size) > 0.12 * larger or line.bold != after.bold
    if down > (typical * 1.25 + 0.05) * larger or (changed and down > 0.9 * larger):
        return "\n\n"
    return "\n"


def _join(lines: list[Line], text: str) -> list[Line]:
    """Lines again, with the pieces put together that a space joined."""
    joined: list[Line] = []
    for line in lines:
        before = joined[-1] if joined else None
        if before is not None and text[before.end : line.start] == " ":
            bold = before.bold and line.bold
            joined[-1] = Line(
                before.start, line.end, before.left, line.right, before.baseline, max(before.size, line.size), bold
            )
        else:
            joined.append(line)
    return joined
