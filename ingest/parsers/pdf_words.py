"""The words of a PDF page: where each begins, its first character's box, and what it belongs to."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ingest.parsers.pdf_text_page import TextPage

NEWLINE, SPACE = 10, 32
_LONG = 24
_FIRST_WIDE_SCRIPT = 0x2E80  # from here on scripts are written without spaces


@dataclass(frozen=True)
class Words:
    """Runs of characters between blanks, in the page's order; the arrays have a row a word.

    A run that is long, or of a script without spaces, is cut where its print changes.
    """

    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    boxes: NDArray[np.float64]  # (n, 4) of the first character: left, top, right, bottom in points
    objects: NDArray[np.uint64]  # the handle of its text object

    def select(self, chosen: NDArray[np.bool_], moved: NDArray[np.int64]) -> "Words":
        """The chosen words (n,), with each character moved to another place."""
        return Words(moved[self.starts[chosen]], moved[self.ends[chosen]], self.boxes[chosen], self.objects[chosen])


def find_words(text_page: TextPage, codes: NDArray[np.uint32], indexes: NDArray[np.int64]) -> Words:
    """The words of characters `codes` (n,), whose PDFium indexes are `indexes` (n,)."""
    solid = (codes != NEWLINE) & (codes != SPACE)
    edges = np.diff(np.concatenate([[False], solid, [False]]).astype(np.int8))
    starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    mixed = (ends - starts > _LONG) | (codes[starts] >= _FIRST_WIDE_SCRIPT)
    if mixed.any():
        cuts = list(_print_changes(text_page, starts[mixed], ends[mixed], indexes))
        starts, ends = np.sort(np.append(starts, cuts)), np.sort(np.append(ends, cuts))
        starts, ends = starts.astype(np.int64), ends.astype(np.int64)
    first = indexes[starts].tolist()
    return Words(starts, ends, text_page.boxes(first), text_page.objects(first))


def _print_changes(
    text_page: TextPage, starts: NDArray[np.int64], ends: NDArray[np.int64], indexes: NDArray[np.int64]
) -> Iterator[int]:
    """Where the text object changes inside of words."""
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        objects = text_page.objects(indexes[start:end].tolist())
        yield from (np.flatnonzero(objects[1:] != objects[:-1]) + start + 1).tolist()
