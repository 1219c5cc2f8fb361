"""Real Office, OpenDocument, EPUB, table and mail files: what their text must and must not hold."""

import io
import tarfile
import threading
from functools import cache
from pathlib import Path

import pytest

from ingest.containers import OLD_OFFICE
from ingest.errors import FileRejected
from ingest.parse import parse_file
from ingest.parsed import ParsedDocument
from ingest.parsers.attached import AttachmentWriter
from ingest.programs import find_programs
from ingest.recognise import recognise_pages
from ingest.sandbox import Sandbox

DATA = Path(__file__).parents[3] / "shared" / "data"
WORD = "office-mail-html/docling/docx/sources"
SLIDES = "office-mail-html/docling/pptx/sources"
SHEETS = "office-mail-html/docling/xlsx/sources"
ODF = "office-mail-html/docling/odf/sources"
TABLES = "office-mail-html/docling/csv/sources"
MAILS = "mail/ruby-mail/emails"
OTHER_MAILS = "mail/mail-parser/mails"
PAGES = "office-mail-html/docling/html/sources"
TEMPLATES = "kb-18f-handbook/docs/downloads"
MARKITDOWN = "office-mail-html/markitdown/test_files"
SUFFIXES = "docx pptx xlsx xlsm odt ods odp epub csv eml msg doc xls ppt".split()

pytestmark = [
    pytest.mark.shared_data("office-mail-html"),
    pytest.mark.shared_data("mail"),
    pytest.mark.shared_data("kb-18f-handbook"),
]

ROWS = [
    # folder, file, must include, must not include
    (WORD, "word_sample.docx", "- You can relax and look around\n- Paddle about", "•"),
    (WORD, "word_sample.docx", "1. Wear sunglasses\n2. Don’t forget to drink water\n3. Use sun cream", "- Wear"),
    (WORD, "word_sample.docx", "Leaves | Ash, Elm, Maple | 50", "Leaves\nAsh"),
    (WORD, "word_tables.docx", "Cell 1.0 | Merged Cell 1.1 1.2\n", "Merged Cell 1.1 1.2 | Merged Cell 1.1 1.2"),
    (WORD, "word_tables.docx", "Cell 2.0 | Merged Cell 1.1 2.1 | Cell 2.2", "Cell 2.0 |  | Cell 2.2"),
    (WORD, "docx_rich_cells.docx", "Cell 1 | Cell 2 | Cell 3", "A B C Cell 1"),
    (WORD, "docx_rich_cells.docx", "Simple cell upper left | Simple cell with bold and italic text", "**"),
    (WORD, "docx_lists.docx", "- List item 2\n  - List item 1.1\n  - List item 1.2", "1. List item 2\n"),
    (WORD, "docx_list_resumed_numbering.docx", "- bullet two\n3. Third ordered item", "1. Third"),
    (WORD, "unit_test_headers_numbered.docx", "1.2.1. Section 1.2.3", "%1"),
    (WORD, "unit_test_formatting.docx", "Normal italic bold underline and hyperlink on the same line", "http"),
    (WORD, "docx_page_header_footer_first_page.docx", "This is body text on page 2.", "First page header"),
    (WORD, "docx_comments.docx", "This second paragraph also has a reviewer annotation.", "Please"),
    (WORD, "textbox.docx", "If a caregiver suspects that within one week", "w:txbx"),
    (WORD, "equations.docx", "E=mc^2", "mc2"),
    (WORD, "docx_checkboxes.docx", "☒ Orange juice", "Click"),
    (WORD, "Strict.docx", "Some text\n", "<w:"),
    (TEMPLATES, "TEMPLATE_Team_charter.docx", "team charter", "MERGEFORMAT"),
    (MARKITDOWN, "test.docx", "Jieyu Zhang, Yiran Wu, Beibin Li", "PAGEREF"),
    (SLIDES, "powerpoint_sample.pptx", "R1 | True | False", "Test Table Slide\n\nWith footnote"),
    (SLIDES, "powerpoint_sample.pptx", "Speaker notes\n\nSome notes on the second slide.", "‹#›"),
    (SLIDES, "powerpoint_sample.pptx", "1. List item4\n2. List item5\n3. List item6", "- List item4"),
    (SLIDES, "pptx_chart.pptx", "2019 | 120 | 80", "Sheet1!"),
    (SLIDES, "powerpoint_issue_2663.pptx", "Key Benefits:\n\n- Open-source software is cost-effective", "Slide 1"),
    (SLIDES, "powerpoint_unrecognized_shape.pptx", "Text in an unrecognized shape", "Click to"),
    (SHEETS, "xlsx_01.xlsx", "first: 1; second: 5; third: 9", "Sheet4\n"),
    (SHEETS, "xlsx_02_sample_sales_data.xlsm", "Product: Widget A; Date: 2024-01-01; Quantity: 5", "45292"),
    (SHEETS, "xlsx_05_table_with_title.xlsx", "Year: 2019; Freshwater Ducks: 120", "per year:"),
    (SHEETS, "xlsx_06_edge_cases_.xlsx", "ID: AI 2; Question: What are the specific use cases?", "None"),
    (SHEETS, "xlsx_09_section_label_header.xlsx", "Title: A Brief History of Time; Author: Stephen", "List:"),
    (MARKITDOWN, "test.xlsx", "Alpha: 89; Beta: 82; Gamma: 100; Delta: 12", "89.0"),
    (TEMPLATES, "TEMPLATE_Risk_tracker.xlsx", "Title | Description | Impact | Likelihood | Status", "#REF"),
    (ODF, "text_document_01.odt", "1. numbered list 1\n2. numbered list 2\n  - bullet list 2.1", "text:p"),
    (ODF, "text_document_03.odt", "Simple cell upper left | Simple cell with bold and italic text", "svm"),
    (ODF, "odf_table_with_title_01.ods", "Year: 2020; Freshwater Ducks: 135", "Year: Year"),
    (ODF, "odf_presentation_01.odp", "Speaker notes\n\nSome notes on the second slide.", "<number>"),
    (MARKITDOWN, "test.epub", "Chapter 1: Test Content", "<p>"),
    (TABLES, "csv-semicolon.csv", "First Name: Sheryl; Last Name: Baxter", "Sheryl;Baxter"),
    (TABLES, "csv-tab.csv", "Subscription Date: 2020-08-24", "\t"),
    (TABLES, "csv-comma-in-cell.csv", "a: a; b: ,; c: c", '","'),
    (MARKITDOWN, "test_mskanji.csv", "名前: 佐藤太郎; 年齢: 30; 住所: 東京", "\ufffd"),
    (f"{MAILS}/mime_emails", "raw_email7.eml", "Attachments: test.rb, ", 'puts "testing'),
    (f"{MAILS}/multi_charset", "japanese.eml", "Subject: まみむめも", "=?"),
    (f"{MAILS}/multi_charset", "japanese_shift_jis.eml", "このメールはテスト用のメールです。", "\ufffd"),
    (f"{MAILS}/multi_charset", "japanese_iso_2022.eml", "Subject: ", "\x1b"),
    (f"{MAILS}/multipart_report_emails", "report_422.eml", "452 4.2.2 <fraser@oooooooo.com.au>", "boundary="),
    (f"{MAILS}/plain_emails", "raw_email_reply.eml", "Subject: Re: Test reply email", "Message-ID"),
    (f"{MAILS}/rfc6532", "utf8_headers.eml", "Subject: ", "\ufffd"),
    (OTHER_MAILS, "mail_test_10", "Move To Eight ZWEP6227F.pdf", "JVBERi0"),
    (OTHER_MAILS, "mail_test_12", "Subject: 代开各地增值税发票", "=?"),
    (OTHER_MAILS, "mail_outlook_1", "Sehr geehrte Frau Gaiser-Schönenborn,", "\x00"),
    ("office-mail-html/docling/email/sources", "msg_with_attachment.msg",
     "Attachments: test.txt", "This is a test attachment file."),
    (PAGES, "example_04.html", "Row 1 & 2, Col 1 (rowspan) | Row 1, Col 2 | Row 1, Col 3", "<td"),
    (PAGES, "example_07.html", "- Asia\n  - China\n  - Japan", "<li>"),
    (PAGES, "html_rich_table_cells.html", "Wood Duck | | Often seen near ponds.", "**"),
    (PAGES, "html_inline_group_in_table_cell.html", "Multi-link cell | See Page A and Page B for details.", "href"),
    (MARKITDOWN, "test_outlook_msg.msg", "From: M. C. Kurtuluş <muratcan.kurtulus@gmail.com>", "\x00"),
]  # fmt: skip


ATTACHED = [
    # folder, mail, attachment, what its own text must include, must not include
    (f"{MAILS}/mime_emails", "raw_email7.eml", "test.rb", 'puts "testing, testing"', "Content-Type"),
    (f"{MAILS}/attachment_emails", "attachment_content_disposition.eml", "api.rb", 'puts "Hello, world!"', "=20"),
    (f"{MAILS}/attachment_emails", "attachment_nonascii_filename.eml", "cile.txt", "Hi there.", "Content-"),
    (f"{MAILS}/attachment_emails", "attachment_message_rfc822.eml", "ForwardedMessage.eml", "Subject: ", "=?"),
    (f"{MAILS}/mime_emails", "raw_email_with_mimepart_without_content_type.eml", "Est-ce toi ?.eml",
     "From: ", "Received"),
    ("office-mail-html/docling/email/sources", "msg_with_attachment.msg", "test.txt",
     "This is a test attachment file.", "__substg"),
]  # fmt: skip
PACKED = [
    # a file that goes into an archive, and what its text must include
    (SHEETS, "xlsx_01.xlsx", "first: 1; second: 5; third: 9"),
    (WORD, "word_tables.docx", "Cell 1.0 | Merged Cell 1.1 1.2\n"),
    (SLIDES, "powerpoint_sample.pptx", "Speaker notes\n\nSome notes on the second slide."),
    (TABLES, "csv-semicolon.csv", "First Name: Sheryl; Last Name: Baxter"),
]


@cache
def _text(path: Path) -> str:
    return parse_file(path, path.name).text


@pytest.mark.parametrize(("folder", "name", "included", "left_out"), ROWS)
def test_real_file_holds_what_its_reader_sees(folder: str, name: str, included: str, left_out: str) -> None:
    text = _text(DATA / folder / name)
    assert included in text
    assert left_out not in text


@pytest.mark.parametrize(("folder", "mail", "name", "included", "left_out"), ATTACHED)
def test_real_attachment_holds_what_its_reader_sees(
    tmp_path: Path, folder: str, mail: str, name: str, included: str, left_out: str
) -> None:
    text = _attached(DATA / folder / mail, name, tmp_path).text
    assert included in text
    assert left_out not in text


@pytest.mark.parametrize(("folder", "name", "included"), PACKED)
def test_real_file_reads_the_same_from_an_archive(tmp_path: Path, folder: str, name: str, included: str) -> None:
    with tarfile.open(tmp_path / "all.tgz", "w:gz") as packed:
        packed.add(DATA / folder / name, arcname=f"below/{name}")
    parsed = _attached(tmp_path / "all.tgz", f"below/{name}", tmp_path)
    assert included in parsed.text
    assert parsed.text == _text(DATA / folder / name)


@pytest.mark.skipif(find_programs("eng").tesseract is None, reason="not installed: apt-get install tesseract-ocr")
def test_picture_in_a_real_mail_is_read_by_recognition(tmp_path: Path) -> None:
    with Sandbox(tmp_path / "scratch", programs=find_programs("eng")) as sandbox:
        with (tmp_path / "files").open("wb+") as files:
            parsed = sandbox.parse(DATA / OTHER_MAILS / "mail_outlook_1", "mail_outlook_1.eml", files)
            (attached,) = [entry for entry in parsed.attachments if entry.name == "newsletter.png"]
            files.seek(attached.start)
            (tmp_path / "newsletter.png").write_bytes(files.read(attached.size))
        path = tmp_path / "newsletter.png"
        read = recognise_pages(
            sandbox, path, path.name, sandbox.parse(path, path.name), on_page=print, stop=threading.Event()
        )
    assert "newsletter" in read.text.lower()


def _attached(path: Path, wanted: str, folder: Path) -> ParsedDocument:
    """A file in a file, read on its own."""
    written = io.BytesIO()
    parsed = parse_file(path, path.name if path.suffix else f"{path.name}.eml", AttachmentWriter(written))
    (entry,) = [entry for entry in parsed.attachments if entry.name == wanted]
    (folder / "attached").write_bytes(written.getvalue()[entry.start : entry.start + entry.size])
    return parse_file(folder / "attached", wanted)


def test_every_real_office_and_mail_file_ends_in_the_sandbox_with_text_or_a_reason(tmp_path: Path) -> None:
    folders = [DATA / "office-mail-html", DATA / "mail"]
    paths = [path for folder in folders for suffix in SUFFIXES for path in sorted(folder.rglob(f"*.{suffix}"))]
    with Sandbox(tmp_path) as sandbox:
        outcomes = {path.name: _outcome(sandbox, path) for path in paths}
    assert set(outcomes.values()) <= {"text", "to be converted", "unsupported", "empty"}
    assert list(outcomes.values()).count("text") > 0.9 * len(outcomes)


def _outcome(sandbox: Sandbox, path: Path) -> str:
    """ "text", the class of a refusal, or what is wrong with either."""
    try:
        parsed = sandbox.parse(path, path.name)
    except FileRejected as error:
        return error.error_class if str(error).startswith(path.name) else "a sentence without the file's name"
    in_place = all(parsed.text[heading.start :].startswith(heading.text[:20]) for heading in parsed.headings)
    if parsed.media_type in OLD_OFFICE:
        return "to be converted"
    return "text" if in_place else "a heading out of place"
