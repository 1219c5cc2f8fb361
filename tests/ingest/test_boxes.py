"""Boxes survive packing and merge into one box per line."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from ingest.boxes import Box, merge_boxes, pack_boxes, unpack_boxes

TEXT = "ab cd\nef"


def grid(text: str) -> NDArray[np.float32]:
    """Boxes of characters 0.1 wide and 0.05 high, lines 0.1 apart."""
    boxes = np.zeros((len(text), 4), dtype=np.float32)
    row = column = 0
    for i, character in enumerate(text):
        if not character.isspace():
            boxes[i] = (0.1 * column, 0.1 * row, 0.1 * (column + 1), 0.1 * row + 0.05)
        row, column = (row + 1, 0) if character == "\n" else (row, column + 1)
    return boxes


def rounded(boxes: list[Box]) -> list[tuple[float, ...]]:
    return [tuple(round(value, 3) for value in (box.left, box.top, box.right, box.bottom)) for box in boxes]


@given(arrays(np.float32, st.tuples(st.integers(0, 60), st.just(4)), elements=st.floats(0, 1, width=32)))
def test_packed_boxes_come_back_within_a_hundredth_of_a_point(boxes: NDArray[np.float32]) -> None:
    np.testing.assert_allclose(unpack_boxes(pack_boxes(boxes)), boxes, atol=1e-5)


def test_whitespace_stays_exactly_zero() -> None:
    assert not unpack_boxes(pack_boxes(grid(TEXT)))[2].any()


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda packed: packed[:-3], id="truncated"),
        pytest.param(lambda packed: packed[:4] + b"\x00" * 20, id="no deflate stream"),
        pytest.param(lambda packed: (9).to_bytes(4, "little") + packed[4:], id="wrong count"),
        pytest.param(lambda packed: packed[:1], id="too short"),
        pytest.param(lambda packed: b"\xff\xff\xff\xff" + packed[4:], id="absurd count"),
    ],
)
def test_damaged_boxes_are_refused(damage: object) -> None:
    with pytest.raises(ValueError, match="boxes"):
        unpack_boxes(damage(pack_boxes(grid(TEXT))))  # type: ignore[operator]


def test_a_span_over_two_lines_has_two_boxes() -> None:
    boxes = merge_boxes(grid(TEXT), TEXT, 3, 8)
    assert rounded(boxes) == [(0.3, 0.0, 0.5, 0.05), (0.0, 0.1, 0.2, 0.15)]


def test_a_span_of_whitespace_has_no_box() -> None:
    assert merge_boxes(grid(TEXT), TEXT, 2, 3) == []


def test_a_span_beyond_the_text_is_cut() -> None:
    assert rounded(merge_boxes(grid(TEXT), TEXT, 6, 100)) == [(0.0, 0.1, 0.2, 0.15)]


def test_a_print_line_that_wraps_without_a_newline_has_two_boxes() -> None:
    boxes = np.concatenate([grid("abc"), grid("\nabc")[1:]])
    assert len(merge_boxes(boxes, "abcabc", 0, 6)) == 2


def test_a_superscript_has_a_box_of_its_own() -> None:
    boxes = grid("abc2d")
    boxes[3] = (0.3, -0.0, 0.35, 0.02)
    assert len(merge_boxes(boxes, "abc2d", 0, 5)) == 3


def test_a_box_keeps_clear_of_the_line_above() -> None:
    boxes = grid(TEXT)
    boxes[6:8, 1] = 0.045  # the second line reaches into the first
    (box,) = merge_boxes(boxes, TEXT, 6, 8)
    assert box.top >= 0.05
