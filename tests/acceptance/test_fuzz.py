"""Damaged files of every format in the sandbox: each is read or refused with a name; none escapes, hangs or fails."""

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import get_args

import pytest
from hostile_files import CATALOG, FONT, PAGE, PAGES, WORDS, pdf, stream
from hostile_zips import archive, docx_parts, paragraph, pptx_parts, relations, xlsx_parts

from ingest.errors import ErrorClass, FileRejected
from ingest.sandbox import Sandbox, SandboxLimits

HANDBOOK = Path(__file__).parents[2] / "api" / "handbook"
NAMED = frozenset(get_args(ErrorClass)) - {"internal", "timeout"}
LIMITS = SandboxLimits(cpu_seconds=20, wall_seconds=30)
INTERESTING = (
    b"\x00",
    b"\xff" * 4,
    b"-1",
    b"99999999999",
    b"<",
    b">",
    b"&#x0;",
    b"\xed\xa0\x80",
    b"{{",
    b"]]>",
    b"%s%n",
)

Parts = dict[str, bytes | str]
ODT = (
    '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:text><text:h '
    'text:outline-level="1">Leave</text:h><text:p>Some<text:s text:c="3"/>words.</text:p></office:text></office:body>'
    "</office:document-content>"
)
ODS = (
    '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
    'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:spreadsheet><table:table '
    'table:name="S"><table:table-row table:number-rows-repeated="2"><table:table-cell office:value-type="float" '
    'office:value="1.5"><text:p>1,5</text:p></table:table-cell><table:table-cell table:number-columns-repeated="3">'
    "<text:p>Words</text:p></table:table-cell></table:table-row></table:table></office:spreadsheet></office:body>"
    "</office:document-content>"
)
EPUB_PARTS: Parts = {
    "mimetype": "application/epub+zip",
    "META-INF/container.xml": '<container><rootfiles><rootfile full-path="book.opf"/></rootfiles></container>',
    "book.opf": '<package><manifest><item id="a" href="a.xhtml" media-type="application/xhtml+xml"/></manifest>'
    '<spine><itemref idref="a"/></spine></package>',
    "a.xhtml": "<html><body><h1>Leave</h1><p>Some words.</p></body></html>",
}
MAIL = (
    b"From: a@example.org\nTo: b@example.org\nSubject: =?utf-8?q?Caf=C3=A9?=\n"
    b'Content-Type: multipart/mixed; boundary="b"\n'
    b"\n--b\nContent-Type: text/html; charset=utf-8\n\n<p>Some <b>words</b>.</p>\n--b\nContent-Type: text/csv; "
    b'name="a.csv"\nContent-Disposition: attachment; filename="a.csv"\n\na,b\n1,2\n--b--\n'
)
ZIPPED: dict[str, Parts] = {
    "a.docx": docx_parts(
        '<w:p><w:pPr><w:pStyle w:val="Heading1"/></w:pPr><w:r><w:t>Leave</w:t></w:r></w:p>' + paragraph("Words.")
    ),
    "a.xlsx": xlsx_parts(
        '<sheetData><row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1"><v>44927.5</v></c></row></sheetData>',
        "<si><t>Name</t></si>",
    ),
    "a.pptx": pptx_parts(relations(("notesSlide", "../notes.xml"))),
    "a.odt": {"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": ODT},
    "a.ods": {"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": ODS},
    "a.epub": EPUB_PARTS,
}
PLAIN: dict[str, bytes] = {
    "a.pdf": pdf(CATALOG, PAGES, PAGE, stream(WORDS), FONT),
    "guide.pdf": (HANDBOOK / "quick-start-guide.pdf").read_bytes(),
    "a.html": (HANDBOOK / "faq.html").read_bytes(),
    "a.md": (HANDBOOK / "who-may-read.md").read_bytes(),
    "a.csv": b"name;amount\nAnn;1,5\nBob;2\n" * 20,
    "a.json": b'{"rules": [{"id": 1, "text": "Some words"}, {"id": 2, "text": null}], "n": 1.5e3}',
    "a.yaml": b"rules:\n  - id: 1\n    text: |\n      Some words\n  - {id: 2, text: more}\n",
    "a.eml": MAIL,
    "a.mbox": b"From a@example.org Sat Jan  1 00:00:00 2022\n" + MAIL,
    "a.rtf": b"{\\rtf1\\ansi\\uc1{\\fonttbl{\\f0 Arial;}}\\pard Some \\u233?words\\par\\trowd\\cell a\\cell b\\row}",
    "a.txt": "Some words. Größe, naïve, 日本語.\n".encode() * 20,
}
FORMATS = [*PLAIN, *ZIPPED]


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with Sandbox(tmp_path_factory.mktemp("fuzz"), LIMITS) as sandbox:
        yield sandbox


def mutated(content: bytes, dice: random.Random) -> bytes:
    """The content after one to eight small disasters."""
    damaged = bytearray(content)
    for _ in range(dice.randint(1, 8)):
        at = dice.randrange(len(damaged) + 1)
        end = min(len(damaged), at + dice.randint(1, 200))
        disasters: list[Callable[[], bytes]] = [
            lambda at=at: bytes([damaged[at] ^ (1 << dice.randrange(8))]) if at < len(damaged) else b"",
            lambda at=at, end=end: bytes(damaged[at:end]) * dice.randint(2, 50),
            lambda: b"",
            lambda: dice.choice(INTERESTING),
            lambda: dice.randbytes(dice.randint(1, 40)),
        ]
        damaged[at : end if dice.random() < 0.5 else at + 1] = dice.choice(disasters)()
    return bytes(damaged[: dice.randrange(1, len(damaged) + 1)] if dice.random() < 0.15 else damaged) or b"x"


def damaged_file(name: str, dice: random.Random) -> bytes:
    """A file of this name, damaged; of containers mostly a part within, as damage outside is found by checksums."""
    if name in PLAIN:
        return mutated(PLAIN[name], dice)
    parts = dict(ZIPPED[name])
    if dice.random() < 0.2:
        return mutated(archive(parts), dice)
    victim = dice.choice(sorted(parts))
    content = parts[victim]
    parts[victim] = mutated(content.encode() if isinstance(content, str) else content, dice)
    return archive(parts)


@pytest.mark.parametrize("n_files", [pytest.param(15, id="15"), pytest.param(1_500, id="n", marks=pytest.mark.nightly)])
@pytest.mark.parametrize("name", FORMATS)
def test_damaged_file_is_read_or_refused_with_a_name(sandbox: Sandbox, tmp_path: Path, name: str, n_files: int) -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    dice, path, unnamed = random.Random(seed), tmp_path / "file", {}
    for number in range(n_files):
        path.write_bytes(damaged_file(name, dice))
        try:
            sandbox.parse(path, name)
        except FileRejected as refusal:
            if refusal.error_class not in NAMED:
                unnamed[number] = f"{refusal.error_class}: {refusal}"
    assert unnamed == {}
