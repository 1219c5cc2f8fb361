"""Sentences have exact spans and survive abbreviations, wrapped lines, lists and tables."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.sentences import split_sentences


def sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in split_sentences(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("It rains. We stay.", ["It rains.", "We stay."], id="two sentences"),
        pytest.param("Dr. Smith met Mr. Jones. Both left.", ["Dr. Smith met Mr. Jones.", "Both left."], id="titles"),
        pytest.param("See e.g. Apple or i.e. Pear. Done.", ["See e.g. Apple or i.e. Pear.", "Done."], id="e.g."),
        pytest.param("It costs 3.5 million. Pay.", ["It costs 3.5 million.", "Pay."], id="decimals"),
        pytest.param("The U.S. Government paid. Good.", ["The U.S. Government paid.", "Good."], id="acronym"),
        pytest.param("He lives in the U.S. The end.", ["He lives in the U.S.", "The end."], id="acronym at the end"),
        pytest.param("See No. 5 and Fig. 3. Then go.", ["See No. 5 and Fig. 3.", "Then go."], id="numbers"),
        pytest.param("J. K. Rowling wrote it. Fine.", ["J. K. Rowling wrote it.", "Fine."], id="initials"),
        pytest.param('He said "Go." Then he left.', ['He said "Go."', "Then he left."], id="quote after the period"),
        pytest.param("It works (mostly.) Really.", ["It works (mostly.)", "Really."], id="bracket after the period"),
        pytest.param("What? Yes! Go…", ["What?", "Yes!", "Go…"], id="other marks"),
        pytest.param("今天下雨。我们在家！好吗？", ["今天下雨。", "我们在家！", "好吗？"], id="chinese"),
        pytest.param("「はい。」彼は言った。", ["「はい。」", "彼は言った。"], id="japanese quote"),
        pytest.param("Apple Inc. reported growth. It rose.", ["Apple Inc. reported growth.", "It rose."], id="company"),
        pytest.param("- one\n- two\n- three", ["- one", "- two", "- three"], id="bullets"),
        pytest.param("1. Open it.\n2. Close it.", ["1. Open it.", "2. Close it."], id="numbered items"),
        pytest.param("a | b\nc | d", ["a | b", "c | d"], id="table rows"),
        pytest.param("Heading\n\nText here.", ["Heading", "Text here."], id="heading before a blank line"),
        pytest.param("Short title\nThis sentence is long enough to fill the line.", None, id="short line"),
        pytest.param("", [], id="nothing"),
        pytest.param(" \n \n", [], id="whitespace"),
    ],
)
def test_text_is_split_at_the_ends_of_its_sentences(text: str, expected: list[str] | None) -> None:
    assert sentences(text) == (expected if expected is not None else text.split("\n"))


def test_a_sentence_goes_on_over_wrapped_lines() -> None:
    text = "The policy applies to all\nemployees who travel, and\nalso to guests. Others\nmust ask."
    assert sentences(text) == [
        "The policy applies to all\nemployees who travel, and\nalso to guests.",
        "Others\nmust ask.",
    ]


@given(st.text(alphabet="ab A.!?。\n\t-•|1\"')( ", max_size=200))
def test_spans_are_ordered_trimmed_and_cover_all_words(text: str) -> None:
    spans = split_sentences(text)
    assert all(text[start:end] == text[start:end].strip() != "" for start, end in spans)
    assert all(before[1] <= after[0] for before, after in pairwise(spans))
    assert "".join("".join(text[start:end].split()) for start, end in spans) == "".join(text.split())
