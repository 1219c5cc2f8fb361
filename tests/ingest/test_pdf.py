"""PDF files become pages with text, boxes, headings and titles."""

from pathlib import Path

import numpy as np
import pytest

from evals.benchmarks.boxes import check_boxes
from ingest.boxes import merge_boxes, unpack_boxes
from ingest.errors import FileRejected
from ingest.parsers.pdf import find_boxes, parse_pdf, render_page
from tests.ingest.pdf_files import rewrite_pdf, write_pdf

BODY = (
    "The travel policy applies to all employees. Book trains before flights when the ride takes less than "
    "four hours. Hotels may cost up to 180 euros a night; ask your manager before you book a dearer one."
)
REAL_PDFS = Path(__file__).parents[3] / "shared" / "data"


@pytest.fixture
def handbook(tmp_path: Path) -> Path:
    pages = [
        [("Travel handbook", 24, True), (BODY, 11, False), ("Trains", 16, True), (BODY, 11, False)],
        [("Hotels", 16, True), (BODY, 11, False)],
        [("Meals", 16, True), (BODY, 11, False)],
    ]
    return write_pdf(tmp_path / "handbook.pdf", pages)


def test_every_page_text_ends_with_a_newline(handbook: Path) -> None:
    assert all(page.text.endswith("\n") for page in parse_pdf(handbook).pages)


def test_wrapped_lines_keep_their_words(handbook: Path) -> None:
    assert BODY in " ".join(parse_pdf(handbook).pages[1].text.split())


def test_larger_print_becomes_headings_with_exact_offsets(handbook: Path) -> None:
    parsed = parse_pdf(handbook)
    found = [(heading.text, parsed.text[heading.start :].split("\n")[0]) for heading in parsed.headings]
    assert found == [(name, name) for name in ("Travel handbook", "Trains", "Hotels", "Meals")]


def test_a_cover_title_is_the_document_title(handbook: Path) -> None:
    assert parse_pdf(handbook).title == "Travel handbook"


def test_the_metadata_title_comes_first(tmp_path: Path) -> None:
    path = write_pdf(
        tmp_path / "a.pdf", [[("Something large", 24, True), (BODY, 11, False)]], title="Travel rules 2026"
    )
    assert parse_pdf(path).title == "Travel rules 2026"


def test_the_outline_gives_the_headings_where_there_is_one(handbook: Path, tmp_path: Path) -> None:
    bookmarks = [("Trains", 0), ("Hotels", 1), ("Meals", 2)]
    parsed = parse_pdf(rewrite_pdf(handbook, tmp_path / "b.pdf", bookmarks=bookmarks))
    assert [heading.text for heading in parsed.headings] == ["Trains", "Hotels", "Meals"]


def test_outline_headings_point_at_their_words(handbook: Path, tmp_path: Path) -> None:
    parsed = parse_pdf(
        rewrite_pdf(handbook, tmp_path / "b.pdf", bookmarks=[("Trains", 0), ("Hotels", 1), ("Meals", 2)])
    )
    assert [parsed.text[heading.start :].split("\n")[0] for heading in parsed.headings] == ["Trains", "Hotels", "Meals"]


def test_an_empty_password_opens(handbook: Path, tmp_path: Path) -> None:
    assert "travel policy" in parse_pdf(rewrite_pdf(handbook, tmp_path / "b.pdf", password="")).text


def test_a_password_is_refused_as_encrypted(handbook: Path, tmp_path: Path) -> None:
    with pytest.raises(FileRejected, match="needs a password") as refusal:
        parse_pdf(rewrite_pdf(handbook, tmp_path / "b.pdf", password="secret"))
    assert refusal.value.error_class == "encrypted"


def test_a_pdf_without_text_has_pages_that_may_be_pictures_of_it(tmp_path: Path) -> None:
    pages = parse_pdf(write_pdf(tmp_path / "scan.pdf", [[], []])).pages
    assert [page.text for page in pages] == ["\n", "\n"]


def test_a_page_without_text_between_others_is_kept(tmp_path: Path) -> None:
    path = write_pdf(tmp_path / "a.pdf", [[(BODY, 11, False)], [], [(BODY, 11, False)]])
    assert [bool(page.text.strip()) for page in parse_pdf(path).pages] == [True, False, True]


def test_a_truncated_pdf_is_malformed(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog")
    with pytest.raises(FileRejected) as refusal:
        parse_pdf(tmp_path / "a.pdf")
    assert refusal.value.error_class == "malformed"


@pytest.mark.shared_data("broken-pdf")
def test_a_pdf_that_only_a_second_reader_understands_is_mended() -> None:
    path = REAL_PDFS / "broken-pdf" / "qpdf" / "issue-99b.pdf"
    assert parse_pdf(path).pages[0].text.strip() == "Potato"
    assert render_page(path, 1, 1.0).startswith(b"\x89PNG")


def test_running_headers_and_page_numbers_are_skipped_lines(tmp_path: Path) -> None:
    names = ("Trains", "Hotels", "Meals", "Visas", "Taxis")
    pages = [
        [
            ("Contoso travel handbook", 9, False),
            (f"{name} are paid by the company. " * 9, 11, False),
            (f"Page {n}", 9, False),
        ]
        for n, name in enumerate(names, start=1)
    ]
    parsed = parse_pdf(write_pdf(tmp_path / "a.pdf", pages))
    skipped = [page.text[start:end] for page in parsed.pages for start, end in page.skip]
    assert skipped[:2] == ["Contoso travel handbook", "Page 1"]


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
def test_boxes_mark_the_quote_however_the_page_is_turned(handbook: Path, tmp_path: Path, rotate: int) -> None:
    checks = check_boxes([rewrite_pdf(handbook, tmp_path / "b.pdf", rotate=rotate)], n_quotes=50, seed=0)
    assert [check.found for check in checks if not check.exact] == []


def test_boxes_are_fractions_of_the_cropped_page(handbook: Path, tmp_path: Path) -> None:
    whole, whole_boxes = find_boxes(handbook, 1)
    cropped, cropped_boxes = find_boxes(rewrite_pdf(handbook, tmp_path / "b.pdf", crop=(20, 400, 592, 780)), 1)
    (full,) = merge_boxes(unpack_boxes(whole_boxes), whole, 0, len("Travel handbook"))
    (part,) = merge_boxes(unpack_boxes(cropped_boxes), cropped, 0, len("Travel handbook"))
    expected = (20 + part.left * 572, 780 - part.top * 380)
    np.testing.assert_allclose((full.left * 612, 792 - full.top * 792), expected, atol=0.1)


def test_text_cropped_away_is_not_read(handbook: Path, tmp_path: Path) -> None:
    cropped = parse_pdf(rewrite_pdf(handbook, tmp_path / "b.pdf", crop=(0, 700, 612, 792)))
    assert "Travel handbook" in cropped.text
    assert "Trains" not in cropped.text


def test_there_is_one_box_for_every_character(handbook: Path) -> None:
    text, packed = find_boxes(handbook, 1)
    boxes = unpack_boxes(packed)
    assert text == parse_pdf(handbook).pages[0].text
    assert (boxes[:, 2] > boxes[:, 0]).tolist() == [not character.isspace() for character in text]


def test_a_page_is_drawn_as_png(handbook: Path) -> None:
    assert render_page(handbook, 2, 1.0).startswith(b"\x89PNG")


def test_drawing_a_page_that_does_not_exist_is_refused(handbook: Path) -> None:
    with pytest.raises(FileRejected, match="page 4 does not exist"):
        render_page(handbook, 4, 1.0)


@pytest.mark.shared_data("contoso-hr-pdf")
@pytest.mark.shared_data("kg-rag-sec-10-q")
@pytest.mark.parametrize("folder", ["contoso-hr-pdf", "kg-rag-sec-10-q"])
@pytest.mark.parametrize("unit", ["sentence", "passage"])
def test_boxes_of_real_files_mark_99_percent_of_quotes(folder: str, unit: str) -> None:
    paths = sorted((REAL_PDFS / folder / "pdfs").glob("*.pdf"))[:2]
    checks = check_boxes(paths, n_quotes=100, seed=1, unit=unit)
    assert np.mean([check.exact for check in checks]) >= 0.98
