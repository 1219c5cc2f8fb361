"""PowerPoint files: a page per slide, reading order, tables, charts and notes."""

from pathlib import Path

import pytest
from pptx import Presentation
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.presentation import Presentation as Deck
from pptx.slide import Slide
from pptx.util import Inches

from ingest.errors import FileRejected
from ingest.parse import parse_file
from ingest.parsed import ParsedDocument
from tests.ingest.office_files import relations, write_zip

TITLE_AND_CONTENT, TITLE_ONLY, BLANK = 1, 5, 6


@pytest.fixture
def deck() -> Deck:
    return Presentation()


def _add_slide(deck: Deck, layout: int, title: str = "") -> Slide:
    slide = deck.slides.add_slide(deck.slide_layouts[layout])
    if title and slide.shapes.title is not None:
        slide.shapes.title.text = title
    return slide


def _add_box(slide: Slide, text: str, *, left: float, top: float) -> None:
    slide.shapes.add_textbox(Inches(left), Inches(top), Inches(2), Inches(1)).text_frame.text = text


def _parse(deck: Deck, folder: Path) -> ParsedDocument:
    deck.save(str(folder / "a.pptx"))
    return parse_file(folder / "a.pptx", "a.pptx")


def test_slide_is_a_page_with_its_title_as_heading_and_bullets_as_items(deck: Deck, tmp_path: Path) -> None:
    slide = _add_slide(deck, TITLE_AND_CONTENT, "Goals")
    slide.placeholders[1].text = "Grow\nHire"
    slide.placeholders[1].text_frame.paragraphs[1].level = 1
    parsed = _parse(deck, tmp_path)
    assert parsed.pages[0].text == "Goals\n\n- Grow\n  - Hire\n"
    assert [(heading.start, heading.level, heading.text) for heading in parsed.headings] == [(0, 1, "Goals")]
    assert parsed.title == "Goals"


def test_shapes_are_read_from_top_to_bottom_and_left_to_right(deck: Deck, tmp_path: Path) -> None:
    slide = _add_slide(deck, TITLE_ONLY, "Order")
    _add_box(slide, "fourth", left=1, top=5)
    _add_box(slide, "third", left=5, top=3.1)
    _add_box(slide, "second", left=1, top=3.2)
    _add_box(slide, "first", left=5, top=2)
    assert _parse(deck, tmp_path).text == "Order\n\nfirst\n\nsecond\n\nthird\n\nfourth\n"


def test_shapes_of_a_group_stay_together(deck: Deck, tmp_path: Path) -> None:
    slide = _add_slide(deck, TITLE_ONLY, "Cards")
    group = slide.shapes.add_group_shape()
    for text, top in (("Card", 2), ("Its text", 4)):
        group.shapes.add_textbox(Inches(1), Inches(top), Inches(2), Inches(1)).text_frame.text = text
    _add_box(slide, "Beside", left=6, top=3)
    assert _parse(deck, tmp_path).text == "Cards\n\nCard\n\nIts text\n\nBeside\n"


def test_table_rows_are_lines(deck: Deck, tmp_path: Path) -> None:
    slide = _add_slide(deck, TITLE_ONLY, "Prices")
    cells = slide.shapes.add_table(2, 2, Inches(1), Inches(2), Inches(4), Inches(1)).table
    cells.cell(0, 0).text, cells.cell(0, 1).text = "Item", "Euro"
    cells.cell(1, 0).text, cells.cell(1, 1).text = "Pen", "2"
    assert _parse(deck, tmp_path).text == "Prices\n\nItem | Euro\nPen | 2\n"


def test_merged_cells_repeat_downward(deck: Deck, tmp_path: Path) -> None:
    slide = _add_slide(deck, TITLE_ONLY, "Staff")
    cells = slide.shapes.add_table(2, 2, Inches(1), Inches(2), Inches(4), Inches(1)).table
    cells.cell(0, 0).text, cells.cell(0, 1).text, cells.cell(1, 1).text = "Bonn", "Ada", "Bo"
    cells.cell(0, 0).merge(cells.cell(1, 0))
    assert "Bonn | Ada\nBonn | Bo\n" in _parse(deck, tmp_path).text


def test_chart_gives_its_stored_values(deck: Deck, tmp_path: Path) -> None:
    slide = _add_slide(deck, TITLE_ONLY, "Sales")
    data = CategoryChartData()
    data.categories = ["2024", "2025"]
    data.add_series("North", (10, 20))
    data.add_series("South", (5, 7))
    slide.shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, Inches(1), Inches(2), Inches(4), Inches(3), data)
    assert " | North | South\n2024 | 10 | 5\n2025 | 20 | 7\n" in _parse(deck, tmp_path).text


def test_speaker_notes_stand_under_a_heading_of_their_own(deck: Deck, tmp_path: Path) -> None:
    notes = _add_slide(deck, TITLE_ONLY, "Plan").notes_slide.notes_text_frame
    assert notes is not None
    notes.text = "Mention the budget."
    parsed = _parse(deck, tmp_path)
    assert parsed.text == "Plan\n\nSpeaker notes\n\nMention the budget.\n"
    assert [heading.level for heading in parsed.headings] == [1, 2]


def test_slide_without_a_title_does_not_go_under_the_one_before(deck: Deck, tmp_path: Path) -> None:
    _add_slide(deck, TITLE_ONLY, "Before")
    _add_box(_add_slide(deck, BLANK), "Alone", left=1, top=1)
    parsed = _parse(deck, tmp_path)
    assert parsed.pages[1].text == "Slide 2\n\nAlone\n"
    assert parsed.headings[1].text == "Slide 2"


def test_hidden_slides_are_empty_pages_so_that_numbers_stay_right(deck: Deck, tmp_path: Path) -> None:
    _add_slide(deck, TITLE_ONLY, "Backup")._element.set("show", "0")
    _add_slide(deck, TITLE_ONLY, "Shown")
    parsed = _parse(deck, tmp_path)
    assert [page.text for page in parsed.pages] == ["\n", "Shown\n"]
    assert parsed.details["left_out"] == "Hidden slides were left out: 1."


def test_deck_without_text_is_empty(deck: Deck, tmp_path: Path) -> None:
    _add_slide(deck, BLANK)
    with pytest.raises(FileRejected) as caught:
        _parse(deck, tmp_path)
    assert caught.value.error_class == "empty"


def test_deck_that_lost_a_slide_keeps_the_numbers_of_the_others(tmp_path: Path) -> None:
    slide = "<sld><cSld><spTree><sp><txBody><p><r><t>Here</t></r></p></txBody></sp></spTree></cSld></sld>"
    entries = '<sldId r:id="rId1"/><sldId r:id="rId2"/>'
    path = write_zip(
        tmp_path / "a.pptx",
        {
            "ppt/presentation.xml": f'<presentation xmlns:r="r"><sldIdLst>{entries}</sldIdLst></presentation>',
            "ppt/_rels/presentation.xml.rels": relations(("slide", "gone.xml"), ("slide", "slide2.xml")),
            "ppt/slide2.xml": slide,
        },
    )
    assert [page.text for page in parse_file(path, "a.pptx").pages] == ["\n", "Slide 2\n\nHere\n"]
