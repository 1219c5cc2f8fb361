"""CSV and TSV as rows that name their columns, whatever the delimiter and the encoding."""

from pathlib import Path

import pytest

from ingest.parse import parse_file

ROWS = "City: Bonn; Rent: 9,50; Note: near the river\nCity: Ulm; Rent: 8; Note: hill\n"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param('City,Rent,Note\nBonn,"9,50",near the river\nUlm,8,hill\n', ROWS, id="comma"),
        pytest.param("City;Rent;Note\r\nBonn;9,50;near the river\r\nUlm;8;hill\r\n", ROWS, id="semicolon"),
        pytest.param("City\tRent\tNote\nBonn\t9,50\tnear the river\nUlm\t8\thill\n", ROWS, id="tab"),
        pytest.param("sep=|\nCity|Rent|Note\nBonn|9,50|near the river\nUlm|8|hill\n", ROWS, id="declared"),
        pytest.param('City,Rent,Note\nBonn,"9,50","near the\nriver"\nUlm,8,hill\n', ROWS, id="break_in_a_cell"),
        pytest.param("1,2\n3,4\n", "1 | 2\n3 | 4\n", id="no_header"),
        pytest.param("Name,Role\nAda,\n,Cook\n", "Name: Ada\nRole: Cook\n", id="empty_cells"),
        pytest.param("a,b\n1,2\n\n3,4\n", "a: 1; b: 2\na: 3; b: 4\n", id="empty_line"),
        pytest.param("Ada\nBo\n", "Ada\nBo\n", id="single_column"),
        pytest.param('id,text\n1,"never closed\n2,b\n', "id: 2; text: b", id="open_quote"),
    ],
)
def test_rows_name_their_columns(tmp_path: Path, content: str, expected: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(content, newline="")
    assert expected in parse_file(path, "a.csv").text


def test_header_is_the_first_line(tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    path.write_text("Name\tRole\nAda\tCook\n")
    assert parse_file(path, "a.tsv").text == "Name | Role\nName: Ada; Role: Cook\n"


def test_table_in_another_encoding_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("Stadt;Größe\nKöln;groß\nMünster;klein\n".encode("cp1252"))
    assert "Stadt: Köln; Größe: groß" in parse_file(path, "a.csv").text
