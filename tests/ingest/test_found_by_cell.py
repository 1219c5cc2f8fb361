"""What stands in tables, sheets, notes and archives is found by a search for it, by cell and by column."""

import io
from collections.abc import Iterator

import docx
import openpyxl  # type: ignore[import-untyped]
import pptx
import pytest

from evals.knowledge_base import EVERYONE, KnowledgeBase, temporary_knowledge_base
from ingest.embed import Embedder

TOWNS = ["Aachen", "Bremen", "Celle", "Dresden", "Essen", "Fulda", "Gotha", "Hagen", "Ilmenau", "Jena"]


@pytest.fixture(scope="module")
def base(embedder: Embedder) -> Iterator[KnowledgeBase]:
    with temporary_knowledge_base(embedder) as base:
        base.add(_workbook(), "staff.xlsx")
        base.add(_csv().replace(",", "\t").encode("utf-16"), "branches.tsv")
        base.add(_word(), "prices.docx")
        base.add(_slides(), "plan.pptx")
        base.work()
        yield base


def _workbook() -> bytes:
    """150 people; each has a number, a town and a desk of their own."""
    book = openpyxl.Workbook()
    sheet = book.create_sheet("Staff", 0)
    sheet.append(["Name", "Staff number", "Town", "Desk"])
    for number in range(150):
        sheet.append([f"Person {number}", 70_000 + number, TOWNS[number % 10], f"D-{number:03}"])
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def _csv() -> str:
    return "Branch,Manager,Opening hours\n" + "".join(
        f"{town},Manager of {town},from {i + 6}\n" for i, town in enumerate(TOWNS)
    )


def _word() -> bytes:
    document = docx.Document()
    document.sections[0].header.paragraphs[0].text = "Confidential letterhead of the company"
    document.add_heading("Price list", 1)
    document.add_paragraph("Prices hold for one year.")
    table = document.add_table(rows=0, cols=3)
    for row in (
        ("Article", "Price", "Delivery"),
        ("Copper kettle", "49 euros", "two weeks"),
        ("Tin cup", "5 euros", "now"),
    ):
        cells = table.add_row().cells
        for cell, text in zip(cells, row, strict=True):
            cell.text = text
    data = io.BytesIO()
    document.save(data)
    return data.getvalue()


def _slides() -> bytes:
    slides = pptx.Presentation()
    slide = slides.slides.add_slide(slides.slide_layouts[5])
    slide.shapes.title.text = "Roadmap"
    slide.notes_slide.notes_text_frame.text = "Say that the walrus pilot ends in autumn."
    data = io.BytesIO()
    slides.save(data)
    return data.getvalue()


@pytest.mark.parametrize(
    ("query", "filename", "words"),
    [
        pytest.param("staff number of Person 137", "staff.xlsx", "Name: Person 137; Staff number: 70137;", id="row"),
        pytest.param("whose desk is D-118", "staff.xlsx", "Name: Person 118", id="cell"),
        pytest.param("who has staff number 70149", "staff.xlsx", "Name: Person 149", id="number"),
        pytest.param("opening hours of the Dresden branch", "branches.tsv", "Branch: Dresden; Manager", id="tsv"),
        pytest.param("price of the copper kettle", "prices.docx", "Copper kettle | 49 euros | two weeks", id="table"),
        pytest.param("When does the walrus pilot end?", "plan.pptx", "the walrus pilot ends in autumn", id="notes"),
    ],
)  # fmt: skip
def test_cell_is_found_with_the_names_of_its_columns(
    base: KnowledgeBase, query: str, filename: str, words: str
) -> None:
    with base.database.read() as session:
        hits = base.searcher.search(session, query, principals=EVERYONE, k=5)
    assert hits[0].filename == filename
    assert any(words in hit.text for hit in hits)


def test_header_of_a_word_document_is_no_passage(base: KnowledgeBase) -> None:
    with base.database.read() as session:
        hits = base.searcher.search(session, "confidential letterhead of the company", principals=EVERYONE, k=10)
    assert not any("letterhead" in hit.text for hit in hits)
