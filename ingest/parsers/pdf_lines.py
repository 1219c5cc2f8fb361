"""From a PDF page's printed lines to its text: superscripts put back, cells and columns in order, paragraphs apart."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

Part = tuple[int, int] | str  # characters [start, end) of what was printed, or a separator
_MAX_SUPERSCRIPT = 5
_MAX_SUPERSCRIPTS = 60  # characters of a line that holds nothing but superscripts


class Line(NamedTuple):
    """A line of text: its span in the page's text, and where and how it is printed.

    Positions are points from the top left of the page as displayed; `size` is the height of the font in points,
    `bottom` the lowest baseline of a table row whose cells have several lines.
    """

    start: int
    end: int
    left: float
    right: float
    baseline: float
    bottom: float
    size: float
    bold: bool


@dataclass(slots=True)
class Cell:
    """A stretch of a line with a wide gap on both sides; a whole line has one."""

    left: float
    right: float
    parts: list[Part]

    @property
    def n_chars(self) -> int:
        """Characters of the cell."""
        return sum(len(part) if isinstance(part, str) else part[1] - part[0] for part in self.parts)


@dataclass(slots=True)
class Row:
    """A line under construction; spans of `line` are in what was printed."""

    line: Line
    cells: list[Cell]


def attach_superscripts(rows: list[Row], left_edges: Callable[[int, int], Sequence[float]]) -> list[Row]:
    """Put tiny pieces that are printed inside another line, smaller and raised or lowered, back into it.

    Args:
        rows: the page's lines.
        left_edges: the left edge of each character [start, end) of what was printed.
    """
    hosts = [row for row in rows if row.line.end - row.line.start > _MAX_SUPERSCRIPT]
    kept: list[Row] = []
    tiny: list[tuple[Cell, Row]] = []
    for row in rows:
        n_chars = row.line.end - row.line.start
        if n_chars > _MAX_SUPERSCRIPTS or any(cell.n_chars >= _MAX_SUPERSCRIPT for cell in row.cells):
            kept.append(row)
            continue
        homes = [_host(row.line, piece, hosts) for piece in row.cells]
        found = [(piece, home) for piece, home in zip(row.cells, homes, strict=True) if home is not None]
        tiny += found
        if len(found) < len(row.cells):
            row.cells = [cell for cell in row.cells if all(cell is not piece for piece, _ in found)]
            kept.append(row)
    for piece, host in tiny:
        _insert(piece, host, left_edges)
    return kept


def _host(line: Line, piece: Cell, hosts: list[Row]) -> Row | None:
    """The line in whose midst, or right after which, a smaller raised or lowered piece is printed."""
    for host in hosts:
        size = host.line.size
        near = line.size < 0.9 * size and abs(line.baseline - host.line.baseline) < 0.6 * size
        if near and host.line.left < piece.left <= host.line.right + 0.3 * size:
            return host
    return None


def _insert(piece: Cell, host: Row, left_edges: Callable[[int, int], Sequence[float]]) -> None:
    """Put a piece into the line after the last character that begins left of it."""
    cell = next((cell for cell in reversed(host.cells) if cell.left < piece.left), host.cells[0])
    for position in range(len(cell.parts) - 1, -1, -1):
        part = cell.parts[position]
        if isinstance(part, str):
            continue
        start, end = part
        before = [index for index, edge in enumerate(left_edges(start, end)) if 0 < edge < piece.left]
        if before:
            middle = start + before[-1] + 1
            halves: list[Part] = [(start, middle), *piece.parts, (middle, end)]
            cell.parts[position : position + 1] = [
                half for half in halves if isinstance(half, str) or half[0] < half[1]
            ]
            break
    cell.right = max(cell.right, piece.right)
    host.line = host.line._replace(right=max(host.line.right, piece.right))


def write_lines(rows: list[Row], printed: str) -> tuple[str, list[Part], list[Line]]:
    """The page's text, what it is put together from, and its lines with spans in it.

    Args:
        rows: the lines in reading order.
        printed: the characters that parts are spans of.
    """
    typical = _typical_leading([row.line for row in rows])
    texts: list[str] = []
    parts: list[Part] = []
    lines: list[Line] = []
    length = 0
    for position, row in enumerate(rows):
        after = rows[position + 1].line if position + 1 < len(rows) else None
        own: list[Part] = list(row.cells[0].parts)
        for cell in row.cells[1:]:
            own += [" | ", *cell.parts]
        text = "".join(part if isinstance(part, str) else printed[part[0] : part[1]] for part in own)
        gap = _separator(row.line, after, typical)
        line = row.line._replace(start=length, end=length + len(text))
        lines.append(line)
        texts += [text, gap]
        parts += [*own, gap]
        length += len(text) + len(gap)
    whole = "".join(texts) or "\n"
    return whole, parts or ["\n"], _join(lines, whole)


def _typical_leading(lines: list[Line]) -> float:
    """The usual distance between the baselines of consecutive lines, in font sizes."""
    ratios = sorted(
        ratio
        for line, after in pairwise(lines)
        if line.size > 0 and 0.8 < (ratio := (after.baseline - line.bottom) / line.size) < 2.5
    )
    return ratios[int(0.3 * (len(ratios) - 1))] if len(ratios) > 3 else 1.25


def _separator(line: Line, after: Line | None, typical: float) -> str:
    """What stands between two printed lines: a space (one line in pieces), a newline, or a paragraph's end."""
    if after is None or line.size <= 0 or after.size <= 0:
        return "\n"
    down = after.baseline - line.bottom
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
            joined[-1] = before._replace(
                end=line.end,
                right=line.right,
                bottom=line.bottom,
                size=max(before.size, line.size),
                bold=before.bold and line.bold,
            )
        else:
            joined.append(line)
    return joined
