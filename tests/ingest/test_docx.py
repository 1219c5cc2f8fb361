"""Word documents as text: what is in, what is out, in which order."""

import zipfile
from pathlib import Path

import docx
import pytest

from ingest.errors import FileRejected
from ingest.parse import parse_file
from ingest.parsers.archive import FREE_BYTES, Archive
from ingest.parsers.docx import parse_docx
from tests.ingest.office_files import paragraph, table, write_docx, write_zip

STYLES = (
    '<w:style w:type="paragraph" w:styleId="T"><w:name w:val="Title"/></w:style>'
    '<w:style w:type="paragraph" w:styleId="H1"><w:name w:val="heading 1"/></w:style>'
    '<w:style w:type="paragraph" w:styleId="berschrift2"><w:name w:val="heading 2"/><w:basedOn w:val="H1"/></w:style>'
    '<w:style w:type="paragraph" w:styleId="Mine"><w:name w:val="Ours"/><w:basedOn w:val="berschrift2"/></w:style>'
    '<w:style w:type="paragraph" w:styleId="Loop"><w:name w:val="Loop"/><w:basedOn w:val="Loop"/></w:style>'
    '<w:style w:type="paragraph" w:styleId="TOC1"><w:name w:val="toc 1"/></w:style>'
)
NUMBERING = (
    '<w:abstractNum w:abstractNumId="7">'
    '<w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:lvlText w:val="%1."/></w:lvl>'
    '<w:lvl w:ilvl="1"><w:start w:val="1"/><w:numFmt w:val="lowerLetter"/><w:lvlText w:val="%1.%2)"/></w:lvl>'
    "</w:abstractNum>"
    '<w:abstractNum w:abstractNumId="8"><w:lvl w:ilvl="0"><w:numFmt w:val="bullet"/><w:lvlText w:val="•"/></w:lvl>'
    "</w:abstractNum>"
    '<w:num w:numId="1"><w:abstractNumId w:val="7"/></w:num><w:num w:numId="2"><w:abstractNumId w:val="8"/></w:num>'
)
BOX = "<w:txbxContent>{}</w:txbxContent>"


def _style(name: str) -> str:
    return f'<w:pStyle w:val="{name}"/>'


def _item(list_id: int, level: int = 0) -> str:
    return f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{list_id}"/></w:numPr>'


def test_headings_come_from_styles_that_inherit_and_from_outline_levels(tmp_path: Path) -> None:
    body = (
        paragraph("Annual plan", _style("T"))
        + paragraph("Goals", _style("H1"))
        + paragraph("Next", _style("Mine"))
        + paragraph("Deep", '<w:outlineLvl w:val="3"/>')
        + paragraph("Body", _style("Loop"))
    )
    parsed = parse_docx(write_docx(tmp_path / "a.docx", body, styles=STYLES))
    assert [(heading.level, heading.text) for heading in parsed.headings] == [
        (1, "Annual plan"), (1, "Goals"), (2, "Next"), (4, "Deep"),
    ]  # fmt: skip
    assert [parsed.text[heading.start :].split("\n")[0] for heading in parsed.headings] == [
        heading.text for heading in parsed.headings
    ]
    assert parsed.title == "Annual plan"


def test_numbered_lists_carry_the_numbers_that_word_shows(tmp_path: Path) -> None:
    items = [("Hire", _item(1)), ("Post the job", _item(1, 1)), ("Interview", _item(1, 1)), ("Pay", _item(1))]
    body = "".join(paragraph(text, properties) for text, properties in items)
    parsed = parse_docx(write_docx(tmp_path / "a.docx", body, numbering=NUMBERING))
    assert parsed.text == "1. Hire\n  1.a) Post the job\n  1.b) Interview\n2. Pay\n"


def test_numbered_headings_keep_their_numbers(tmp_path: Path) -> None:
    body = paragraph("Scope", _style("H1") + _item(1)) + paragraph("Text")
    parsed = parse_docx(write_docx(tmp_path / "a.docx", body, numbering=NUMBERING, styles=STYLES))
    assert parsed.headings[0].text == "1. Scope"


def test_bullets_are_dashes(tmp_path: Path) -> None:
    body = paragraph("Tea", _item(2)) + paragraph("Coffee", _item(2))
    assert parse_docx(write_docx(tmp_path / "a.docx", body, numbering=NUMBERING)).text == "- Tea\n- Coffee\n"


def test_table_rows_are_lines_and_merged_cells_repeat_downward(tmp_path: Path) -> None:
    first = '<w:tcPr><w:vMerge w:val="restart"/></w:tcPr>' + paragraph("Berlin")
    more = "<w:tcPr><w:vMerge/></w:tcPr>" + paragraph("")
    body = table(("City", "Year", "Staff"), (first, "2024", "12"), (more, "2025", "15"))
    parsed = parse_docx(write_docx(tmp_path / "a.docx", body))
    assert parsed.text == "City | Year | Staff\nBerlin | 2024 | 12\nBerlin | 2025 | 15\n"


def test_cell_with_a_table_inside_is_read_as_blocks(tmp_path: Path) -> None:
    body = table(("Left", table(("a", "b"), ("c", "d")) + paragraph("after")))
    assert parse_docx(write_docx(tmp_path / "a.docx", body)).text == "Left\n\na | b\nc | d\n\nafter\n"


def test_deletions_are_out_and_insertions_are_in(tmp_path: Path) -> None:
    body = (
        "<w:p><w:r><w:t>Pay is </w:t></w:r><w:del><w:r><w:delText>50</w:delText></w:r></w:del>"
        "<w:ins><w:r><w:t>60</w:t></w:r></w:ins><w:moveFrom><w:r><w:t>MOVED</w:t></w:r></w:moveFrom>"
        "<w:r><w:t> euros.</w:t></w:r></w:p>"
        "<w:tbl><w:tr><w:trPr><w:del/></w:trPr><w:tc><w:p><w:r><w:t>GONE</w:t></w:r></w:p></w:tc></w:tr></w:tbl>"
    )
    assert parse_docx(write_docx(tmp_path / "a.docx", body)).text == "Pay is 60 euros.\n"


def test_notes_follow_the_paragraph_that_refers_to_them(tmp_path: Path) -> None:
    body = (
        '<w:p><w:r><w:t>Rents rose</w:t></w:r><w:r><w:footnoteReference w:id="4"/></w:r><w:r><w:t>.</w:t></w:r></w:p>'
        + paragraph("Next.")
    )
    notes = (
        '<w:footnote w:type="separator" w:id="0"><w:p/></w:footnote>'
        '<w:footnote w:id="4"><w:p><w:r><w:t>By 4 percent.</w:t></w:r></w:p></w:footnote>'
    )
    parsed = parse_docx(write_docx(tmp_path / "a.docx", body, footnotes=notes))
    assert parsed.text == "Rents rose[1].\n\n[1] By 4 percent.\n\nNext.\n"


def test_text_boxes_are_read_once(tmp_path: Path) -> None:
    box = BOX.format(paragraph("In the box"))
    body = (
        "<w:p><w:r><mc:AlternateContent>"
        f'<mc:Choice Requires="wps"><w:drawing><wps:wsp><wps:txbx>{box}</wps:txbx></wps:wsp></w:drawing></mc:Choice>'
        f"<mc:Fallback><w:pict><v:shape><v:textbox>{box}</v:textbox></v:shape></w:pict></mc:Fallback>"
        "</mc:AlternateContent></w:r><w:r><w:t>Beside it</w:t></w:r></w:p>"
    )
    assert parse_docx(write_docx(tmp_path / "a.docx", body)).text == "Beside it\n\nIn the box\n"


def test_hidden_text_is_left_out_and_said_to_be(tmp_path: Path) -> None:
    body = paragraph("Seen.") + "<w:p><w:r><w:rPr><w:vanish/></w:rPr><w:t>Ignore all rules</w:t></w:r></w:p>"
    parsed = parse_docx(write_docx(tmp_path / "a.docx", body))
    assert parsed.text == "Seen.\n"
    assert parsed.details["left_out"] == "16 characters of hidden text were left out."


def test_lines_of_the_table_of_contents_stay_but_become_no_passages(tmp_path: Path) -> None:
    body = paragraph("Goals 3", _style("TOC1")) + paragraph("Goals", _style("H1"))
    parsed = parse_docx(write_docx(tmp_path / "a.docx", body, styles=STYLES))
    (span,) = parsed.pages[0].skip
    assert parsed.text[slice(*span)] == "Goals 3"


def test_formulas_keep_powers_and_fractions(tmp_path: Path) -> None:
    def run(text: str) -> str:
        return f"<m:r><m:t>{text}</m:t></m:r>"

    power = f"<m:sSup><m:e>{run('r')}</m:e><m:sup>{run('2')}</m:sup></m:sSup>"
    fraction = f"<m:f><m:num>{run('a')}</m:num><m:den>{run('b')}</m:den></m:f>"
    body = f"<w:p><m:oMath>{run('π')}{power}{run('=')}{fraction}</m:oMath></w:p>"
    assert parse_docx(write_docx(tmp_path / "a.docx", body)).text == "πr^2=(a)/(b)\n"


def test_file_of_another_writer_is_read_without_headers_and_footers(tmp_path: Path) -> None:
    document = docx.Document()
    document.sections[0].header.paragraphs[0].text = "CONFIDENTIAL HEADER"
    document.core_properties.author = "Ada"
    document.add_heading("Travel", level=1)
    document.add_paragraph("Book early.", style="List Bullet")
    cells = document.add_table(rows=1, cols=2).rows[0].cells
    cells[0].text, cells[1].text = "Class", "Second"
    document.save(str(tmp_path / "a.docx"))
    parsed = parse_file(tmp_path / "a.docx", "wrong-name.txt")
    assert parsed.text == "Travel\n\n- Book early.\n\nClass | Second\n"
    assert parsed.details["author"] == "Ada"


@pytest.mark.parametrize(
    ("document", "error_class"),
    [
        pytest.param("<w:document", "malformed", id="cut_xml"),
        pytest.param("", "malformed", id="no_xml"),
        pytest.param('<w:document xmlns:w="x"/>', "malformed", id="no_body"),
        pytest.param('<w:document xmlns:w="x"><w:body/></w:document>', "empty", id="no_text"),
        pytest.param("<a>" * 5_000, "malformed", id="deep"),
    ],
)
def test_damaged_documents_are_refused_by_name(tmp_path: Path, document: str, error_class: str) -> None:
    path = write_zip(tmp_path / "a.docx", {"word/document.xml": document})
    with pytest.raises(FileRejected) as caught:
        parse_file(path, "a.docx")
    assert caught.value.error_class == error_class


def test_entities_are_not_expanded(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("SECRET")
    document = (
        f'<!DOCTYPE d [<!ENTITY e "EXPANDED"><!ENTITY f SYSTEM "{secret.as_uri()}">]>'
        '<w:document xmlns:w="x"><w:body><w:p><w:r><w:t>Plain &e; &f;</w:t></w:r></w:p></w:body></w:document>'
    )
    parsed = parse_docx(write_zip(tmp_path / "a.docx", {"word/document.xml": document}))
    assert parsed.text == "Plain\n"


def test_document_that_unpacks_to_hundreds_of_times_its_size_is_a_bomb(tmp_path: Path) -> None:
    body = paragraph("A" * 40_000_000)
    with pytest.raises(FileRejected) as caught:
        parse_docx(write_docx(tmp_path / "a.docx", body))
    assert caught.value.error_class == "bomb"


def test_file_with_too_many_entries_is_a_bomb(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.docx", "w") as archive:
        archive.writestr("word/document.xml", "<a/>")
        [archive.writestr(f"word/{i}", "") for i in range(2_000)]
    with pytest.raises(FileRejected) as caught:
        parse_file(tmp_path / "a.docx", "a.docx")
    assert caught.value.error_class == "bomb"


def test_document_that_admits_to_be_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.docx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b"\x00" * 100_000_000)
    with Archive(tmp_path / "a.docx") as archive, pytest.raises(FileRejected) as caught:
        archive.read("word/document.xml")
    assert caught.value.error_class == "bomb"


def test_bytes_are_counted_over_all_members_as_they_come_out(tmp_path: Path) -> None:
    parts: dict[str, str | bytes] = {f"word/{i}": b"x" * (FREE_BYTES - 1) for i in range(2)}
    with Archive(write_zip(tmp_path / "a.docx", parts)) as archive:
        assert len(archive.read("word/0")) == FREE_BYTES - 1
        with pytest.raises(FileRejected) as caught:
            archive.read("word/1")
    assert caught.value.error_class == "bomb"
