"""Old Office files are converted by LibreOffice where it is installed; elsewhere they say what to do."""

import threading
from pathlib import Path

import pytest

from ingest.containers import DOC, PPT, XLS
from ingest.convert import parse_converted
from ingest.errors import FileRejected
from ingest.parse import parse_file
from ingest.programs import SOCKETS_IN, find_programs
from ingest.sandbox import Sandbox
from tests.ingest.outlook_files import write_msg

DATA = Path(__file__).parents[3] / "shared" / "data" / "office-mail-html"


@pytest.mark.parametrize(
    ("stream", "media_type", "suffix"),
    [
        pytest.param("WordDocument", DOC, "docx", id="doc"),
        pytest.param("Workbook", XLS, "xlsx", id="xls"),
        pytest.param("Book", XLS, "xlsx", id="xls_of_excel_5"),
        pytest.param("PowerPoint Document", PPT, "pptx", id="ppt"),
    ],
)
def test_without_libreoffice_an_old_file_says_what_to_do(
    tmp_path: Path, stream: str, media_type: str, suffix: str
) -> None:
    path = write_msg(tmp_path / "old", {stream: b"x" * 4_096})
    assert parse_file(path, "old.bin").media_type == media_type
    with Sandbox(tmp_path / "scratch") as sandbox, pytest.raises(FileRejected) as caught:
        parse_converted(sandbox, path, "old.bin", media_type, stop=threading.Event())
    assert caught.value.error_class == "unsupported"
    assert "apt-get install libreoffice-" in str(caught.value)
    assert str(caught.value).endswith(f"or save the file as .{suffix}.")


@pytest.mark.nightly  # LibreOffice is large, and the machines that run the other tests do not have it
@pytest.mark.shared_data("office-mail-html")
@pytest.mark.parametrize(
    ("file", "media_type", "words"),
    [
        ("docling/doc/sources/legacy_sample.doc", DOC, ""),
        ("docling/doc/sources/greek_heading_styles.doc", DOC, ""),
        ("docling/xls/sources/legacy_sample.xls", XLS, ""),
        ("markitdown/test_files/test.xls", XLS, "Alpha: 89; Beta: 82; Gamma: 100; Delta: 12"),
        ("docling/ppt/sources/legacy_sample.ppt", PPT, ""),
    ],
)
def test_libreoffice_reads_old_files_in_the_sandbox(tmp_path: Path, file: str, media_type: str, words: str) -> None:
    sockets = set(SOCKETS_IN.glob("OSL_PIPE_*"))
    with Sandbox(tmp_path / "scratch", programs=find_programs("eng")) as sandbox:
        parsed = parse_converted(sandbox, DATA / file, Path(file).name, media_type, stop=threading.Event())
        left = list(sandbox.scratch.iterdir())
    assert parsed.text.strip()
    assert words in parsed.text
    assert (left, set(SOCKETS_IN.glob("OSL_PIPE_*"))) == ([], sockets)
