"""RTF: text in its code pages, headings by outline level, table rows, notes; no fonts, pictures, fields' codes.

Source: Microsoft, Rich Text Format (RTF) Specification 1.9.1, 2008.
"""

import codecs
import re
from dataclasses import dataclass, field, replace
from pathlib import Path

from ingest.containers import RTF
from ingest.errors import FileRejected
from ingest.parsed import ParsedDocument
from ingest.parsers.page_writer import PageWriter, one_line

_TOKEN = re.compile(
    rb"\\'([0-9a-fA-F]{2})|\\([a-zA-Z]{1,32})(-?\d{1,10})?[ ]?|\\([^a-zA-Z])|([{}])|([^\\{}\r\n]+)|[\r\n]+"
)
# Groups whose text is not the document's.
_SKIPPED = frozenset(
    b"fonttbl colortbl stylesheet info pict object objdata themedata colorschememapping datastore latentstyles "
    b"listtable listoverridetable rsidtbl generator xmlnstbl mmathPr header headerl headerr headerf footer footerl "
    b"footerr footerf fldinst datafield bkmkstart bkmkend annotation atnid atnauthor atndate atnref atnparent pntext "
    b"listtext revtbl filetbl sp nonshppict shppict shprslt pnseclvl ftnsep ftnsepc aftnsep xe tc rxe userprops upr "
    b"wgrffmtfilter pgptbl protusertbl fontemb fontfile docvar formfield background private".split()
)
_READ_STARRED = frozenset((b"shpinst", b"shptxt", b"footnote", b"ud"))
_LITERALS = {
    b"par": "\n", b"line": "\n", b"sect": "\n", b"page": "\n", b"tab": " ", b"emdash": "—", b"endash": "–",
    b"bullet": "•", b"lquote": "‘", b"rquote": "’", b"ldblquote": "“", b"rdblquote": "”", b"emspace": " ",
    b"enspace": " ", b"qmspace": " ",
}  # fmt: skip
_SYMBOLS = {b"~": " ", b"_": "-", b"\\": "\\", b"{": "{", b"}": "}", b"\n": "\n", b"\r": "\n"}
_CHARSETS = {
    77: "mac_roman", 78: "shift_jis", 128: "cp932", 129: "cp949", 130: "johab", 134: "gbk", 136: "big5", 161: "cp1253",
    162: "cp1254", 163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874",
    238: "cp1250", 255: "cp437",
}  # fmt: skip
_PAGES = {b"ansi": "cp1252", b"mac": "mac_roman", b"pc": "cp437", b"pca": "cp850"}
_MAX_DEPTH = 1_000


@dataclass(frozen=True)
class _Group:
    """What holds until the closing brace."""

    skip: bool = False
    hidden: bool = False
    unicode_skip: int = 1
    encoding: str = ""  # of the font; "" for the document's
    note: bool = False
    starred: bool = False
    fonts: bool = False  # inside the font table
    title: bool = False  # inside the title of the file's properties


@dataclass
class _Paragraph:
    """The properties and text of the paragraph under construction."""

    parts: list[str] = field(default_factory=list)
    level: int = 0
    is_item: bool = False
    in_table: bool = False


def parse_rtf(path: Path) -> ParsedDocument:
    """One page of text; headers, footers, comments, deletions and hidden text are left out. Raises FileRejected."""
    reader = _Reader(path.read_bytes())
    reader.read()
    if reader.depth > 1 and not reader.n_paragraphs:
        raise FileRejected("malformed", "the RTF is cut off; open it in its program and save it anew.")
    return reader.writer.document(RTF, one_line(reader.title) or reader.writer.first_heading)


def rtf_text(data: bytes) -> str:
    """The text alone; "" when there is none. Raises FileRejected: malformed."""
    reader = _Reader(data)
    reader.read()
    try:
        return reader.writer.document(RTF, None).text
    except FileRejected:
        return ""


class _Reader:
    """Goes through the tokens once; the state of open groups lies on a stack."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._stack: list[_Group] = []
        self._group = _Group()
        self._page = "cp1252"
        self._fonts: dict[int, str] = {}
        self._font = 0
        self._bytes = bytearray()  # not yet decoded: a character may take several
        self._to_skip = 0  # characters that stand for the Unicode character before them
        self._paragraph = _Paragraph()
        self._cells: list[str] = []
        self._notes: list[str] = []
        self._note_parts: list[str] = []
        self._n_notes = 0
        self.title = ""
        self.depth = 0
        self.n_paragraphs = 0
        self.writer = PageWriter()

    def read(self) -> None:
        """Read to the end, however damaged. Raises FileRejected: malformed for groups nested past the limit."""
        position, data = 0, self._data
        while match := _TOKEN.match(data, position):
            position = match.end()
            code, word, number, symbol, brace, text = match.groups()
            if brace == b"{":
                self._open()
            elif brace == b"}":
                if self._close():
                    break
            elif text is not None:
                self._take_bytes(text)
            elif code is not None:
                self._take_bytes(bytes((int(code, 16),)))
            elif symbol is not None:
                self._take_symbol(symbol)
            elif word == b"bin":
                position += max(int(number or 0), 0)
            elif word is not None:
                self._take_word(word, int(number) if number is not None else None)
        self._end_paragraph()
        self._end_row()

    def _open(self) -> None:
        self._decode()
        self._to_skip = 0
        self._stack.append(self._group)
        self.depth = len(self._stack)
        if self.depth > _MAX_DEPTH:
            raise FileRejected("malformed", "the RTF is nested too deeply; open it in its program and save it anew.")
        self._group = replace(self._group, starred=False)

    def _close(self) -> bool:
        """End a group; True at the end of the document."""
        self._decode()
        self._to_skip = 0
        inner, self._group = self._group, self._stack.pop() if self._stack else _Group()
        if inner.note and not self._group.note:
            text = one_line("".join(self._note_parts))
            self._note_parts = []
            if text:
                self._n_notes += 1
                self._paragraph.parts.append(f"[{self._n_notes}]")
                self._notes.append(f"[{self._n_notes}] {text}")
        self.depth = len(self._stack)
        return not self._stack

    def _take_symbol(self, symbol: bytes) -> None:
        if self._to_skip and symbol != b"*":
            self._to_skip -= 1
            return
        self._decode()
        if symbol == b"*":
            self._group = replace(self._group, starred=True)
        elif symbol in _SYMBOLS:
            self._put(_SYMBOLS[symbol])

    def _take_bytes(self, data: bytes) -> None:
        if self._to_skip:
            cut = min(self._to_skip, len(data))
            self._to_skip -= cut
            data = data[cut:]
        if self._group.title or not self._group.skip:
            self._bytes += data

    def _take_word(self, word: bytes, number: int | None) -> None:
        if word == b"u" and number is not None:
            self._put_unicode(number)
            return
        if self._to_skip and word in _LITERALS:
            self._to_skip -= 1
            return
        self._decode()
        if self._group.starred and word not in _READ_STARRED:
            self._group = replace(self._group, skip=True, starred=False)
        elif word in _SKIPPED:
            self._group = replace(self._group, skip=True, starred=False, fonts=word == b"fonttbl")
        elif word == b"ud":
            self._group = replace(self._group, skip=False, starred=False)
        elif word == b"title":
            self._group = replace(self._group, title=self._group.skip)
        elif word in _LITERALS:
            self._put(_LITERALS[word])
        elif word in (b"cell", b"nestcell"):
            self._end_cell()
        elif word in (b"row", b"nestrow"):
            self._end_row()
        else:
            self._take_property(word, number)

    def _take_property(self, word: bytes, number: int | None) -> None:
        """A word that changes how what follows is read."""
        if word == b"uc":
            self._group = replace(self._group, unicode_skip=max(number or 0, 0))
        elif word == b"f" and number is not None:
            self._font = number
            self._group = replace(self._group, encoding=self._fonts.get(number, ""))
        elif word == b"fcharset" and self._group.fonts:
            self._fonts[self._font] = _CHARSETS.get(number or 0, "")
        elif word in _PAGES:
            self._page = _PAGES[word]
        elif word == b"ansicpg" and number:
            self._page = _known_encoding(f"cp{number}") or ("utf-8" if number == 65001 else self._page)
        elif word in (b"v", b"deleted"):
            self._group = replace(self._group, hidden=number != 0)
        elif word == b"plain":
            self._group = replace(self._group, hidden=False, encoding="")
        elif word in (b"footnote", b"endnote"):
            self._group = replace(self._group, note=True, starred=False)
        elif word == b"pard" and not self._group.note:
            self._paragraph.level, self._paragraph.is_item, self._paragraph.in_table = 0, False, False
        elif word == b"outlinelevel" and not self._group.skip:
            self._paragraph.level = (number or 0) + 1 if (number or 0) < 9 else 0
        elif word in (b"ls", b"pnlvlblt", b"pnlvlbody"):
            self._paragraph.is_item = True
        elif word == b"intbl":
            self._paragraph.in_table = True

    def _put_unicode(self, number: int) -> None:
        self._decode()
        self._put(chr(number % 65_536))
        self._to_skip = self._group.unicode_skip

    def _decode(self) -> None:
        """Turn the bytes so far into text by the encoding in force."""
        if self._bytes:
            data, self._bytes = bytes(self._bytes), bytearray()
            self._put(data.decode(self._group.encoding or self._page, errors="replace"))

    def _put(self, text: str) -> None:
        if self._group.title:
            self.title += text
        if self._group.skip or self._group.hidden:
            return
        if self._group.note:
            self._note_parts.append(" " if text == "\n" else text)
        elif text == "\n" and self._paragraph.in_table:
            self._paragraph.parts.append(" ")
        elif text == "\n":
            self._end_paragraph()
        else:
            self._paragraph.parts.append(text)

    def _end_paragraph(self) -> None:
        self._decode()
        paragraph = self._paragraph
        text = _joined(paragraph.parts).strip()
        paragraph.parts = []
        if text:
            self.n_paragraphs += 1
            if paragraph.level:
                self.writer.heading(text, paragraph.level)
            elif paragraph.is_item or text.startswith("•"):
                self.writer.item(f"- {text.removeprefix('•').strip()}")
            else:
                self.writer.paragraph(text)
        notes, self._notes = self._notes, []
        for note in notes:
            self.writer.paragraph(note)

    def _end_cell(self) -> None:
        if not self._group.skip:
            self._cells.append(one_line(_joined(self._paragraph.parts)))
            self._paragraph.parts = []

    def _end_row(self) -> None:
        cells, self._cells = self._cells, []
        if cells:
            self.n_paragraphs += 1
            self.writer.row(cells)
            self._paragraph.in_table = False


def _joined(parts: list[str]) -> str:
    """Text with the two halves of characters past U+FFFF put together."""
    return "".join(parts).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _known_encoding(name: str) -> str | None:
    try:
        return codecs.lookup(name).name
    except LookupError:
        return None
