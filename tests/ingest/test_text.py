"""Text files in any encoding become clean text."""

from pathlib import Path

import pytest

from ingest.parsers.encoding import clean, decode
from ingest.parsers.text import parse_text

GREETING = "Grüße aus Köln – “schön” für 5 €\n"


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(GREETING.encode(), id="utf-8"),
        pytest.param(GREETING.encode("utf-8-sig"), id="utf-8 with a mark"),
        pytest.param(GREETING.encode("utf-16"), id="utf-16 with a mark"),
        pytest.param(b"\xfe\xff" + GREETING.encode("utf-16-be"), id="utf-16-be with a mark"),
        pytest.param(GREETING.encode("utf-16-le"), id="utf-16 without a mark"),
        pytest.param(GREETING.encode("utf-32"), id="utf-32 with a mark"),
        pytest.param(GREETING.encode("cp1252"), id="windows-1252"),
    ],
)
def test_text_is_decoded(data: bytes) -> None:
    assert decode(data) == GREETING


def test_a_declared_encoding_is_used_where_utf_8_fails() -> None:
    assert decode("Привет".encode("koi8-r"), "koi8-r") == "Привет"


def test_an_unknown_declared_encoding_is_ignored() -> None:
    assert decode(GREETING.encode("cp1252"), "no-such-encoding") == GREETING


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("a\r\nb\rc\fd", "a\nb\nc\nd", id="newlines"),
        pytest.param("a\x00b\x07c", "abc", id="control characters"),
        pytest.param("\ufeffa\ufffeb\uffff", "ab", id="marks and non-characters"),
        pytest.param("a\tb", "a\tb", id="tabs stay"),
    ],
)
def test_text_is_cleaned(text: str, expected: str) -> None:
    assert clean(text) == expected


def test_a_text_file_is_one_page_that_ends_with_a_newline(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("One.\n\nTwo.\n\n\n")
    (page,) = parse_text(tmp_path / "a.txt").pages
    assert (page.number, page.text, page.boxes) == (1, "One.\n\nTwo.\n", None)
