"""Hostile files that are no ZIP containers, made by code: PDF, mail, web, text, images; and hostile names."""

import base64
import io
import struct
import zlib
from collections.abc import Iterator

from hostile_zips import (
    ENTITIES,
    File,
    archive,
    deflated_zeros,
    other_office_files,
    plain_archives,
    sheet_files,
    word_files,
)

HOSTILE_NAMES = (
    "../../../../escaped.md",
    "/etc/escaped.md",
    "..\\..\\escaped.md",
    "C:\\Windows\\escaped.md",
    "folder/../../escaped.md",
    "nul\x00byte.md",
    "line\r\nX-Injected: yes.md",
    "tab\tand\x1bescape.md",
    "invoice\u202egnp.md",
    "zero\u200bwidth.md",
    "a" * 4096 + ".md",
    "\u00e9" * 2000 + ".md",
    "CON",
    "aux.md",
    ".hidden.md",
    "~root.md",
    "-rf.md",
    "$(touch escaped).md",
    "`touch escaped`.md",
    "'; DROP TABLE document; --.md",
    '"quoted".md',
    "<script>alert(1)</script>.md",
    "%2e%2e%2fescaped.md",
    "semi;colon=1.md",
    "\ud83d\ude00.md".encode("utf-16", "surrogatepass").decode("utf-16"),
    "e\u0301.md",
)


def hostile_files() -> Iterator[File]:
    """Every hostile file by name."""
    yield from word_files()
    yield from sheet_files()
    yield from other_office_files()
    yield from plain_archives()
    yield from pdf_files()
    yield from mail_files()
    yield from web_files()
    yield from text_files()
    yield from disguised_files()


def pdf(*objects: str | bytes, trailer: str = "<< /Root 1 0 R >>") -> bytes:
    """A PDF of numbered objects, the catalogue first, with a correct table of their places."""
    out, places = io.BytesIO(), []
    out.write(b"%PDF-1.7\n")
    for number, content in enumerate(objects, start=1):
        places.append(out.tell())
        out.write(f"{number} 0 obj\n".encode() + (content.encode() if isinstance(content, str) else content))
        out.write(b"\nendobj\n")
    start = out.tell()
    out.write(f"xref\n0 {len(places) + 1}\n0000000000 65535 f \n".encode())
    out.write("".join(f"{place:010} 00000 n \n" for place in places).encode())
    out.write(f"trailer\n{trailer[:-2]} /Size {len(places) + 1} >>\nstartxref\n{start}\n%%EOF\n".encode())
    return out.getvalue()


def stream(data: bytes, entries: str = "") -> bytes:
    return f"<< /Length {len(data)} {entries} >>\nstream\n".encode() + data + b"\nendstream"


CATALOG, PAGES = "<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
FONT = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
PAGE = (
    "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R "
    "/Resources << /Font << /F 5 0 R >> /XObject << /X 6 0 R >> >> >>"
)
WORDS = b"BT /F 12 Tf 72 700 Td (Some words on a page.) Tj ET"


def pdf_files() -> Iterator[File]:
    """PDFs."""
    good = (CATALOG, PAGES, PAGE, stream(WORDS), FONT)
    kids = " ".join(f"{i} 0 R" for i in range(3, 10_003))
    pages = f"<< /Type /Pages /Kids [{kids}] /Count 10000 >>"
    yield (
        "ten-thousand-pages.pdf",
        pdf(CATALOG, pages, *["<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >>"] * 10_000),
    )
    yield "cyclic-pages.pdf", pdf(CATALOG, "<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 2000000000 >>")
    flate = deflated_zeros(1 << 30)
    wrapped = b"\x78\x9c" + flate + b"\0\0\0\0"
    yield "bomb.pdf", pdf(CATALOG, PAGES, PAGE, stream(wrapped, "/Filter /FlateDecode"), FONT)
    twice = zlib.compress(b"\x78\x9c" + deflated_zeros(256 << 20) + b"\0\0\0\0")
    yield "bomb-twice.pdf", pdf(CATALOG, PAGES, PAGE, stream(twice, "/Filter [/FlateDecode /FlateDecode]"), FONT)
    many = "/Filter [" + "/FlateDecode " * 1_000 + "]"
    yield "thousand-filters.pdf", pdf(CATALOG, PAGES, PAGE, stream(zlib.compress(WORDS), many), FONT)
    recursive = stream(
        b"/X Do /X Do", "/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /X 6 0 R >> >>"
    )
    yield "form-in-itself.pdf", pdf(CATALOG, PAGES, PAGE, stream(WORDS + b" /X Do"), FONT, recursive)
    huge = PAGE.replace("[0 0 612 792]", "[0 0 1e30 1e30]")
    yield "huge-page.pdf", pdf(CATALOG, PAGES, huge, stream(WORDS), FONT)
    yield "xref-circle.pdf", pdf(*good)[:-6] + b"\ntrailer << /Root 1 0 R /Prev 9 /Size 6 >>\nstartxref\n9\n%%EOF"
    outline = "<< /Type /Catalog /Pages 2 0 R /Outlines 6 0 R >>"
    item = "<< /Title (Round) /Parent 6 0 R /First 6 0 R /Next 6 0 R /Dest [3 0 R /Fit] >>"
    yield "cyclic-outline.pdf", pdf(outline, PAGES, PAGE, stream(WORDS), FONT, item)
    labels = "<< /Type /Catalog /Pages 2 0 R /PageLabels 6 0 R >>"
    yield "cyclic-labels.pdf", pdf(labels, PAGES, PAGE, stream(WORDS), FONT, "<< /Kids [6 0 R 6 0 R] >>")
    yield "deep-arrays.pdf", pdf(CATALOG, PAGES, PAGE, stream(WORDS), FONT, "[" * 500_000 + "]" * 500_000)
    yield "endless-text.pdf", pdf(CATALOG, PAGES, PAGE, stream(WORDS * 400_000), FONT)
    yield "own-object-stream.pdf", pdf(CATALOG, PAGES, PAGE, stream(b"4 0 << >>", "/Type /ObjStm /N 1 /First 4"), FONT)
    active = "<< /Type /Catalog /Pages 2 0 R /OpenAction << /S /JavaScript /JS (app.alert(1)) >> >>"
    yield "javascript.pdf", pdf(active, PAGES, PAGE, stream(WORDS), FONT)
    yield "truncated.pdf", pdf(*good)[:300]
    yield "only-a-header.pdf", b"%PDF-1.7\n"
    yield "pdf-and-zip.pdf", pdf(*good) + archive({"a.txt": "x"})
    yield "pdf-and-html.pdf", b"<html><script>1</script>\n" + pdf(*good)
    locked = (
        "<< /Root 1 0 R /Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O (" + "o" * 32 + ") /U (" + "u" * 32 + ") >> >>"
    )
    yield "locked.pdf", pdf(*good, trailer=locked)


def mail_files() -> Iterator[File]:
    """Mails."""
    head = "From: a@example.org\nTo: b@example.org\nSubject: A mail\nMIME-Version: 1.0\n"
    nested = "".join(f'Content-Type: multipart/mixed; boundary="b{i}"\n\n--b{i}\n' for i in range(3_000))
    yield "deep-parts.eml", f"{head}{nested}Content-Type: text/plain\n\nInnermost.\n".encode()
    inner = "Content-Type: message/rfc822\n\n" * 500
    yield "mail-in-mail.eml", f"{head}{inner}Subject: inner\n\nInnermost words.\n".encode()
    yield "many-headers.eml", (head + "X-Header: value\n" * 200_000 + "\nWords.\n").encode()
    part = '--b\nContent-Type: text/plain; name="../../../escaped.txt"\nContent-Disposition: attachment; '
    part += 'filename="../../../escaped.txt"\n\nAttached words.\n'
    many = f'{head}Content-Type: multipart/mixed; boundary="b"\n\n{part * 3_000}--b--\n'
    yield "climbing-attachments.eml", many.encode()
    packed = base64.encodebytes(next(content for name, content in word_files() if name == "bomb-that-lies.docx"))
    attached = f'{head}Content-Type: multipart/mixed; boundary="b"\n\n--b\nContent-Type: text/plain\n\nSee the bomb.\n'
    attached += '--b\nContent-Type: application/octet-stream; name="bomb.docx"\nContent-Transfer-Encoding: base64\n\n'
    yield "attached-bomb.eml", attached.encode() + packed + b"--b--\n"
    yield "injected-headers.eml", f"{head}Subject: =?utf-8?q?a=0D=0AX-Injected:_yes?=\n\nWords of a mail.\n".encode()
    yield "odd-charset.eml", f"{head}Content-Type: text/plain; charset=no-such\n\n".encode() + bytes(range(256))
    yield "twenty-thousand.mbox", b"From a@example.org Sat Jan  1 00:00:00 2022\nSubject: One\n\nWords.\n\n" * 20_000


def web_files() -> Iterator[File]:
    """HTML, XML and what refers to other places."""
    yield "deep.html", b"<div>" * 200_000 + b"Innermost words." + b"</div>" * 200_000
    yield "deep-tables.html", b"<table><tr><td>" * 20_000 + b"Innermost words."
    yield "long-attribute.html", b'<p title="' + b"x" * 10_000_000 + b'">Words.</p>'
    yield "entities.xml", f"{ENTITIES}<x>&i;</x>".encode()
    yield "entities.html", f"{ENTITIES}<html><body>Words &i;</body></html>".encode()
    far = '<html><head><meta http-equiv="refresh" content="0;url=http://192.0.2.1/"></head><body><img '
    far += (
        'src="http://192.0.2.1/a.png"><iframe src="file:///etc/passwd"></iframe>Words.<object data="http://192.0.2.1"/>'
    )
    yield "elsewhere.html", far.encode()
    yield "wide-table.html", b"<table><tr>" + b'<td colspan="100000000" rowspan="100000000">a</td>' * 1_000
    yield "script.svg", b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script><text>Words</text></svg>'


def text_files() -> Iterator[File]:
    """Plain text, Markdown, data and RTF."""
    yield "only-nul.txt", bytes(1_000_000)
    yield "nul-inside.txt", b"Words\x00with\x00NUL inside.\n" * 100
    yield (
        "lone-surrogates.txt",
        b"\xff\xfe" + struct.pack("<4H", 0xD800, 0x41, 0xDC00, 0xD801) + "Words.".encode("utf-16-le"),
    )
    yield "mixed-encodings.txt", b"\xef\xbb\xbfWords \xff\xfe\x80\x81 caf\xe9 \xc3\xa9 " * 500
    yield "one-long-line.txt", b"word" * 2_000_000
    yield "too-long.txt", b"Some words of a text.\n" * 1_000_000
    yield "deep.json", b"[" * 500_000 + b"]" * 500_000
    yield "deep-objects.json", b'{"a":' * 100_000 + b"1" + b"}" * 100_000
    yield "large-number.json", b'{"n": ' + b"9" * 1_000_000 + b"}"
    aliases = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{name}: &{name} [{','.join(['*' + previous] * 9)}]\n"
        for previous, name in zip("abcdefgh", "bcdefghi", strict=True)
    )
    yield "aliases.yaml", aliases.encode()
    yield "tags.yaml", b"a: !!python/object/apply:os.system ['touch escaped']\nb: words\n"
    yield "two-million-cells.csv", b"a,b,c,d,e,f,g,h\n" + b"1,2,3,4,5,6,7,8\n" * 250_100
    yield "wide.csv", b",".join(b"column" for _ in range(200_000)) + b"\n" + b",".join([b"1"] * 200_000)
    yield "open-quote.csv", b'a,b\n"' + b"x,\n" * 500_000
    yield "formulas.csv", b'name,value\n"=HYPERLINK(""http://192.0.2.1"")",=1+1\n@SUM(1),+1\n'
    yield "deep-quotes.md", b">" * 20_000 + b" words\n"
    yield "brackets.md", b"[" * 50_000 + b"words" + b"](" * 50_000
    yield "stars.md", b"*a **b " * 30_000
    yield "deep-lists.md", b"".join(b"  " * i + b"- item\n" for i in range(1_500))
    yield "front-matter.md", b"---\n" + b"a: [" * 50_000 + b"\n---\nwords\n"
    yield "deep.rtf", b"{\\rtf1 " + b"{" * 300_000 + b"words" + b"}" * 300_000
    yield "binary-length.rtf", b"{\\rtf1 words \\bin2147483647 abc}"
    yield "unicode-skip.rtf", b"{\\rtf1\\uc2147483647 words \\u-99999999 more words}"


def disguised_files() -> Iterator[File]:
    """Files that are not what their name says, or that are cut."""
    yield "picture.pdf", b"\x89PNG\r\n\x1a\n" + bytes(100)
    yield "program.docx", b"\x7fELF\x02\x01\x01" + bytes(2_000)
    yield "script.pdf", b"#!/bin/sh\ntouch escaped\n"
    yield "document.png", pdf(CATALOG, PAGES, PAGE, stream(WORDS), FONT)
    yield "page.docx", b"<html><body><p>A page that calls itself a document.</p></body></html>"
    yield "one-byte.docx", b"P"
    yield "one-byte.md", b"#"
    yield "spaces.md", b" \n\t" * 100_000
    old = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    yield "old-header.doc", old + bytes(504)
    yield "old-cyclic.xls", old + bytes(22) + struct.pack("<HHHH", 0x3E, 3, 0xFFFE, 9) + bytes(8) + bytes(466) * 4
    yield "cut.msg", old + b"\xff" * 1_000
    size = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    header = (
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + size + struct.pack(">I", zlib.crc32(b"IHDR" + size))
    )
    yield "huge-picture.png", header + struct.pack(">I", 0) + b"IEND" + struct.pack(">I", zlib.crc32(b"IEND"))
    yield "circle.tiff", b"II*\x00\x08\x00\x00\x00" + struct.pack("<H", 0) + struct.pack("<I", 8)
