"""Hostile ZIP containers, made by code: Office files, OpenDocument, EPUB and plain archives."""

import io
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from functools import cache

File = tuple[str, bytes]

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
SLIDE = "http://schemas.openxmlformats.org/presentationml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
ENTITIES = '<!DOCTYPE x [<!ENTITY a "ha">' + "".join(
    f'<!ENTITY {name} "{("&" + previous + ";") * 10}">' for previous, name in zip("abcdefgh", "bcdefghi", strict=True)
) + "]>"  # fmt: skip


def archive(parts: Mapping[str, bytes | str]) -> bytes:
    """A ZIP file of these parts."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in parts.items():
            made.writestr(name, content)
    return out.getvalue()


@cache
def deflated_zeros(n_bytes: int) -> bytes:
    """Raw deflate data of `n_bytes` spaces, made in no time from one block that is repeated."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    first = packer.compress(b" " * (1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    again = packer.compress(b" " * (1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    return first + again * (n_bytes // (1 << 20) - 1) + packer.flush()


def bomb(name: str, parts: Mapping[str, bytes | str], *, declared: int, actual: int = 1 << 30) -> bytes:
    """A ZIP file whose part `name` unpacks to `actual` bytes while its directory declares another size."""
    return patched_archive({**parts, name: b"?"}, name, deflated_zeros(actual), declared)


def patched_archive(parts: Mapping[str, bytes | str], name: str, packed: bytes, declared: int) -> bytes:
    """A ZIP file written by hand, with raw deflate data and a declared size of one's own for one part."""
    body, directory = b"", b""
    for part, content in parts.items():
        data = packed if part == name else zlib.compressobj(9, 8, -15).compress(b"")
        size, crc = declared, 0
        if part != name:
            raw = content.encode() if isinstance(content, str) else content
            packer = zlib.compressobj(9, zlib.DEFLATED, -15)
            data, size, crc = packer.compress(raw) + packer.flush(), len(raw), zlib.crc32(raw)
        encoded = part.encode()
        fields = struct.pack("<HHHHHIIIHH", 20, 0, 8, 0, 33, crc, len(data), size & 0xFFFFFFFF, len(encoded), 0)
        directory += b"PK\x01\x02" + struct.pack("<H", 20) + fields + bytes(10) + struct.pack("<I", len(body)) + encoded
        body += b"PK\x03\x04" + fields + encoded + data
    end = struct.pack("<HHHHIIH", 0, 0, len(parts), len(parts), len(directory), len(body), 0)
    return body + directory + b"PK\x05\x06" + end


def relations(*targets: tuple[str, str]) -> str:
    """A relations part: type and target of each."""
    rows = "".join(
        f'<Relationship Id="r{i}" Type="{OFFICE}/{kind}" Target="{target}"/>'
        for i, (kind, target) in enumerate(targets)
    )
    return f'<Relationships xmlns="{RELATIONS}">{rows}</Relationships>'


def docx_parts(body: str, prolog: str = "", **others: str) -> dict[str, bytes | str]:
    """The parts of a Word document with this body."""
    return {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
        "_rels/.rels": relations(("officeDocument", "word/document.xml")),
        "word/document.xml": f'{prolog}<w:document xmlns:w="{WORD}"><w:body>{body}</w:body></w:document>',
        **{name.replace("__", "/").replace("_xml", ".xml"): content for name, content in others.items()},
    }


def paragraph(text: str) -> str:
    return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"


def xlsx_parts(sheet: str, shared: str = "") -> dict[str, bytes | str]:
    """The parts of a workbook with one sheet."""
    return {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
        "_rels/.rels": relations(("officeDocument", "xl/workbook.xml")),
        "xl/workbook.xml": f'<workbook xmlns="{SHEET}" xmlns:r="{OFFICE}"><sheets><sheet name="S" sheetId="1" '
        'r:id="r0"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": relations(
            ("worksheet", "worksheets/sheet1.xml"), ("sharedStrings", "shared.xml")
        ),
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{SHEET}">{sheet}</worksheet>',
        "xl/shared.xml": f'<sst xmlns="{SHEET}">{shared}</sst>',
    }


def pptx_parts(relations_of_slide: str) -> dict[str, bytes | str]:
    """The parts of a presentation with one slide."""
    return {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
        "_rels/.rels": relations(("officeDocument", "ppt/presentation.xml")),
        "ppt/presentation.xml": f'<p:presentation xmlns:p="{SLIDE}" xmlns:r="{OFFICE}"><p:sldIdLst><p:sldId id="256" '
        'r:id="r0"/></p:sldIdLst></p:presentation>',
        "ppt/_rels/presentation.xml.rels": relations(("slide", "slides/slide1.xml")),
        "ppt/slides/slide1.xml": f'<p:sld xmlns:p="{SLIDE}"/>',
        "ppt/slides/_rels/slide1.xml.rels": relations_of_slide,
    }


def word_files() -> Iterator[File]:
    """Word documents."""
    parts = docx_parts(paragraph("A word."))
    yield "bomb-8-gib.docx", bomb("word/document.xml", parts, declared=(1 << 32) - 1, actual=8 << 30)
    yield "bomb-that-lies.docx", bomb("word/document.xml", parts, declared=100)
    yield "bomb-in-styles.docx", bomb("word/styles.xml", parts, declared=100)
    yield "bomb-in-media.docx", bomb("word/media/image1.png", parts, declared=100)
    yield "entities.docx", archive(docx_parts(paragraph("&i;"), ENTITIES))
    outside = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
    yield "outside-entity.docx", archive(docx_parts(paragraph("secret &e;"), outside))
    yield "deep.docx", archive(docx_parts("<w:p><w:r>" * 50_000 + "</w:r></w:p>" * 50_000))
    yield "deep-tables.docx", archive(docx_parts("<w:tbl><w:tr><w:tc>" * 5_000 + "</w:tc></w:tr></w:tbl>" * 5_000))
    styles = "".join(
        f'<w:style w:type="paragraph" w:styleId="s{i}"><w:basedOn w:val="s{1 - i}"/></w:style>' for i in (0, 1)
    )
    cyclic = docx_parts(f'<w:p><w:pPr><w:pStyle w:val="s0"/></w:pPr></w:p>{paragraph("Styles in a circle.")}')
    cyclic["word/styles.xml"] = f'<w:styles xmlns:w="{WORD}">{styles}</w:styles>'
    cyclic["word/_rels/document.xml.rels"] = relations(("styles", "styles.xml"))
    yield "cyclic-styles.docx", archive(cyclic)
    yield "climbing-part.docx", archive({**parts, "_rels/.rels": relations(("officeDocument", "../../../etc/passwd"))})
    yield "own-relation.docx", archive({**parts, "_rels/.rels": relations(("officeDocument", "_rels/.rels"))})
    yield "no-document.docx", archive({"[Content_Types].xml": "<Types/>", "word/other.xml": "<x/>"})
    yield "truncated.docx", archive(docx_parts(paragraph("word " * 5_000)))[:-700]
    yield "many-parts.docx", archive({**parts, **{f"word/part{i}.xml": "<x/>" for i in range(2_100)}})
    yield "wide.docx", archive(docx_parts("<w:p>" + "<w:r><w:t>a</w:t></w:r>" * 300_000 + "</w:p>"))
    yield "not-xml.docx", archive({**parts, "word/document.xml": b"\x00\xff<<<"})


def sheet_files() -> Iterator[File]:
    """Workbooks."""
    row = "<row>" + "<c><v>1</v></c>" * 1_000 + "</row>"
    yield "two-million-cells.xlsx", archive(xlsx_parts(f"<sheetData>{row * 2_001}</sheetData>"))
    far = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    yield "far-cell.xlsx", archive(xlsx_parts(f'<dimension ref="A1:XFD1048576"/><sheetData>{far}</sheetData>'))
    merged = '<mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells>'
    one = '<row r="1"><c r="A1"><v>1</v></c></row>'
    yield "merged-everything.xlsx", archive(xlsx_parts(f"<sheetData>{one}</sheetData>{merged}"))
    index = '<row r="1"><c r="A1" t="s"><v>99999999999</v></c><c r="B1" t="s"><v>-1</v></c></row>'
    yield "no-such-string.xlsx", archive(xlsx_parts(f"<sheetData>{index}</sheetData>"))
    circle = '<row r="1"><c r="A1"><f>B1</f></c><c r="B1"><f>A1</f></c></row>'
    yield "circular-formulas.xlsx", archive(xlsx_parts(f"<sheetData>{circle}</sheetData>"))
    yield "bomb.xlsx", bomb("xl/worksheets/sheet1.xml", xlsx_parts(""), declared=100)
    yield "bomb-of-strings.xlsx", bomb("xl/shared.xml", xlsx_parts(f"<sheetData>{one}</sheetData>"), declared=100)
    wild = '<row r="99999999999999"><c r="ZZZZZZZ1"><v>1e999</v></c><c r="?"><v>x</v></c></row>'
    yield "wild-references.xlsx", archive(xlsx_parts(f"<sheetData>{wild}</sheetData>"))
    strings = "<si><t>" + "long " * 2_000_000 + "</t></si>"
    same = '<row><c t="s"><v>0</v></c></row>' * 100
    yield "one-string-many-times.xlsx", archive(xlsx_parts(f"<sheetData>{same}</sheetData>", strings))


def other_office_files() -> Iterator[File]:
    """Presentations, OpenDocument and EPUB."""
    yield "cyclic-slides.pptx", archive(pptx_parts(relations(("slide", "slide1.xml"), ("notesSlide", "slide1.xml"))))
    yield "bomb.pptx", bomb("ppt/slides/slide1.xml", pptx_parts(relations()), declared=100)
    yield "climbing-notes.pptx", archive(pptx_parts(relations(("notesSlide", "../../../../../etc/passwd"))))
    text = "urn:oasis:names:tc:opendocument:xmlns:text:1.0"
    office = "urn:oasis:names:tc:opendocument:xmlns:office:1.0"
    table = "urn:oasis:names:tc:opendocument:xmlns:table:1.0"
    head = f'<office:document-content xmlns:office="{office}" xmlns:text="{text}" xmlns:table="{table}"><office:body>'
    kind = "application/vnd.oasis.opendocument."
    cell = f'<table:table-cell table:number-columns-repeated="16384" xmlns:table="{table}"><text:p>x</text:p>'
    rows = f'<table:table-row table:number-rows-repeated="1048576">{cell}</table:table-cell></table:table-row>'
    sheet = f"<office:spreadsheet><table:table>{rows}</table:table></office:spreadsheet></office:body>"
    yield (
        "repeated-cells.ods",
        archive({"mimetype": kind + "spreadsheet", "content.xml": f"{head}{sheet}</office:document-content>"}),
    )
    spaces = '<office:text><text:p>a<text:s text:c="2000000000"/>b</text:p></office:text></office:body>'
    yield (
        "two-billion-spaces.odt",
        archive({"mimetype": kind + "text", "content.xml": f"{head}{spaces}</office:document-content>"}),
    )
    yield "bomb.odt", bomb("content.xml", {"mimetype": kind + "text"}, declared=100)
    deep = "<text:list><text:list-item>" * 20_000
    yield "deep-lists.odt", archive({"mimetype": kind + "text", "content.xml": head + "<office:text>" + deep})
    container = '<container><rootfiles><rootfile full-path="../../../../etc/passwd"/></rootfiles></container>'
    epub = {"mimetype": "application/epub+zip"}
    yield "climbing.epub", archive({**epub, "META-INF/container.xml": container})
    loop = container.replace("../../../../etc/passwd", "META-INF/container.xml")
    yield "cyclic.epub", archive({**epub, "META-INF/container.xml": loop})
    yield "bomb.epub", bomb("META-INF/container.xml", epub, declared=100)


def plain_archives() -> Iterator[File]:
    """ZIP and TAR archives."""
    yield (
        "zip-slip.zip",
        archive({"../../../escaped.md": "# Out", "/tmp/escaped.md": "# Out", "..\\escaped.md": "# Out"}),
    )
    link = zipfile.ZipInfo("link.md")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        made.writestr(link, "/etc/passwd")
    yield "symlink.zip", out.getvalue()
    nested = archive({"note.md": "# The innermost"})
    for _ in range(50):
        nested = archive({"inner.zip": nested})
    yield "nested-50.zip", nested
    many = archive({f"{i}.zip": archive({f"{j}.txt": " " * 10_000 for j in range(16)}) for i in range(16)})
    yield "nested-wide.zip", many
    yield "bomb.zip", bomb("big.txt", {}, declared=(1 << 30))
    yield "bomb-that-lies.zip", bomb("big.txt", {}, declared=100)
    yield "three-thousand-entries.zip", archive({f"{i}.txt": "x" for i in range(3_000)})
    yield "same-name-twice.zip", overlapping(2, b"# Twice the same name\n")
    yield "overlapping.zip", overlapping(1_000, b"a" * 1_000_000)
    yield "truncated.zip", archive({"a.txt": "word " * 10_000})[:-30]
    yield (
        "odd-names.zip",
        archive({"a\u202etxt.exe": "x", "n" * 4_000 + ".md": "# Long name", "CON": "x", "a/../b.md": "# Dots"}),
    )
    yield "only-folders.zip", archive({"d/" * i: "" for i in range(1, 200)})
    yield "encrypted.zip", encrypted_flag(archive({"secret.txt": "word " * 100}))
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as made_tar:
        for name, kind in (("link.md", tarfile.SYMTYPE), ("hard.md", tarfile.LNKTYPE), ("dev", tarfile.CHRTYPE)):
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, "/etc/passwd"
            made_tar.addfile(member)
        escape = tarfile.TarInfo("../../escaped.md")
        escape.size = 5
        made_tar.addfile(escape, io.BytesIO(b"# Out"))
    yield "links.tar", tar.getvalue()
    yield "bomb.tar.gz", b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03" + deflated_zeros(1 << 30) + bytes(8)
    yield "huge-member.tar", tarfile.TarInfo("big.txt").tobuf()[:124] + b"77777777777\0" + bytes(388)


def overlapping(n_entries: int, content: bytes) -> bytes:
    """A ZIP file whose directory lists the same stored bytes again and again."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = packer.compress(content) + packer.flush()
    fields = struct.pack("<HHHHHIIIHH", 20, 0, 8, 0, 33, zlib.crc32(content), len(data), len(content), 5, 0)
    body = b"PK\x03\x04" + fields + b"a.txt" + data
    directory = (b"PK\x01\x02" + struct.pack("<H", 20) + fields + bytes(14) + b"a.txt") * n_entries
    end = struct.pack("<HHHHIIH", 0, 0, n_entries, n_entries, len(directory), len(body), 0)
    return body + directory + b"PK\x05\x06" + end


def encrypted_flag(content: bytes) -> bytes:
    """The same archive with every entry marked as encrypted."""
    marked = bytearray(content)
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = marked.find(signature)
        while at >= 0:
            marked[at + offset] |= 1
            at = marked.find(signature, at + 4)
    return bytes(marked)
