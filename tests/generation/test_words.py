"""Words that mean the same share a stem; words that carry no meaning are left out."""

import pytest

from generation.words import content_stems, pairs, stem


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("employees", "employee"),
        ("policies", "policy"),
        ("submitted", "submit"),
        ("running", "run"),
        ("requirements", "requirement"),
        ("managers", "manage"),
        ("founded", "founding"),
    ],
)
def test_forms_of_a_word_share_a_stem(one: str, other: str) -> None:
    assert stem(one) == stem(other)


@pytest.mark.parametrize(("one", "other"), [("united", "universe"), ("leave", "lease"), ("2019", "2020")])
def test_different_words_keep_different_stems(one: str, other: str) -> None:
    assert stem(one) != stem(other)


def test_content_stems_leave_out_the_question_words() -> None:
    assert content_stems("What is the travel budget?") == [stem("travel"), stem("budget")]


def test_numbers_stay_whole() -> None:
    assert "1,250.50" in content_stems("It costs 1,250.50 euros.")


def test_pairs_are_neighbours() -> None:
    assert pairs(["a", "b", "c"]) == {("a", "b"), ("b", "c")}
