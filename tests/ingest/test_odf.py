"""OpenDocument texts, spreadsheets and presentations: what is in, what is out."""

from pathlib import Path

import pytest

from ingest.errors import FileRejected
from ingest.parse import parse_file
from ingest.parsed import ParsedDocument
from tests.ingest.office_files import write_zip

NAMES = "office style text table draw presentation svg".split()
NAMESPACES = " ".join(f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in NAMES)
STYLES = (
    '<style:style style:name="P1" style:parent-style-name="Title"/>'
    '<style:style style:name="T9"><style:text-properties text:display="none"/></style:style>'
    '<style:style style:name="dpH"><style:drawing-page-properties presentation:visibility="hidden"/></style:style>'
    '<style:style style:name="taH"><style:table-properties table:display="false"/></style:style>'
    '<text:list-style style:name="L1"><text:list-level-style-number text:level="1" style:num-format="1"/>'
    "</text:list-style>"
)


def _write(path: Path, kind: str, body: str, **more: str) -> Path:
    content = (
        f"<office:document-content {NAMESPACES}><office:automatic-styles>{STYLES}</office:automatic-styles>"
        f"<office:body><office:{kind}>{body}</office:{kind}></office:body></office:document-content>"
    )
    parts: dict[str, str | bytes] = {"mimetype": f"application/vnd.oasis.opendocument.{kind}", "content.xml": content}
    return write_zip(path, parts | more)


def _parse(folder: Path, kind: str, body: str) -> ParsedDocument:
    return parse_file(_write(folder / "file", kind, body), "file")


def _sheet(rows: str, *, name: str = "Costs", style: str = "ta1") -> str:
    return f'<table:table table:name="{name}" table:style-name="{style}">{rows}</table:table>'


def _row(*texts: str, repeated: int = 1) -> str:
    cell = '<table:table-cell office:value-type="string"><text:p>{}</text:p></table:table-cell>'
    cells = "".join(map(cell.format, texts))
    return f'<table:table-row table:number-rows-repeated="{repeated}">{cells}</table:table-row>'


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param('<text:p text:style-name="P1">Plan</text:p><text:p>a<text:s/>b<text:tab/>c</text:p>',
                     "Plan\n\na b c\n", id="title_and_spaces"),
        pytest.param('<text:h text:outline-level="2">Goals</text:h><text:p>one<text:line-break/>two</text:p>',
                     "Goals\n\none\ntwo\n", id="heading_and_break"),
        pytest.param('<text:list text:style-name="L1"><text:list-item><text:p>a</text:p><text:list><text:list-item>'
                     "<text:p>b</text:p></text:list-item></text:list></text:list-item><text:list-item><text:p>c</text:p>"
                     "</text:list-item></text:list>", "1. a\n  - b\n2. c\n", id="nested_list"),
        pytest.param("<text:p>Rents rose<text:note><text:note-citation>1</text:note-citation><text:note-body>"
                     "<text:p>By 4.</text:p></text:note-body></text:note>.</text:p>",
                     "Rents rose[1].\n\n[1] By 4.\n", id="note"),
        pytest.param("<text:tracked-changes><text:changed-region><text:deletion><text:p>OLD</text:p></text:deletion>"
                     "</text:changed-region></text:tracked-changes><text:p>new</text:p>", "new\n", id="deletion_out"),
        pytest.param("<text:p>seen<office:annotation><text:p>COMMENT</text:p></office:annotation></text:p>",
                     "seen\n", id="comment_out"),
        pytest.param('<text:p>seen<text:span text:style-name="T9">HIDDEN</text:span></text:p>',
                     "seen\n", id="hidden_out"),
        pytest.param("<text:p>a<draw:frame><draw:text-box><text:p>boxed</text:p></draw:text-box></draw:frame></text:p>",
                     "a\n\nboxed\n", id="text_box"),
        pytest.param(_sheet(f"<table:table-header-rows>{_row('City', 'Rent')}</table:table-header-rows>" +
                            _row("Bonn", "9")), "City | Rent\nBonn | 9\n", id="table"),
        pytest.param(_sheet('<table:table-row><table:table-cell table:number-rows-spanned="2"><text:p>Bonn</text:p>'
                            "</table:table-cell><table:table-cell><text:p>1</text:p></table:table-cell></table:table-row>"
                            "<table:table-row><table:covered-table-cell/><table:table-cell><text:p>2</text:p>"
                            "</table:table-cell></table:table-row>"), "Bonn | 1\nBonn | 2\n", id="merged_cells"),
    ],
)  # fmt: skip
def test_text_document_reads_as_its_reader_sees_it(tmp_path: Path, body: str, expected: str) -> None:
    assert _parse(tmp_path, "text", body).text == expected


def test_headings_have_their_levels_and_offsets(tmp_path: Path) -> None:
    body = '<text:p>Intro</text:p><text:h text:outline-level="3">Goals</text:h>'
    (heading,) = _parse(tmp_path, "text", body).headings
    assert (heading.start, heading.level, heading.text) == (7, 3, "Goals")


def test_lines_of_the_table_of_contents_become_no_passages(tmp_path: Path) -> None:
    body = "<text:table-of-content><text:index-body><text:p>Goals 3</text:p></text:index-body></text:table-of-content>"
    parsed = _parse(tmp_path, "text", body + "<text:p>Text</text:p>")
    assert parsed.pages[0].skip == ((0, 7),)


def test_spreadsheet_rows_name_their_columns(tmp_path: Path) -> None:
    values = (
        '<table:table-row><table:table-cell office:value-type="string"><text:p>Bonn</text:p></table:table-cell>'
        '<table:table-cell office:value-type="date" office:date-value="2026-05-17"><text:p>17.05.26</text:p>'
        "</table:table-cell>"
        '<table:table-cell office:value-type="float" office:value="0.30000000000000004"><text:p>0,3</text:p>'
        "</table:table-cell>"
        '<table:table-cell office:value-type="percentage" office:value="0.5"><text:p>50 %</text:p></table:table-cell>'
        "</table:table-row>"
    )
    parsed = _parse(tmp_path, "spreadsheet", _sheet(_row("City", "Day", "Rent", "Share") + values))
    assert parsed.text.endswith("City: Bonn; Day: 2026-05-17; Rent: 0.3; Share: 50 %\n")
    assert parsed.pages[0].label == "Costs"


def test_hidden_sheets_are_left_out_and_named(tmp_path: Path) -> None:
    parsed = _parse(
        tmp_path, "spreadsheet", _sheet(_row("Seen"), name="A") + _sheet(_row("Secret"), name="B", style="taH")
    )
    assert parsed.text == "A\n\nSeen\n"
    assert parsed.details["left_out"] == "The hidden sheet «B» was left out."


def test_row_repeated_a_million_times_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileRejected) as caught:
        _parse(tmp_path, "spreadsheet", _sheet(_row("a", "b", "c", repeated=1_000_000)))
    assert caught.value.error_class == "too_large"


def test_empty_rows_to_the_end_of_the_sheet_cost_nothing(tmp_path: Path) -> None:
    cell = '<table:table-cell table:number-columns-repeated="16384"/>'
    empty = f'<table:table-row table:number-rows-repeated="1048576">{cell}</table:table-row>'
    assert _parse(tmp_path, "spreadsheet", _sheet(_row("a") + empty)).text == "Costs\n\na\n"


def test_presentation_is_a_page_per_slide_with_notes(tmp_path: Path) -> None:
    def frame(text: str, top: int, more: str = "") -> str:
        box = f"<draw:text-box><text:p>{text}</text:p></draw:text-box>"
        return f'<draw:frame svg:x="1cm" svg:y="{top}cm" {more}>{box}</draw:frame>'

    said = frame("Say it.", 9, 'presentation:class="notes"')
    notes = f"<presentation:notes>{said}</presentation:notes>"
    shapes = frame("low", 8) + frame("high", 4) + frame("Goals", 1, 'presentation:class="title"')
    hidden = f'<draw:page draw:style-name="dpH">{frame("HIDDEN", 1)}</draw:page>'
    parsed = _parse(tmp_path, "presentation", f"{hidden}<draw:page>{shapes}{notes}</draw:page>")
    assert [page.text for page in parsed.pages] == ["\n", "Goals\n\nhigh\n\nlow\n\nSpeaker notes\n\nSay it.\n"]
    assert parsed.title == "Goals"


def test_encrypted_file_says_so(tmp_path: Path) -> None:
    manifest = "<manifest><file-entry><encryption-data/></file-entry></manifest>"
    path = _write(tmp_path / "a.odt", "text", "", **{"META-INF/manifest.xml": manifest})
    with pytest.raises(FileRejected) as caught:
        parse_file(path, "a.odt")
    assert caught.value.error_class == "encrypted"


@pytest.mark.parametrize("kind", ["text", "spreadsheet", "presentation"])
def test_file_without_content_is_malformed(tmp_path: Path, kind: str) -> None:
    path = write_zip(tmp_path / "a", {"mimetype": f"application/vnd.oasis.opendocument.{kind}"})
    with pytest.raises(FileRejected) as caught:
        parse_file(path, "a")
    assert caught.value.error_class == "malformed"
