"""EPUB books: the spine's order, one page per document, no protected content."""

from pathlib import Path

import pytest

from ingest.errors import FileRejected
from ingest.parse import parse_file
from tests.ingest.office_files import write_zip

XHTML = (
    '<?xml version="1.0"?><!DOCTYPE html><html xmlns="http://www.w3.org/1999/xhtml"><head><title/></head>'
    "<body>{}</body></html>"
)


def _write(path: Path, chapters: dict[str, str], spine: str, **more: str) -> Path:
    items = "".join(f'<item id="{name}" href="{name}.xhtml" media-type="application/xhtml+xml"/>' for name in chapters)
    references = "".join(f'<itemref idref="{name}"/>' for name in spine.split())
    package = (
        '<package xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata><dc:title>The Book</dc:title>'
        "<dc:creator>Ada</dc:creator><dc:language>de-DE</dc:language></metadata>"
        f"<manifest>{items}</manifest><spine>{references}</spine></package>"
    )
    parts: dict[str, str | bytes] = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": '<container><rootfiles><rootfile full-path="in/book.opf"/></rootfiles></container>',
        "in/book.opf": package,
    }
    parts |= {f"in/{name}.xhtml": XHTML.format(body) for name, body in chapters.items()}
    return write_zip(path, parts | more)


def test_chapters_come_in_the_spines_order_with_their_headings(tmp_path: Path) -> None:
    chapters = {
        "b": "<h1>Two</h1><p>Caf&eacute; &amp; bar</p>",
        "a": "<h1>One</h1><p>Start</p>",
        "x": "<p>no</p>",
    }
    parsed = parse_file(_write(tmp_path / "a.epub", chapters, "a b gone"), "a.epub")
    assert [page.text for page in parsed.pages] == ["One\n\nStart\n", "Two\n\nCafé & bar\n"]
    assert [(heading.start, heading.text) for heading in parsed.headings] == [(0, "One"), (11, "Two")]
    assert (parsed.title, parsed.language, parsed.details["author"]) == ("The Book", "de", "Ada")


def test_chapter_that_is_not_well_formed_is_still_read(tmp_path: Path) -> None:
    parsed = parse_file(_write(tmp_path / "a.epub", {"a": "<p>One<br>Two<p>Three"}, "a"), "a.epub")
    assert "Two" in parsed.text
    assert "Three" in parsed.text


def _locking(name: str) -> dict[str, str]:
    return {"META-INF/encryption.xml": f'<encryption><CipherReference URI="{name}"/></encryption>'}


def test_protected_book_is_refused(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.epub", {"a": "<p>Text</p>"}, "a", **_locking("in/a.xhtml"))
    with pytest.raises(FileRejected) as caught:
        parse_file(path, "a.epub")
    assert caught.value.error_class == "encrypted"


def test_book_with_a_protected_font_is_read(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.epub", {"a": "<p>Text</p>"}, "a", **_locking("in/font.otf"))
    assert parse_file(path, "a.epub").text == "Text\n"


def test_book_without_package_is_malformed(tmp_path: Path) -> None:
    with pytest.raises(FileRejected) as caught:
        parse_file(write_zip(tmp_path / "a", {"mimetype": "application/epub+zip"}), "a")
    assert caught.value.error_class == "malformed"


def test_book_with_an_empty_spine_is_empty(tmp_path: Path) -> None:
    with pytest.raises(FileRejected) as caught:
        parse_file(_write(tmp_path / "a", {"a": "<p>Text</p>"}, ""), "a")
    assert caught.value.error_class == "empty"
