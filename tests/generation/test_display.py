"""Shown text is one clean line; the quote keeps every character."""

import pytest

from generation.display import display_text, is_list_item


@pytest.mark.parametrize(
    ("quote", "shown"),
    [
        pytest.param("Leave is\npaid in   full.", "Leave is paid in full.", id="line_break"),
        pytest.param("a reim-\nbursement form", "a reimbursement form", id="broken_word"),
        pytest.param("a well-\nknown rule", "a well-known rule", id="compound"),
        pytest.param("an out-of-\nnetwork doctor", "an out-of-network doctor", id="longer_compound"),
        pytest.param("the Anglo-\nSaxon part", "the Anglo-Saxon part", id="capital_after_hyphen"),
        pytest.param("form I-\n9 is due", "form I-9 is due", id="number_after_hyphen"),
        pytest.param("up-to-date and in-house", "up-to-date and in-house", id="hyphens_inside_a_line"),
        pytest.param("soft\u00adware", "software", id="soft_hyphen"),
        pytest.param("- Fill in the form.", "Fill in the form.", id="dash_bullet"),
        pytest.param("• Fill in the form.", "Fill in the form.", id="dot_bullet"),
        pytest.param("1. Fill in the form.", "1. Fill in the form.", id="number_stays"),
        pytest.param("-5 degrees is cold.", "-5 degrees is cold.", id="minus_is_no_bullet"),
        pytest.param("", "", id="empty"),
    ],
)
def test_quote_is_shown_as_one_clean_line(quote: str, shown: str) -> None:
    assert display_text(quote) == shown


def test_bullet_makes_a_list_item() -> None:
    assert is_list_item("- Fill in the form.")
    assert not is_list_item("Fill in the form.")
