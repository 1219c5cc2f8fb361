"""RTF: code pages, Unicode, structure, and what is not for reading."""

from pathlib import Path

import pytest

from ingest.errors import FileRejected
from ingest.parse import parse_file

START = rb"{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0\fcharset0 Arial;}{\f1\fcharset204 Arial;}{\f2\fcharset128 M;}}"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(rb"Hello\par World", "Hello\n\nWorld\n", id="paragraphs"),
        pytest.param(rb"caf\'e9 \'80 5", "café € 5\n", id="code_page"),
        pytest.param(rb"\f1 \'cf\'f0\'e8\f0  \'e9", "При é\n", id="font_decides_the_code_page"),
        pytest.param(rb"\f2 \'93\'fa\'96\'7b", "日本\n", id="two_bytes_a_character"),
        pytest.param(rb"\u8364?5 \u-10179?\u-8704?", "€5 😀\n", id="unicode_with_stand_ins"),
        pytest.param(rb"{\uc0\u8364 5}{\uc2\u8364 ab!}", "€5€!\n", id="length_of_stand_ins"),
        pytest.param(rb"{\uc1\u8364\'80}x", "€x\n", id="stand_in_in_hexadecimal"),
        pytest.param(rb"a\{b\}\\c\~d\_e\emdash f", "a{b}\\c d-e—f\n", id="escapes"),
        pytest.param(
            rb"{\*\unknown GONE}{\pict 0102ff}{\header HEAD}{\footer FOOT}seen", "seen\n", id="skipped_groups"
        ),
        pytest.param(rb"{\field{\*\fldinst HYPERLINK x}{\fldrslt link}}", "link\n", id="field_shows_its_result"),
        pytest.param(rb"seen{\v HIDDEN}{\deleted GONE}", "seen\n", id="hidden_and_deleted"),
        pytest.param(rb"rose{\footnote By 4.}.\par next", "rose[1].\n\n[1] By 4.\n\nnext\n", id="note"),
        pytest.param(rb"\trowd\intbl a\cell b\par c\cell\row\pard after", "a | b c\n\nafter\n", id="table"),
        pytest.param(rb"{\listtext\bullet}\ls1 one\par\pard two", "- one\n\ntwo\n", id="list"),
        pytest.param(rb"\bin4 {{{{x", "x\n", id="binary_data"),
        pytest.param(
            rb"{\shp{\*\shpinst{\sp{\sn n}{\sv v}}{\shptxt boxed}}{\shprslt TWICE}}", "boxed\n", id="text_box"
        ),
        pytest.param(rb"never closed {\b bold", "never closed bold\n", id="cut_off"),
    ],
)
def test_text_is_read_as_word_shows_it(tmp_path: Path, body: bytes, expected: str) -> None:
    path = tmp_path / "a"
    path.write_bytes(START + body + b"}")
    assert parse_file(path, "a.doc").text == expected


def test_outline_levels_are_headings_and_properties_give_the_title(tmp_path: Path) -> None:
    path = tmp_path / "a.rtf"
    path.write_bytes(START + rb"{\info{\title The Plan}}\outlinelevel1 Goals\par\pard text}")
    parsed = parse_file(path, "a.rtf")
    assert [(heading.start, heading.level, heading.text) for heading in parsed.headings] == [(0, 2, "Goals")]
    assert parsed.title == "The Plan"


@pytest.mark.parametrize(
    ("body", "error_class"),
    [
        pytest.param(b"}", "empty", id="no_text"),
        pytest.param(b"{" * 5_000 + b"x", "malformed", id="deep"),
        pytest.param(b"{{", "malformed", id="cut_off_before_any_text"),
    ],
)
def test_rtf_without_text_is_refused(tmp_path: Path, body: bytes, error_class: str) -> None:
    path = tmp_path / "a.rtf"
    path.write_bytes(START + body)
    with pytest.raises(FileRejected) as caught:
        parse_file(path, "a.rtf")
    assert caught.value.error_class == error_class
