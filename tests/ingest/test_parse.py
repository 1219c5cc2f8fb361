"""Files are recognised by content, and refused with a class and a sentence that names them."""

from pathlib import Path

import pytest

from ingest import parse
from ingest.errors import FileRejected
from ingest.parse import detect_media_type, parse_file
from tests.ingest.pdf_files import write_pdf


def stored(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "stored"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("data", "filename", "expected"),
    [
        pytest.param(b"# A\n", "a.md", "text/markdown", id="markdown"),
        pytest.param(b"<p>a", "a.HTM", "text/html", id="html by name"),
        pytest.param(b"<!DOCTYPE html><p>a", "a.txt", "text/html", id="html by content"),
        pytest.param(b"a,b\n", "a.csv", "text/csv", id="csv"),
        pytest.param(b"{}", "a.json", "application/json", id="json"),
        pytest.param(b"a: 1", "a.yml", "application/yaml", id="yaml"),
        pytest.param(b"def f(): pass", "a.py", "text/plain", id="code"),
        pytest.param(b"words", "no suffix", "text/plain", id="no suffix"),
        pytest.param("words".encode("utf-16"), "a.txt", "text/plain", id="utf-16"),
        pytest.param(b"%PDF-1.7\n...", "a.txt", "application/pdf", id="pdf named txt"),
        pytest.param(b"junk\n" * 20 + b"%PDF-1.4", "a.pdf", "application/pdf", id="pdf after junk"),
    ],
)
def test_the_type_is_told_by_content(tmp_path: Path, data: bytes, filename: str, expected: str) -> None:
    assert detect_media_type(stored(tmp_path, data), filename) == expected


@pytest.mark.parametrize(
    ("data", "filename", "error_class", "sentence"),
    [
        pytest.param(b"", "a.md", "empty", "a.md: the file has no content", id="no bytes"),
        pytest.param(b" \n\t ", "a.txt", "empty", "a.txt: the file has no content", id="whitespace"),
        pytest.param(b"<p> </p>", "a.html", "empty", "a.html: no text was found", id="no text"),
        pytest.param(b"\x89PNG\r\n\x1a\n123", "a.md", "malformed", "a.md: the image is damaged", id="png as md"),
        pytest.param(b"PK\x05\x06" + b"\0" * 18, "a.md", "unsupported", "a.md: an archive inside", id="zip as md"),
        pytest.param(b"7z\xbc\xaf\x27\x1c", "a.zip", "unsupported", "a.zip: 7-Zip archive", id="7-zip as zip"),
        pytest.param(b"\x1f\x8b\x08\0\0\0\0\0", "a.gz", "unsupported", "a.gz: gzip file (of one", id="gzip of one"),
        pytest.param(b"\x7fELF\x02\x01\x01\x00", "a.txt", "unsupported", "a.txt: program", id="program as txt"),
        pytest.param(b"\x00\x01\x02\x03" * 9, "a.md", "unsupported", "a.md: ", id="binary as md"),
        pytest.param(
            b"UPDF-1\x99\n\x00\x01\xe2\xe3", "a.pdf", "malformed", "a.pdf: the PDF is damaged", id="headless pdf"
        ),
        pytest.param(b"%PDF-1.7 nothing more", "a.pdf", "malformed", "a.pdf: the PDF is damaged", id="broken pdf"),
    ],
)
def test_a_refusal_names_class_file_and_action(
    tmp_path: Path, data: bytes, filename: str, error_class: str, sentence: str
) -> None:
    with pytest.raises(FileRejected) as refusal:
        parse_file(stored(tmp_path, data), filename)
    assert refusal.value.error_class == error_class
    assert str(refusal.value).startswith(sentence)
    assert ";" in str(refusal.value)


@pytest.mark.parametrize(("n_bytes", "fits"), [(parse.MAX_TEXT_BYTES, True), (parse.MAX_TEXT_BYTES + 1, False)])
def test_the_limit_of_text_holds_to_the_byte(tmp_path: Path, n_bytes: int, fits: bool) -> None:
    path = stored(tmp_path, b"a" * (n_bytes - 1))  # the page's last newline is a byte too
    outcome = ""
    try:
        parse_file(path, "a.txt")
    except FileRejected as error:
        outcome = error.error_class
    assert outcome == ("" if fits else "too_large")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        pytest.param("The policy applies to all employees who travel for work in other countries.", "en", id="english"),
        pytest.param(
            "Die Richtlinie gilt für alle Beschäftigten, die dienstlich ins Ausland reisen.", "de", id="german"
        ),
        pytest.param(
            "La política se aplica a todos los empleados que viajan por trabajo al extranjero.", "es", id="spanish"
        ),
        pytest.param("12 34", None, id="too little"),
    ],
)
def test_the_language_is_told_from_the_text(tmp_path: Path, text: str, language: str | None) -> None:
    assert parse_file(stored(tmp_path, text.encode()), "a.txt").language == language


def test_a_pdf_under_another_name_is_parsed_as_one(tmp_path: Path) -> None:
    path = write_pdf(tmp_path / "stored", [[("Some words about leave.", 11, False)]])
    parsed = parse_file(path, "notes.txt")
    assert (parsed.media_type, parsed.text) == ("application/pdf", "Some words about leave.\n")
