"""Real PDFs: what their text must and must not hold, rows, columns, fields and notes; how broken ones end."""

from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from ingest.errors import FileRejected
from ingest.parsed import ParsedDocument
from ingest.parsers.pdf import parse_pdf
from ingest.sandbox import Sandbox

DATA = Path(__file__).parents[3] / "shared" / "data"
REPORTS = "kg-rag-sec-10-q/pdfs"
BENEFITS = "contoso-hr-pdf/pdfs/Northwind_Standard_Benefits_Details.pdf"
HANDBOOK = "contoso-hr-pdf/pdfs/employee_handbook.pdf"
APPLE, NVIDIA, AMAZON = (f"{REPORTS}/{name}.pdf" for name in ("2022 Q3 AAPL", "2023 Q3 NVDA", "2023 Q1 AMZN"))
DUCKS = "office-mail-html/docling/odf/sources/odf_table_with_title_01.ods.pdf"
SPARSE = "office-mail-html/markitdown/test_files/SPARSE-2024-INV-1234_borderless_table.pdf"
PAPER = "office-mail-html/docling/pdf/sources/2305.03393v1-pg9.pdf"
COLUMNS = "broken-pdf/sample-files/026-latex-multicolumn/multicolumn.pdf"
NOTES = "broken-pdf/sample-files/024-annotations/annotated_pdf.pdf"
LABELS = "broken-pdf/pdfminer.six/contrib/pagelabels.pdf"
FORMS = "broken-pdf/pypdf"
CLASSES = {"text", "no text", "encrypted", "malformed"}

pytestmark = [
    pytest.mark.shared_data("broken-pdf"),
    pytest.mark.shared_data("contoso-hr-pdf"),
    pytest.mark.shared_data("kg-rag-sec-10-q"),
    pytest.mark.shared_data("office-mail-html"),
]

ROWS = [
    # file, must include, must not include
    (APPLE, "Products | $ 63,355 | $ 63,948 | $ 245,241 | $ 232,309", "Products $ 63,355"),
    (APPLE, "June 25, 2022 | June 26, 2021 | June 25, 2022 | June 26, 2021", "June 25,\n\n2022"),
    (APPLE, "net share settlement of equity awards | (1,371) | (1,224) | (2,783) | (2,460)", "\nawards | (1,371)"),
    (APPLE, "Three Months Ended | Nine Months Ended\n", "Three Months Ended Nine Months Ended"),
    (APPLE, "Diluted | $ 1.20 | $ 1.30 | $ 4.82 | $ 4.38", "1.20 $"),
    (NVIDIA, "Gross margin | 74.0 % | 70.1 % | 53.6 % | 3.9 pts | 20.4 pts", "74.0 | %"),
    (NVIDIA, "Acquisition termination cost | — | — | — | 1,353", "cost — —"),
    (AMAZON, "Net loss | (4,688) | (6,752)", "(4,688 | )"),
    (AMAZON, "are primarily accounted for using the first-in, first-out method, and are valued", "method, | and"),
    (BENEFITS, "non-participating provider", "\ufffe"),
    (HANDBOOK, "Contoso Electronics Employee Handbook", "\x02"),
    (DUCKS, "Year | Freshwater Ducks\n\n2019 | 120\n2020 | 135\n2021 | 150", "Year\n"),
    (SPARSE, "SKU-9201 | 780 | 778 | OK", "780 778"),
    (PAPER, "4 | 2 | OTSL | 0.952 | 0.92 | 0.942 | 0.857 | 1.22", "0.952 0.92"),
    (COLUMNS, "egestas. Mauris ut leo. Cras viverra metus rhon-\ncus sem. Nulla et lectus", "Your Name |"),
    (NOTES, "Note: This is a text annotation.\nNote: Highlight comment", "Popup"),
    (f"{FORMS}/libreoffice-form.pdf", "First Name: Alice", "First Name: \n"),
    (f"{FORMS}/form_acrobatReader.pdf", "foo: Bar", "foo: \n"),
    ("broken-pdf/pdfminer.six/acroform/AcroForm_TEST.pdf", "Combo Box0: 111\nList Box0: fff", "Push"),
    ("broken-pdf/pypdfium2/forms.pdf", "Listbox_SingleSelectLastSelected: Saskatchewan", "Off"),
]


@cache
def _parsed(path: str) -> ParsedDocument:
    return parse_pdf(DATA / path)


@pytest.mark.parametrize(("path", "included", "left_out"), ROWS)
def test_real_pdf_holds_what_its_reader_sees(path: str, included: str, left_out: str) -> None:
    text = _parsed(path).text
    assert included in text
    assert left_out not in text


def test_page_labels_are_those_that_the_pdf_gives() -> None:
    assert [page.label for page in _parsed(LABELS).pages] == ["iii", "iv", "1", "2", "1"]


@pytest.mark.parametrize(
    ("path", "line"),
    [
        pytest.param(APPLE, "Apple Inc. | Q3 2022 Form 10-Q | 3", id="footer_with_page_number"),
        pytest.param(APPLE, "Item 4. | Controls and Procedures | 19", id="table_of_contents"),
        pytest.param(AMAZON, "Table of Contents", id="link_at_the_top_of_each_page"),
    ],
)
def test_what_repeats_or_only_leads_elsewhere_is_skipped(path: str, line: str) -> None:
    assert line in {page.text[start:end] for page in _parsed(path).pages for start, end in page.skip}


@pytest.mark.parametrize("path", [APPLE, NVIDIA, DUCKS])
def test_rows_of_figures_are_not_skipped(path: str) -> None:
    skipped = {page.text[start:end] for page in _parsed(path).pages for start, end in page.skip}
    assert not {line for line in skipped if line.startswith(("$", "2019", "2020", "Products", "Revenue"))}


def test_every_broken_pdf_ends_in_the_sandbox_with_text_or_a_reason(tmp_path: Path) -> None:
    paths = sorted((DATA / "broken-pdf").rglob("*.pdf"))[::8]
    with Sandbox(tmp_path) as sandbox:
        outcomes = Counter(_outcome(sandbox, path) for path in paths)
    assert set(outcomes) <= CLASSES
    assert outcomes["text"] > 0.6 * len(paths)


def _outcome(sandbox: Sandbox, path: Path) -> str:
    """ "text" or "no text", the class of a refusal, or what is wrong with it."""
    try:
        parsed = sandbox.parse(path, path.name)
    except FileRejected as error:
        error_class = "no text" if error.error_class == "empty" else error.error_class
        return error_class if str(error).startswith(path.name) else "a sentence without the file's name"
    return "text" if parsed.text.strip() else "no text"
