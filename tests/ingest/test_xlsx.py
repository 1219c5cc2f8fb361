"""Excel workbooks as rows that name their columns; limits on cells and text."""

import datetime as dt
import zipfile
from pathlib import Path

import openpyxl
import pytest

from ingest.errors import FileRejected
from ingest.parse import parse_file
from ingest.parsers.rows import MAX_CELLS, MAX_SHEET_CHARS
from ingest.parsers.xlsx import parse_xlsx
from tests.ingest.office_files import relations, write_zip

STYLES = (
    '<styleSheet><numFmts><numFmt numFmtId="170" formatCode="[h]:mm"/><numFmt numFmtId="171" formatCode="0.0%"/>'
    '<numFmt numFmtId="172" formatCode="[$-407]d. mmm yyyy"/><numFmt numFmtId="173" formatCode="0.0 &quot;days&quot;"/>'
    '</numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="22"/><xf numFmtId="170"/>'
    '<xf numFmtId="171"/>'
    '<xf numFmtId="172"/><xf numFmtId="173"/><xf numFmtId="20"/></cellXfs></styleSheet>'
)


def _workbook(path: Path, rows: str, *, properties: str = "", state: str = "visible", strings: str = "") -> Path:
    sheet = f'<sheet name="Costs" state="{state}" r:id="rId1"/>'
    return write_zip(
        path,
        {
            "_rels/.rels": relations(("officeDocument", "xl/workbook.xml")),
            "xl/_rels/workbook.xml.rels": relations(
                ("worksheet", "worksheets/one.xml"), ("styles", "styles.xml"), ("sharedStrings", "strings.xml")
            ),
            "xl/workbook.xml": f'<workbook xmlns:r="r">{properties}<sheets>{sheet}</sheets></workbook>',
            "xl/styles.xml": STYLES,
            "xl/strings.xml": f"<sst>{strings}</sst>",
            "xl/worksheets/one.xml": f"<worksheet><sheetData>{rows}</sheetData></worksheet>",
        },
    )


def _row(*cells: str) -> str:
    return f"<row>{''.join(cells)}</row>"


def _text(text: str) -> str:
    return f'<c t="str"><v>{text}</v></c>'


def _number(value: str, style: int = 0) -> str:
    return f'<c s="{style}"><v>{value}</v></c>'


def test_workbook_of_another_writer_becomes_a_page_per_sheet_with_named_columns(tmp_path: Path) -> None:
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    assert sheet is not None
    sheet.title = "Staff"
    for values in (("Staff list 2026", None, None), (None, None, None), ("Name", "Joined", "Pay"),
                   ("Ada", dt.date(2020, 5, 17), 5200.5), ("Bo", dt.datetime(2021, 1, 4, 9, 30), 4100)):  # fmt: skip
        sheet.append(values)
    workbook.create_sheet("Empty")
    workbook.create_sheet("Rates").append(["one line only"])
    workbook.properties.title = "Payroll"
    workbook.save(tmp_path / "a.xlsx")
    parsed = parse_file(tmp_path / "a.xlsx", "a.xlsx")
    assert [page.label for page in parsed.pages] == ["Staff", "Rates"]
    assert parsed.pages[0].text == (
        "Staff\n\nStaff list 2026\n\nName | Joined | Pay\nName: Ada; Joined: 2020-05-17; Pay: 5200.5\n"
        "Name: Bo; Joined: 2021-01-04 09:30; Pay: 4100\n"
    )
    assert parsed.title == "Payroll"
    assert [(heading.start, heading.text) for heading in parsed.headings] == [
        (0, "Staff"), (len(parsed.pages[0].text), "Rates"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("value", "style", "shown"),
    [
        pytest.param("0.1", 0, "0.1", id="plain"),
        pytest.param("0.30000000000000004", 0, "0.3", id="binary_noise"),
        pytest.param("45123", 1, "2023-07-16", id="built_in_date"),
        pytest.param("45123.75", 2, "2023-07-16 18:00", id="date_and_time"),
        pytest.param("1.5", 3, "36:00", id="hours_past_a_day"),
        pytest.param("0.125", 4, "12.5%", id="percent"),
        pytest.param("45123", 5, "2023-07-16", id="own_date_format"),
        pytest.param("12.5", 6, "12.5", id="unit_with_a_d_is_no_date"),
        pytest.param("0.5", 7, "12:00:00", id="time"),
        pytest.param("-3", 1, "-3", id="no_date_before_1900"),
        pytest.param("12345678901234567890", 0, "1.23456789012346e+19", id="long"),
        pytest.param("1e400", 1, "inf", id="too_large_for_a_date"),
    ],
)
def test_numbers_show_as_their_format_says(tmp_path: Path, value: str, style: int, shown: str) -> None:
    parsed = parse_xlsx(_workbook(tmp_path / "a.xlsx", _row(_number(value, style))))
    assert parsed.text == f"Costs\n\n{shown}\n"


def test_workbook_that_counts_from_1904_has_its_dates_right(tmp_path: Path) -> None:
    path = _workbook(tmp_path / "a.xlsx", _row(_number("43661", 1)), properties='<workbookPr date1904="1"/>')
    assert "2023-07-16" in parse_xlsx(path).text


def test_formulas_show_their_stored_value_and_those_without_are_counted(tmp_path: Path) -> None:
    rows = _row("<c><f>1+1</f><v>2</v></c>", "<c><f>SUM(A1:A9)</f></c>")
    parsed = parse_xlsx(_workbook(tmp_path / "a.xlsx", rows))
    assert parsed.text == "Costs\n\n2\n"
    assert "1 formulas have no stored value" in parsed.details["left_out"]


def test_shared_strings_join_their_runs_without_reading_aids(tmp_path: Path) -> None:
    strings = "<si><r><t>To</t></r><r><t>kyo</t></r><rPh><t>ignored</t></rPh></si>"
    rows = _row('<c t="s"><v>0</v></c>', '<c t="s"><v>99</v></c>', '<c t="b"><v>1</v></c>')
    assert parse_xlsx(_workbook(tmp_path / "a.xlsx", rows, strings=strings)).text == "Costs\n\nTokyo | TRUE\n"


def test_a_second_table_below_has_its_own_columns(tmp_path: Path) -> None:
    first = (
        '<row r="1">' + _text("City") + _text("Rent") + '</row><row r="2">' + _text("Bonn") + _number("9") + "</row>"
    )
    second = '<row r="9">' + _text("Item") + _text("Price") + _text("Tax") + '</row><row r="10">'
    rows = (
        first + '<row r="3">' + _text("Ulm") + _number("8") + "</row>" + second + _text("Pen") + _number("2") + "</row>"
    )
    text = parse_xlsx(_workbook(tmp_path / "a.xlsx", rows)).text
    assert "City: Ulm; Rent: 8\n\nItem | Price | Tax\nItem: Pen; Price: 2\n" in text


def test_a_form_of_labels_and_values_is_not_taken_for_a_table(tmp_path: Path) -> None:
    rows = _row(_text("Name"), _text("Ada")) + _row(_text("Age"), _number("36")) + _row(_text("City"), _text("Bonn"))
    assert parse_xlsx(_workbook(tmp_path / "a.xlsx", rows)).text == "Costs\n\nName | Ada\nAge | 36\nCity | Bonn\n"


def test_hidden_sheets_are_left_out_and_named(tmp_path: Path) -> None:
    with pytest.raises(FileRejected) as caught:
        parse_xlsx(_workbook(tmp_path / "a.xlsx", _row(_text("Secret")), state="veryHidden"))
    assert caught.value.error_class == "empty"


def test_long_sheet_is_cut_at_the_limit_and_says_how_much_is_missing(tmp_path: Path) -> None:
    rows = "".join(_row(_text(f"{i:06} {'word ' * 200}"), _text(str(i))) for i in range(3_000))
    parsed = parse_xlsx(_workbook(tmp_path / "a.xlsx", rows))
    assert MAX_SHEET_CHARS - 5_000 < len(parsed.text) <= MAX_SHEET_CHARS + 1
    assert "of 3,000 rows were left out" in parsed.details["left_out"]


def test_workbook_with_too_many_cells_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    row = _row(*["<c><v>1</v></c>"] * 10_000)
    with zipfile.ZipFile(_workbook(tmp_path / "small.xlsx", "")) as small, zipfile.ZipFile(path, "w") as archive:
        [archive.writestr(name, small.read(name)) for name in small.namelist() if "sheets" not in name]
        rows = row * (MAX_CELLS // 10_000 + 1)
        archive.writestr("xl/worksheets/one.xml", f"<worksheet><sheetData>{rows}</sheetData></worksheet>")
    with pytest.raises(FileRejected) as caught:
        parse_xlsx(path)
    assert caught.value.error_class == "too_large"


def test_one_long_text_in_every_cell_does_not_fill_the_memory(tmp_path: Path) -> None:
    rows = _row(*['<c t="s"><v>0</v></c>'] * 2_000) * 50
    parsed = parse_xlsx(_workbook(tmp_path / "a.xlsx", rows, strings=f"<si><t>{'x' * 30_000}</t></si>"))
    assert "50 of 50 rows were left out" in parsed.details["left_out"]
