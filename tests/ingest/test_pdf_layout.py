"""Columns, cells, running lines and fields of PDFs that are drawn on the spot."""

from pathlib import Path

from fpdf import FPDF
from pypdf import PdfWriter
from pypdf.constants import PageLabelStyle
from pypdf.generic import ArrayObject, DictionaryObject, NameObject, NumberObject, TextStringObject

from ingest.parse import parse_file
from ingest.parsers.attached import AttachmentWriter
from ingest.parsers.pdf import parse_pdf
from tests.ingest.pdf_files import printed, write_drawn_pdf

LEFT = (
    "The travel policy applies to everybody who|works for the company in any country, also|to guests whom the company "
    "invites; they book|the cheapest train that arrives in time and|keep the ticket until the end of the year."
)
RIGHT = (
    "Hotels may cost up to one hundred and fifty|euros a night, breakfast not included, and in|capitals twenty euros "
    "more; ask the office in|good time, because rooms are scarce when a|fair is in town and prices rise steeply."
)


def lines(text: str, x: float, y: float) -> list[str]:
    return [printed(line, x, y - 13 * number) for number, line in enumerate(text.split("|"))]


def text_of(path: Path, content: str) -> str:
    return parse_pdf(write_drawn_pdf(path, [content])).text


def test_columns_that_are_printed_line_by_line_are_read_one_after_the_other(tmp_path: Path) -> None:
    across = zip(lines(LEFT, 60, 700), lines(RIGHT, 320, 700), strict=True)
    text = text_of(tmp_path / "a.pdf", "".join(left + right for left, right in across))
    assert text == LEFT.replace("|", "\n") + "\n" + RIGHT.replace("|", "\n") + "\n"


def test_columns_that_are_printed_column_by_column_keep_their_order(tmp_path: Path) -> None:
    text = text_of(tmp_path / "a.pdf", "".join(lines(LEFT, 60, 700) + lines(RIGHT, 320, 700)))
    assert " ".join(text.split()).find("end of the year") < text.find("Hotels may")


def test_cells_stand_on_one_line_with_marks_between_them(tmp_path: Path) -> None:
    rows = [("Grade", "Rate", "Limit"), ("A", "120", "900"), ("B", "95", "700")]
    cells = [printed(cell, 72 + 120 * i, 700 - 16 * j) for j, row in enumerate(rows) for i, cell in enumerate(row)]
    assert text_of(tmp_path / "a.pdf", "".join(cells)) == "Grade | Rate | Limit\nA | 120 | 900\nB | 95 | 700\n"


def test_cells_of_several_lines_are_put_together(tmp_path: Path) -> None:
    row = (
        lines("Preventive|care", 72, 700) + lines("no charge|in the network", 200, 700) + lines("deductible", 330, 700)
    )
    below = printed("Surgery", 72, 650) + printed("20 percent", 200, 650) + printed("40 percent", 330, 650)
    text = text_of(tmp_path / "a.pdf", "".join(row) + below)
    assert "Preventive care | no charge in the network | deductible\n" in text
    assert "Surgery | 20 percent | 40 percent\n" in text


def test_a_bullet_is_no_cell(tmp_path: Path) -> None:
    assert text_of(tmp_path / "a.pdf", printed("1.", 72, 700) + printed("Book early.", 108, 700)) == "1. Book early.\n"


def test_the_lines_of_a_table_of_contents_are_skipped(tmp_path: Path) -> None:
    names = ["Leave", "Travel", "Hotels", "Meals", "Taxis", "Visas"]
    contents = "".join(
        printed(name, 72, 700 - 14 * i) + printed(str(i + 2), 500, 700 - 14 * i) for i, name in enumerate(names)
    )
    pages = [printed("Contents", 72, 730, size=16) + contents] + [
        printed(f"{name} are paid.", 72, 400) for name in names
    ]
    page = parse_pdf(write_drawn_pdf(tmp_path / "a.pdf", pages)).pages[0]
    assert [page.text[start:end] for start, end in page.skip] == [f"{n} | {i}" for i, n in enumerate(names, start=2)]


def test_page_labels_come_from_the_file(tmp_path: Path) -> None:
    source = write_drawn_pdf(tmp_path / "a.pdf", [printed("Text.", 72, 700)] * 3)
    writer = PdfWriter(clone_from=source)
    writer.set_page_label(0, 1, style=PageLabelStyle.LOWERCASE_ROMAN)
    writer.set_page_label(2, 2, style=PageLabelStyle.DECIMAL, prefix="A-", start=7)
    writer.write(tmp_path / "b.pdf")
    assert [page.label for page in parse_pdf(tmp_path / "b.pdf").pages] == ["i", "ii", "A-7"]


def test_files_in_a_pdf_are_written_out(tmp_path: Path) -> None:
    writer = PdfWriter(clone_from=write_drawn_pdf(tmp_path / "a.pdf", [printed("See the prices.", 72, 700)]))
    writer.add_attachment("prices.csv", b"hotel,euros\nAdler,95\n")
    writer.write(tmp_path / "b.pdf")
    with (tmp_path / "attached").open("w+b") as file:
        parsed = parse_file(tmp_path / "b.pdf", "b.pdf", AttachmentWriter(file))
        assert [(entry.name, entry.size) for entry in parsed.attachments] == [("prices.csv", 21)]


def test_a_filled_field_is_a_line_of_its_page(tmp_path: Path) -> None:
    document = FPDF(format="Letter")
    document.add_page()
    document.output(str(tmp_path / "a.pdf"))
    writer = PdfWriter(clone_from=tmp_path / "a.pdf")
    field = DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Annot"),
            NameObject("/Subtype"): NameObject("/Widget"),
            NameObject("/FT"): NameObject("/Tx"),
            NameObject("/T"): TextStringObject("employee_name"),
            NameObject("/V"): TextStringObject("Ada Lovelace"),
            NameObject("/Rect"): ArrayObject([NumberObject(edge) for edge in (72, 600, 300, 620)]),
        }
    )
    reference = writer._add_object(field)
    writer.pages[0][NameObject("/Annots")] = ArrayObject([reference])
    form = DictionaryObject({NameObject("/Fields"): ArrayObject([reference])})
    writer._root_object[NameObject("/AcroForm")] = form
    writer.write(tmp_path / "b.pdf")
    assert parse_pdf(tmp_path / "b.pdf").text.strip() == "employee_name: Ada Lovelace"
