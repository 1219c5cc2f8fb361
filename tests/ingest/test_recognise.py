"""Text in pictures is recognised page for page, in the sandbox, with boxes; where that cannot be, it is said why."""

import shutil
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pypdf
import pytest
from PIL import Image

from evals.knowledge_base import KnowledgeBase, temporary_knowledge_base
from ingest.boxes import merge_boxes, unpack_boxes
from ingest.embed import Embedder
from ingest.errors import FileRejected
from ingest.parsed import ParsedDocument
from ingest.programs import Program, Programs, find_programs
from ingest.reading import read_version
from ingest.recognise import _words, recognise_pages
from ingest.sandbox import Sandbox
from ingest.tables import Document, Version
from tests.ingest.pdf_files import write_pdf
from tests.ingest.pictures import picture

needs_tesseract = pytest.mark.skipif(
    shutil.which("tesseract") is None, reason="Tesseract is not installed: apt-get install tesseract-ocr"
)


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with Sandbox(tmp_path_factory.mktemp("scratch"), programs=find_programs("eng")) as sandbox:
        yield sandbox


def recognise(sandbox: Sandbox, path: Path) -> ParsedDocument:
    parsed = sandbox.parse(path, path.name)
    return recognise_pages(sandbox, path, path.name, parsed, on_page=lambda _done, _total: None, stop=threading.Event())


def scan(path: Path, *lines: str) -> Path:
    """A PDF of one page that is a picture."""
    picture(*lines).save(path, format="PDF", resolution=150)
    return path


@needs_tesseract
@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "bmp", "gif"])
def test_text_of_a_picture_is_recognised(sandbox: Sandbox, tmp_path: Path, suffix: str) -> None:
    picture("The canteen opens at noon.").save(tmp_path / f"sign.{suffix}")
    assert recognise(sandbox, tmp_path / f"sign.{suffix}").text == "The canteen opens at noon.\n"


@needs_tesseract
def test_each_picture_of_a_tiff_is_a_page(sandbox: Sandbox, tmp_path: Path) -> None:
    first, second = picture("Page one is here."), picture("Page two is there.")
    first.save(tmp_path / "fax.tif", save_all=True, append_images=[second])
    pages = recognise(sandbox, tmp_path / "fax.tif").pages
    assert [page.text for page in pages] == ["Page one is here.\n", "Page two is there.\n"]


@needs_tesseract
def test_photo_that_was_turned_is_read_upright(sandbox: Sandbox, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    picture("Turn me around, please.").transpose(Image.Transpose.ROTATE_90).save(tmp_path / "photo.jpg", exif=exif)
    assert recognise(sandbox, tmp_path / "photo.jpg").text == "Turn me around, please.\n"


@needs_tesseract
def test_boxes_of_a_recognised_word_lie_on_it(sandbox: Sandbox, tmp_path: Path) -> None:
    picture("First line of print.", "The second one is longer.").save(tmp_path / "two.png")
    (page,) = recognise(sandbox, tmp_path / "two.png").pages
    start = page.text.index("second")
    assert page.boxes is not None
    (box,) = merge_boxes(unpack_boxes(page.boxes), page.text, start, start + len("second"))
    height = 180  # of the picture: the second line is printed from 90 to 130, «second» from 115 to 235
    assert (round(box.top * height, -1), round(box.bottom * height, -1)) in {(90, 120), (100, 120)}
    assert 100 < box.left * 900 < box.right * 900 < 260


@needs_tesseract
def test_page_without_a_text_layer_is_recognised_and_the_others_keep_theirs(sandbox: Sandbox, tmp_path: Path) -> None:
    typed = write_pdf(tmp_path / "typed.pdf", [[("A page that was typed in letters.", 11, False)]])
    writer = pypdf.PdfWriter()
    for path in (scan(tmp_path / "scan.pdf", "A page that was scanned."), typed):
        writer.append(path)
    writer.write(tmp_path / "mixed.pdf")
    first, second = recognise(sandbox, tmp_path / "mixed.pdf").pages
    assert (first.text, first.boxes is not None) == ("A page that was scanned.\n", True)
    assert (second.text, second.boxes) == ("A page that was typed in letters.\n", None)


def test_without_tesseract_pages_that_are_pictures_are_named(tmp_path: Path) -> None:
    typed = write_pdf(tmp_path / "typed.pdf", [[("A page that was typed in letters.", 11, False)]])
    writer = pypdf.PdfWriter()
    for path in (typed, scan(tmp_path / "scan.pdf", "Scanned.")):
        writer.append(path)
    writer.write(tmp_path / "mixed.pdf")
    with Sandbox(tmp_path / "scratch") as sandbox:
        left_out = recognise(sandbox, tmp_path / "mixed.pdf").details["left_out"]
    assert left_out.startswith("Page 2 has no text, which may be in a picture: install Tesseract")


@pytest.mark.parametrize(
    ("suffix", "programs", "error_class", "sentence"),
    [
        pytest.param("png", Programs(), "unsupported", "install Tesseract", id="image"),
        pytest.param("pdf", Programs(), "empty", "install Tesseract", id="scan"),
        pytest.param(
            "png",
            Programs(tesseract=Path("/usr/bin/tesseract"), missing_languages=("xyz",)),
            "unsupported",
            "tesseract-ocr-xyz",
            id="language",
        ),
    ],
)
def test_what_cannot_be_recognised_says_what_to_install(
    embedder: Embedder, tmp_path: Path, suffix: str, programs: Programs, error_class: str, sentence: str
) -> None:
    with temporary_knowledge_base(embedder) as base, Sandbox(tmp_path / "scratch", programs=programs) as sandbox:
        picture("Unread.").save(tmp_path / f"scan.{suffix}")
        refusal = _refusal(base, sandbox, tmp_path / f"scan.{suffix}")
    assert refusal.error_class == error_class
    assert sentence in str(refusal)


@needs_tesseract
def test_picture_without_text_is_empty(embedder: Embedder, sandbox: Sandbox, tmp_path: Path) -> None:
    Image.new("RGB", (300, 200), "navy").save(tmp_path / "blue.png")
    with temporary_knowledge_base(embedder) as base:
        assert _refusal(base, sandbox, tmp_path / "blue.png").error_class == "empty"


def _refusal(base: KnowledgeBase, sandbox: Sandbox, path: Path) -> FileRejected:
    """Why a file cannot be read."""
    document_id = base.add(path.read_bytes(), path.name)
    with base.database.read() as session:
        document = session.get_one(Document, document_id)
        version = session.query(Version).filter_by(document_id=document_id).one()
    with (
        pytest.raises(FileRejected) as caught,
        read_version(sandbox, base.ingestion.originals, document, version, on_page=print, stop=threading.Event()),
    ):
        pass
    return caught.value


@pytest.mark.parametrize(
    ("n_more", "error_class"), [pytest.param(0, None, id="at_the_limit"), pytest.param(1, "too_large", id="above")]
)
def test_picture_has_at_most_fifty_million_pixels(
    sandbox: Sandbox, tmp_path: Path, n_more: int, error_class: str | None
) -> None:
    Image.new("1", (10_000, 5_000 + n_more)).save(tmp_path / "wide.png")
    try:
        sandbox.parse(tmp_path / "wide.png", "wide.png")
        found = None
    except FileRejected as rejected:
        found = rejected.error_class
    assert found == error_class


@pytest.mark.parametrize("cut", [30, 400])
def test_damaged_picture_is_malformed(sandbox: Sandbox, tmp_path: Path, cut: int) -> None:
    picture("Cut off.").save(tmp_path / "cut.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "cut.png").read_bytes()[:cut])
    with pytest.raises(FileRejected) as caught:
        sandbox.render_page(tmp_path / "cut.png", 1, 1.0)
    assert caught.value.error_class == "malformed"


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("5\t1\t1\t1\t1\t1\t0\t0\t9", id="too few columns"),
        pytest.param("5\t1\tx\t1\t1\t1\t0\t0\t9\t9\t96\tword", id="no number"),
        pytest.param("4\t1\t1\t1\t1\t1\t0\t0\t9\t9\t-1\t", id="a line"),
        pytest.param("5\t1\t1\t1\t1\t1\t0\t0\t9\t9\t96\t ", id="no text"),
    ],
)
def test_lines_of_another_form_are_no_words(line: str) -> None:
    good = "5\t1\t1\t1\t1\t1\t0\t0\t9\t9\t96\tword"
    assert [word.text for word in _words(f"level\n{line}\n{good}\n")] == ["word"]


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(("/bin/cat", "/etc/hostname"), id="read another file"),
        pytest.param(("/bin/dash", "-c", "/bin/true"), id="start another program"),
        pytest.param(("/bin/dash", "-c", "exec /bin/true"), id="become another program"),
        pytest.param(("/bin/dash", "-c", "echo > /tmp/footnote-was-here"), id="write a file"),
        pytest.param(("/bin/dash", "-c", "(echo)"), id="fork"),
    ],
)
def test_program_in_the_sandbox_is_refused(sandbox: Sandbox, arguments: tuple[str, ...]) -> None:
    with pytest.raises(FileRejected):
        run(sandbox, *arguments)


def test_program_in_the_sandbox_reads_and_writes_what_it_was_given(sandbox: Sandbox) -> None:
    assert run(sandbox, "/bin/cat") == b"given"


def run(sandbox: Sandbox, *arguments: str) -> bytes:
    """What a program writes when it reads «given» and may execute itself only."""
    loaders = [str(path.resolve()) for path in Path("/lib64").glob("ld-*.so*")]
    program = Program(
        arguments=arguments,
        environment={},
        readable=("/usr/lib", "/lib", "/lib64", "/etc/ld.so.cache"),
        executable=(str(Path(arguments[0]).resolve()), *loaders),
    )
    with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as target:
        source.write(b"given")
        source.flush()
        sandbox.run_program(program, source, target, filename="a.png")
        target.seek(0)
        return target.read()
