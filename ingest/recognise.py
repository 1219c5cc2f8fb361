"""Recognising the text of pages that are pictures: page for page, with a box for every character.

A page is drawn in one sandboxed process and read by Tesseract in another; here only its table of words is read.
"""

import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ingest.boxes import pack_boxes
from ingest.errors import FileRejected
from ingest.parsed import Heading, ParsedDocument, ParsedPage
from ingest.programs import recognition
from ingest.sandbox import Sandbox

MAX_RECOGNISED_PAGES = 500
_SCALE = 300 / 72  # pixels per point: what Tesseract is made for
_FEW_CHARS = 16  # a page number or stamp on a scan is no text layer
_MIN_CONFIDENCE = 30.0  # of 100, on average of a line; below it is a picture's noise
_MAX_TABLE_BYTES = 20_000_000
_COLUMNS = 12


@dataclass(frozen=True)
class _Word:
    """A word on a picture: its line, its box in pixels, how sure Tesseract is of it (0 to 100), and its text."""

    paragraph: tuple[int, int]
    line: tuple[int, int, int]
    box: tuple[float, float, float, float]
    confidence: float
    text: str


def pages_without_text(parsed: ParsedDocument) -> list[int]:
    """The numbers of the pages that can be drawn and have next to no text."""
    return [
        page.number
        for page in parsed.pages
        if page.width and page.height and len("".join(page.text.split())) < _FEW_CHARS
    ]


def recognise_pages(
    sandbox: Sandbox,
    path: Path,
    filename: str,
    parsed: ParsedDocument,
    *,
    on_page: Callable[[int, int], None],
    stop: threading.Event,
) -> ParsedDocument:
    """The document with the text of its pages that are pictures; what cannot be recognised is said in `left_out`.

    `on_page` is told how many of how many pages are done. Boxes are stored with recognised pages only.

    Raises:
        FileRejected: too many such pages, or one that Tesseract cannot read within its limits.
        LeaseLost: `stop` was set.
    """
    numbers = pages_without_text(parsed)
    if not numbers:
        return parsed
    missing = sandbox.programs.recognition_missing
    if missing is not None:
        return _without(parsed, numbers, missing)
    if len(numbers) > MAX_RECOGNISED_PAGES:
        raise FileRejected(
            "too_large",
            f"{filename}: {len(numbers):,} pages without text are more than {MAX_RECOGNISED_PAGES}; split the file.",
        )
    pages = list(parsed.pages)
    for n_done, number in enumerate(numbers, start=1):
        try:
            page = _page_of(pages[number - 1], _words(_read(sandbox, path, filename, number, stop)))
        except FileRejected as rejected:
            if rejected.error_class != "malformed" or len(pages) == 1:
                raise
            continue  # the others may still be read
        if len(page.text) > len(pages[number - 1].text):
            pages[number - 1] = page
        on_page(n_done, len(numbers))
    return replace(parsed, pages=tuple(pages), headings=_moved(parsed, pages))


def _without(parsed: ParsedDocument, numbers: Sequence[int], missing: str) -> ParsedDocument:
    """The document as it is, saying which pages were not read, and what to do; unless that is all of them."""
    if len(numbers) == len(parsed.pages):
        return parsed
    shown = ", ".join(str(number) for number in numbers[:20]) + (" …" if len(numbers) > 20 else "")
    sentence = f"Page {shown} has no text, which may be in a picture: {missing}, and upload the file again."
    told = " ".join([*filter(None, [parsed.details.get("left_out")]), sentence])
    return replace(parsed, details={**parsed.details, "left_out": told[:4_000]})


def _read(sandbox: Sandbox, path: Path, filename: str, number: int, stop: threading.Event) -> str:
    """Tesseract's table of the words on a page."""
    with tempfile.TemporaryFile(dir=sandbox.scratch) as picture, tempfile.TemporaryFile(dir=sandbox.scratch) as table:
        picture.write(sandbox.render_page(path, number, _SCALE))
        picture.flush()
        program = recognition(sandbox.programs)
        sandbox.run_program(program, picture, table, filename=f"{filename}, page {number}", stop=stop)
        table.seek(0)
        return table.read(_MAX_TABLE_BYTES).decode("utf-8", errors="replace")


def _words(table: str) -> list[_Word]:
    """The words of a table whose first line names its columns; lines of another form are left out.

    Source: https://tesseract-ocr.github.io/tessdoc/Command-Line-Usage.html#tsv
    """
    words = []
    for line in table.splitlines()[1:]:
        cells = line.split("\t", _COLUMNS - 1)
        if len(cells) < _COLUMNS or cells[0] != "5" or not cells[11].strip():
            continue
        try:
            block, paragraph, row = int(cells[2]), int(cells[3]), int(cells[4])
            left, top, width, height = (float(cell) for cell in cells[6:10])
            confidence = float(cells[10])
        except ValueError:
            continue
        box = (left, top, left + width, top + height)
        words.append(_Word((block, paragraph), (block, paragraph, row), box, confidence, "".join(cells[11].split())))
    return words


def _page_of(page: ParsedPage, words: list[_Word]) -> ParsedPage:
    """A page with the text of the words: a line for each printed one, an empty one between paragraphs."""
    assert page.width is not None
    assert page.height is not None
    size = np.array([page.width, page.height] * 2, dtype=np.float32) * _SCALE
    parts: list[str] = []
    boxes: list[NDArray[np.float32]] = []
    last: tuple[int, int] | None = None
    for _, line in groupby(words, key=lambda word: word.line):
        row = list(line)
        if sum(word.confidence for word in row) < _MIN_CONFIDENCE * len(row):
            continue
        if last not in (None, row[0].paragraph):
            parts.append("\n")
            boxes.append(np.zeros((1, 4), dtype=np.float32))
        last = row[0].paragraph
        for word in row:
            parts.append(word.text + " ")
            boxes += [_character_boxes(word) / size, np.zeros((1, 4), dtype=np.float32)]
        parts[-1] = parts[-1][:-1] + "\n"
    text = "".join(parts) or "\n"
    packed = pack_boxes(np.concatenate(boxes)) if boxes else None
    return replace(page, text=text, boxes=packed, skip=())


def _character_boxes(word: _Word) -> NDArray[np.float32]:
    """Boxes (n, 4) in pixels of the n characters of a word, which share its width."""
    left, top, right, bottom = word.box
    edges = np.linspace(left, right, len(word.text) + 1, dtype=np.float32)
    boxes = np.empty((len(word.text), 4), dtype=np.float32)
    boxes[:, 0], boxes[:, 1], boxes[:, 2], boxes[:, 3] = edges[:-1], top, edges[1:], bottom
    return boxes


def _moved(parsed: ParsedDocument, pages: Sequence[ParsedPage]) -> tuple[Heading, ...]:
    """The headings at their place in the new text; those of a page that was recognised stand at its start."""
    old = np.cumsum([0, *(len(page.text) for page in parsed.pages)])
    new = np.cumsum([0, *(len(page.text) for page in pages)])
    moved: list[Heading] = []
    for heading in parsed.headings:
        index = int(np.searchsorted(old, heading.start, side="right")) - 1
        is_new = pages[index] is not parsed.pages[index]
        moved.append(replace(heading, start=int(new[index]) + (0 if is_new else heading.start - int(old[index]))))
    assert all(one.start <= other.start for one, other in pairwise(moved))
    return tuple(moved)
