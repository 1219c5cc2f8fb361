"""The handbook: what its questions ask stands in it, its links lead somewhere, and its facts are those of the code."""

import html
import json
import re
import runpy
from pathlib import Path
from typing import Any

import pypdfium2
import pytest

from api.settings import ApiSettings
from generation.settings import GenerationSettings
from ingest.parse import MEDIA_TYPES
from ingest.settings import IngestSettings
from retrieval.settings import RetrievalSettings

HANDBOOK = Path(__file__).parents[2] / "api" / "handbook"
MARKDOWN = sorted(HANDBOOK.glob("*.md"))
QUESTIONS = [json.loads(line) for line in (HANDBOOK / "questions.jsonl").read_text(encoding="utf-8").splitlines()]
ANSWERABLE = [question for question in QUESTIONS if question["answerable"]]
LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")
SETTING = re.compile(r"FOOTNOTE_[A-Z_]+[A-Z]")
COMMAND = re.compile(r"footnote ((?:[a-z-]+ )?[a-z-]+)")


def text_of(name: str, page: int | None) -> str:
    """The words of a handbook file, or of one page of it, with single spaces."""
    path = HANDBOOK / name
    if path.suffix == ".pdf":
        document = pypdfium2.PdfDocument(path)
        pages = [document[i].get_textpage().get_text_bounded() for i in range(len(document))]
        text = "\n".join(pages) if page is None else pages[page - 1]
        document.close()
    else:
        text = path.read_text(encoding="utf-8")
        text = html.unescape(re.sub(r"<[^>]+>", " ", text)) if path.suffix == ".html" else text
    return " ".join(text.split())


@pytest.mark.parametrize("question", [pytest.param(q, id=q["question"]) for q in ANSWERABLE])
def test_answer_stands_in_its_file(question: dict[str, Any]):
    assert question["answer"] in text_of(question["file"], question.get("page"))


def test_questions_are_many_and_some_have_no_answer():
    assert (len(ANSWERABLE) >= 25, len(QUESTIONS) - len(ANSWERABLE) >= 5) == (True, True)


def test_every_file_has_a_question_or_is_linked():
    asked = {question["file"] for question in ANSWERABLE}
    linked = {target for page in MARKDOWN for target in LINK.findall(page.read_text(encoding="utf-8"))}
    files = {path.name for path in HANDBOOK.iterdir() if path.suffix in (".md", ".html", ".pdf")}

    assert files - asked - linked == {"welcome.md"}


@pytest.mark.parametrize("page", [pytest.param(page, id=page.name) for page in MARKDOWN])
def test_links_lead_to_files_of_the_handbook(page: Path):
    targets = [t for t in LINK.findall(page.read_text(encoding="utf-8")) if "://" not in t]

    assert [target for target in targets if not (page.parent / target).is_file()] == []


@pytest.mark.parametrize("page", [pytest.param(page, id=page.name) for page in MARKDOWN])
def test_page_begins_with_its_only_title(page: Path):
    lines = page.read_text(encoding="utf-8").splitlines()

    assert lines[0].startswith("# ")
    assert sum(line.startswith("# ") for line in lines) == 1


def test_settings_of_the_handbook_are_the_settings_of_the_code():
    classes = (IngestSettings, RetrievalSettings, GenerationSettings, ApiSettings)
    real = {f"FOOTNOTE_{name.upper()}" for settings in classes for name in settings.model_fields}
    named = set(SETTING.findall((HANDBOOK / "settings.md").read_text(encoding="utf-8")))

    assert named == real


FORMATS = {
    "application/pdf": "PDF",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "Word (.docx)",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "Excel (.xlsx)",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "PowerPoint (.pptx)",
    "application/vnd.oasis.opendocument.text": ".odt",
    "application/vnd.oasis.opendocument.spreadsheet": ".ods",
    "application/vnd.oasis.opendocument.presentation": ".odp",
    "application/epub+zip": "EPUB",
    "application/rtf": "RTF",
    "message/rfc822": ".eml",
    "application/mbox": ".mbox",
    "application/vnd.ms-outlook": ".msg",
    "text/markdown": "Markdown",
    "text/html": "HTML",
    "text/plain": "plain text",
    "text/csv": "CSV",
    "application/json": "JSON",
    "application/yaml": "YAML",
    "application/msword": ".doc,",
    "application/vnd.ms-excel": ".xls,",
    "application/vnd.ms-powerpoint": ".ppt)",
    "application/zip": ".zip",
    "application/x-tar": ".tar,",
    "image/png": "PNG",
    "image/jpeg": "JPEG",
    "image/tiff": "TIFF",
    "image/webp": "WEBP",
    "image/bmp": "BMP",
    "image/gif": "GIF",
}


def test_formats_of_the_handbook_are_the_formats_of_the_code():
    page = (HANDBOOK / "supported-files-and-limits.md").read_text(encoding="utf-8")
    table = page.split("## Formats")[1].split("\n\n")[1]
    first_column = "\n".join(line.split("|")[1] for line in table.splitlines())

    assert {media_type for media_type, name in FORMATS.items() if name in first_column} == MEDIA_TYPES


def test_pdf_is_the_one_that_its_source_makes():
    made = runpy.run_path(str(HANDBOOK / "source" / "quick_start.py"))
    source = (HANDBOOK / "source" / "quick_start.txt").read_text(encoding="utf-8")

    assert made["make_guide"](source) == (HANDBOOK / "quick-start-guide.pdf").read_bytes()


def test_pdf_has_an_outline_and_page_labels():
    document = pypdfium2.PdfDocument(HANDBOOK / "quick-start-guide.pdf")

    assert [document.get_page_label(i) for i in range(len(document))] == ["i", "ii", "1", "2", "3", "4"]
    assert next(iter(document.get_toc())).get_title() == "Install and look around"
    document.close()


def test_the_long_page_is_long():
    assert len(text_of("reference.md", None).split()) >= 3000
