"""Cells and columns of a PDF page: table rows kept on one line, columns of prose read one after the other."""

import re
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean

from ingest.parsers.pdf_lines import Cell, Line, Part, Row

_NUMBER = re.compile(r"[$€£¥]?\(?[$€£¥]?[-–+]?\d[\d.,]*\)?%?|[—–-]+|\(|\)")
_CURRENCY = re.compile(r"[$€£¥]\(?|\(")
_TAIL = re.compile(r"%|\)|\)%|pts?\.?|bps")
_LABEL = re.compile(
    r"[^\w\s]|\(?(?:\d{1,3}(?:\.\d{1,3})*|[A-Za-z]|[ivxIVX]{1,5})[.)]?"
    r"|(?:item|part|note|table|figure|fig\.)\s[\w.]{1,5}[.:]?",
    re.I,
)
_MAX_STACK = 8
_MAX_CELL_CHARS = 600
_MIN_COLUMN_LINES = 5


@dataclass(frozen=True, slots=True)
class Gap:
    """The space between two words: where the first ends and the second begins, in the text and on the page."""

    end: int
    start: int
    right: float
    left: float


def is_cell_gap(width: float, size: float, word: str, after: str) -> bool:
    """Whether the gap between two words stands between two cells: wide, or less wide between two numbers.

    Args:
        width: of the gap, in points.
        size: of the font, in points.
        word: the word before the gap.
        after: the word after it.
    """
    if _CURRENCY.fullmatch(word) or _TAIL.fullmatch(after):
        return False
    if width > 1.5 * size or not _NUMBER.fullmatch(word):
        return width > 1.5 * size
    return bool(width > 0.4 * size and _CURRENCY.match(after)) or bool(width > 0.75 * size and _NUMBER.fullmatch(after))


def split_cells(line: Line, gaps: list[Gap], printed: str) -> list[Cell]:
    """The cells of a printed line between its wide gaps; a bullet or a number stays with what it counts."""
    if len(gaps) == 1 and _LABEL.fullmatch(printed[line.start : gaps[0].end]):
        return [Cell(line.left, line.right, [(line.start, gaps[0].end), " ", (gaps[0].start, line.end)])]
    starts = [(line.start, line.left), *((gap.start, gap.left) for gap in gaps)]
    ends = [*((gap.end, gap.right) for gap in gaps), (line.end, line.right)]
    return [Cell(left, right, [(start, end)]) for (start, left), (end, right) in zip(starts, ends, strict=True)]


def join_stacked_cells(rows: list[Row]) -> list[Row]:
    """Table rows whose cells have several lines each, printed cell after cell, as one row."""
    joined: list[Row] = []
    position = 0
    for jump in (index for index in range(1, len(rows)) if _jumps(rows[index - 1].line, rows[index].line)):
        if jump <= position:
            continue
        first = _row_start(rows, jump, position)
        stacks = _stacks(rows, first, jump) if first is not None else None
        if first is None or stacks is None:
            continue
        joined += rows[position:first]
        joined.append(_merge(stacks))
        position = first + sum(map(len, stacks))
    return joined + rows[position:]


def join_wrapped_labels(rows: list[Row], printed: str) -> list[Row]:
    """Table rows whose first cell began on the line before, as one row."""
    joined: list[Row] = []
    for row in rows:
        before = joined[-1] if joined else None
        if before is not None and _goes_on(before, row, printed):
            first = row.cells[0]
            label = Cell(min(before.line.left, first.left), max(before.line.right, first.right), [])
            label.parts = [*before.cells[0].parts, " ", *first.parts]
            line = row.line._replace(start=before.line.start, left=label.left, baseline=before.line.baseline)
            joined[-1] = Row(line, [label, *row.cells[1:]])
        else:
            joined.append(row)
    return joined


def _goes_on(before: Row, row: Row, printed: str) -> bool:
    """Whether a row's first cell continues the line before, which reaches up to the second cell."""
    if len(before.cells) > 1 or len(row.cells) < 2 or not _stacked(before.line, row.line):
        return False
    small_letter = printed[row.line.start].islower()
    wide = before.line.right > 0.75 * row.cells[1].left and before.line.right < row.cells[1].right
    short = before.line.right - before.line.left < 0.8 * (row.line.right - row.line.left)
    return small_letter and wide and short and printed[before.line.end - 1] != ":"


def _jumps(before: Line, line: Line) -> bool:
    """Whether a line begins right of the one before it, and not below."""
    beside = line.left > before.right - 0.3 * before.size and line.left > before.left + before.size
    return beside and line.baseline < before.baseline + 0.3 * before.size and before.size > 0 < line.size


def _stacked(before: Line, line: Line) -> bool:
    """Whether a line stands right below another, as in one cell."""
    down = line.baseline - before.bottom
    larger, smaller = max(line.size, before.size), min(line.size, before.size)
    overlap = min(line.right, before.right) - max(line.left, before.left)
    return 0.6 * smaller < down <= 1.7 * larger and overlap > 0 and larger < 1.5 * smaller


def _row_start(rows: list[Row], jump: int, earliest: int) -> int | None:
    """The first line of the cell left of the line at `jump`; None where that is no cell of the same row."""
    top = rows[jump].line.baseline
    slack = 0.4 * rows[jump].line.size
    first = jump - 1
    while first > earliest and jump - first < _MAX_STACK and rows[first].line.baseline > top + slack:
        if not _stacked(rows[first - 1].line, rows[first].line):
            break
        first -= 1
    distance = rows[first].line.baseline - top
    return first if -1.7 * rows[jump].line.size <= distance <= 1.7 * rows[jump].line.size else None


def _stacks(rows: list[Row], first: int, jump: int) -> list[list[Row]] | None:
    """The cells of a row as stacks of lines, from its first line and the line where its second cell begins."""
    stacks = [rows[first:jump]]
    edge = max(row.line.right for row in stacks[0])
    if rows[jump].line.left < edge - 0.3 * rows[jump].line.size:
        return None
    low = max(row.line.bottom for row in stacks[0])
    high = min(stacks[0][0].line.baseline, rows[jump].line.baseline)
    stacks.append([rows[jump]])
    for before, row in pairwise(rows[jump:]):
        line, size = row.line, row.line.size
        if _jumps(before.line, line):
            edge = max(edge, *(item.line.right for item in stacks[-1]))
            low = max(low, *(item.line.bottom for item in stacks[-1]))
            if line.left < edge - 0.3 * size or not high - 1.7 * size <= line.baseline <= low + 0.3 * size:
                break
            stacks.append([row])
        elif _stacked(before.line, line) and line.left > edge - 0.3 * size and len(stacks[-1]) < _MAX_STACK:
            stacks[-1].append(row)
        else:
            break
    longest = max(sum(cell.n_chars for row in stack for cell in row.cells) for stack in stacks)
    runs_on = len(stacks[-1]) > max(map(len, stacks[:-1])) + 3  # a column of text, whose head is beside something
    return stacks if longest <= _MAX_CELL_CHARS and not runs_on else None


def _merge(stacks: list[list[Row]]) -> Row:
    """One row from the lines of its cells."""
    lines = [row.line for stack in stacks for row in stack]
    cells = []
    for stack in stacks:
        if len(stack) == 1:
            cells += stack[0].cells
            continue
        parts: list[Part] = []
        for cell in (cell for row in stack for cell in row.cells):
            parts += [" ", *cell.parts] if parts else cell.parts
        cells.append(Cell(min(r.line.left for r in stack), max(r.line.right for r in stack), parts))
    line = Line(
        lines[0].start,
        lines[-1].end,
        min(line.left for line in lines),
        max(line.right for line in lines),
        min(line.baseline for line in lines),
        max(line.bottom for line in lines),
        lines[0].size,
        all(line.bold for line in lines),
    )
    return Row(line, cells)


def read_columns_in_turn(rows: list[Row]) -> list[Row]:
    """Lines that run across columns of prose, cut at the gutters: the left column first, then the next."""
    ordered: list[Row] = []
    position = 0
    while position < len(rows):
        n_columns = len(rows[position].cells)
        end = _column_end(rows, position) if n_columns > 1 else position
        block = rows[position:end]
        if len(block) >= _MIN_COLUMN_LINES and _is_prose(block, n_columns):
            ordered += [_line_of(row, row.cells[column]) for column in range(n_columns) for row in block]
            position = end
        else:
            ordered.append(rows[position])
            position += 1
    return ordered


def _column_end(rows: list[Row], first: int) -> int:
    """Where the run of lines ends that have the same gutters as the line at `first`."""
    cells = rows[first].cells
    gutters = [(left.right, right.left) for left, right in pairwise(cells)]
    for position in range(first + 1, len(rows)):
        before, row = rows[position - 1].line, rows[position]
        if len(row.cells) != len(cells) or not 0 < row.line.baseline - before.baseline < 2.2 * before.size:
            return position
        narrowed = [
            (max(low, left.right), min(high, right.left))
            for (low, high), (left, right) in zip(gutters, pairwise(row.cells), strict=True)
        ]
        if any(high - low < 0.6 * row.line.size for low, high in narrowed):
            return position
        gutters = narrowed
    return len(rows)


def _is_prose(block: list[Row], n_columns: int) -> bool:
    """Whether every column of a block of lines is running text: long lines, most of them full."""
    for column in range(n_columns):
        cells = [row.cells[column] for row in block]
        widths = [cell.right - cell.left for cell in cells]
        full = sum(width > 0.8 * max(widths) for width in widths)
        if fmean(cell.n_chars for cell in cells) < 18 or full < 0.6 * len(cells):
            return False
    return True


def _line_of(row: Row, cell: Cell) -> Row:
    """A line of one of a row's cells."""
    return Row(row.line._replace(left=cell.left, right=cell.right), [cell])
