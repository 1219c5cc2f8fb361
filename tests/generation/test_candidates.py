"""Which sentences of a passage could be part of an answer."""

import pytest

from generation.candidates import read_sentences
from tests.generation.hits import make_hit


def test_each_sentence_keeps_its_exact_place() -> None:
    hit = make_hit("Leave is\npaid. Ask your\nmanager first.\n")
    sentences = read_sentences([hit], max_sentences=10)
    assert [hit.text[s.start : s.end] for s in sentences] == ["Leave is\npaid.", "Ask your\nmanager first."]
    assert [s.quote for s in sentences] == ["Leave is\npaid.", "Ask your\nmanager first."]
    assert [s.text for s in sentences] == ["Leave is paid.", "Ask your manager first."]


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("Parental leave", id="heading"),
        pytest.param("Parental leave ............ 12", id="table_of_contents"),
        pytest.param("Page 3 of 12", id="page_number"),
        pytest.param("How do I apply?", id="question"),
        pytest.param("and ends when you return.", id="end_of_a_cut_sentence"),
    ],
)
def test_line_that_says_nothing_is_a_fragment(line: str) -> None:
    sentences = read_sentences([make_hit(f"{line}\n\nYou get 20 weeks of leave.\n")], max_sentences=10)
    assert [s.text for s in sentences if not s.fragment] == ["You get 20 weeks of leave."]


@pytest.mark.parametrize(
    "line", ["You get 20 weeks of leave.", "Managers must approve every request", "- Passport photo"]
)
def test_line_that_says_something_is_no_fragment(line: str) -> None:
    assert not read_sentences([make_hit(f"{line}\n")], max_sentences=10)[0].fragment


def test_same_place_of_a_text_is_read_once() -> None:
    hits = [make_hit("Leave is paid.\n", rank=1), make_hit("Leave is paid.\n", rank=2)]
    assert len(read_sentences(hits, max_sentences=10)) == 1


def test_reading_stops_before_too_many_sentences() -> None:
    hits = [
        make_hit("One is here. Two is here.\n", version_id="a", rank=1),
        make_hit("Three is here.\n", version_id="b", rank=2),
    ]
    assert len(read_sentences(hits, max_sentences=2)) == 2
