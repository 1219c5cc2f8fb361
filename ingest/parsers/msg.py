"""Outlook's .msg files: the same text as of any other mail.

Source: [MS-OXMSG] Outlook Item File Format, https://learn.microsoft.com/openspecs/exchange_server_protocols/ms-oxmsg
"""

import datetime as dt
import struct
from pathlib import Path

import olefile

from ingest.containers import MSG
from ingest.errors import FileRejected
from ingest.parsed import ParsedDocument
from ingest.parsers.attached import AttachmentWriter
from ingest.parsers.encoding import clean, decode
from ingest.parsers.mail import mail_document
from ingest.parsers.mail_message import SHOWN_HEADERS, AttachedFile, Mail, html_text, shown_headers
from ingest.parsers.page_writer import one_line
from ingest.parsers.rtf import rtf_text
from ingest.parsers.rtf_compressed import decompress_rtf

_SUBJECT, _HEADERS, _BODY, _RTF, _HTML = "0037", "007D", "1000", "1009", "1013"
_SENDER_NAME, _SENDER_ADDRESS, _SENDER_SMTP, _TO, _CC = "0C1A", "0C1F", "5D01", "0E04", "0E03"
_DATA, _LONG_NAME, _SHORT_NAME = "3701", "3707", "3704"
_SENT, _CODE_PAGE = 0x0039, 0x3FFD
_EPOCH = dt.datetime(1601, 1, 1, tzinfo=dt.UTC)
_MAX_STREAM_BYTES = 100_000_000
# What the reader of the format raises on damaged files.
_DAMAGED = (OSError, ValueError, LookupError, TypeError, AttributeError, struct.error, OverflowError, RecursionError)


def parse_msg(path: Path, attachments: AttachmentWriter | None) -> ParsedDocument:
    """One page: the mail; its attachments are written out. Raises FileRejected."""
    try:
        with olefile.OleFileIO(path) as ole:
            mail = _Storage(ole, ()).mail()
    except _DAMAGED as error:
        raise FileRejected("malformed", "the message is damaged; save it anew from Outlook.") from error
    return mail_document(mail, MSG, attachments)


class _Storage:
    """A message, or an attachment of one, inside the file: `place` is its path of storages."""

    def __init__(self, ole: olefile.OleFileIO, place: tuple[str, ...]) -> None:
        self._ole = ole
        self._place = place
        self._numbers = self._read_numbers()
        page = self._numbers.get(_CODE_PAGE, 1252) & 0xFFFF
        self._encoding = "utf-8" if page == 65001 else f"cp{page}"

    def mail(self, *, depth: int = 0) -> Mail:
        """The storage as a mail; of a mail attached to it, the text without attachments."""
        headers = dict(shown_headers(self._text(_HEADERS)))
        address = self._text(_SENDER_SMTP) or self._text(_SENDER_ADDRESS)
        name = self._text(_SENDER_NAME)
        fallback = {
            "From": f"{name} <{address}>" if name and "@" in address else name or address,
            "To": self._text(_TO),
            "Cc": self._text(_CC),
            "Date": self._date(),
            "Subject": self._text(_SUBJECT),
        }
        shown = ((name, headers.get(name) or one_line(clean(fallback[name]))) for name in SHOWN_HEADERS)
        return Mail(
            tuple(entry for entry in shown if entry[1]), self._body(), tuple(self._attachments() if depth == 0 else ())
        )

    def _body(self) -> str:
        """The plain text, else the HTML's, else the RTF's."""
        plain = self._text(_BODY)
        if plain.strip():
            return clean(plain)
        html = self._text(_HTML) or decode(self._bytes(f"{_HTML}0102"))
        if html.strip():
            return html_text(clean(html))
        packed = self._bytes(f"{_RTF}0102")
        return rtf_text(decompress_rtf(packed)) if packed else ""

    def _attachments(self) -> list[AttachedFile]:
        size = len(self._place)
        inside = {
            entry[size]
            for entry in self._ole.listdir(streams=True, storages=True)
            if tuple(entry[:size]) == self._place
            and len(entry) > size
            and entry[size].startswith("__attach_version1.0_")
        }
        found: list[AttachedFile] = []
        for storage in sorted(name for name in inside if name.startswith("__attach_version1.0_")):
            inner = _Storage(self._ole, (*self._place, storage))
            name = one_line(clean(inner._text(_LONG_NAME) or inner._text(_SHORT_NAME)))[:255]
            message = (*self._place, storage, f"__substg1.0_{_DATA}000D")
            if self._ole.exists(list(message)):
                found.append(_Storage(self._ole, message).mail(depth=1).as_file(name))
            else:
                found.append(AttachedFile(name or "attachment", inner._bytes(f"{_DATA}0102")))
        return found

    def _text(self, identity: str) -> str:
        """A text property, Unicode or in the message's code page; "" when it is not there."""
        wide = self._bytes(f"{identity}001F")
        if wide:
            return wide.decode("utf-16-le", errors="replace").rstrip("\x00")
        return decode(self._bytes(f"{identity}001E").rstrip(b"\x00"), self._encoding)

    def _bytes(self, name: str) -> bytes:
        place = [*self._place, f"__substg1.0_{name}"]
        if not self._ole.exists(place) or self._ole.get_type(place) != olefile.STGTY_STREAM:
            return b""
        if self._ole.get_size(place) > _MAX_STREAM_BYTES:
            raise FileRejected("too_large", f"a part of the message is larger than {_MAX_STREAM_BYTES:,} bytes.")
        with self._ole.openstream(place) as stream:
            return bytes(stream.read())

    def _read_numbers(self) -> dict[int, int]:
        """The properties of fixed length, by id, each as its 8 bytes."""
        place = [*self._place, "__properties_version1.0"]
        if not self._ole.exists(place):
            return {}
        with self._ole.openstream(place) as stream:
            data = bytes(stream.read(1_000_000))
        start = 32 if not self._place else 24 if self._place[-1].startswith("__substg") else 8
        entries = (struct.unpack_from("<HHIQ", data, at) for at in range(start, len(data) - 15, 16))
        return {identity: value for _, identity, _, value in entries}

    def _date(self) -> str:
        """When the message was sent, as ISO in UTC."""
        ticks = self._numbers.get(_SENT, 0)
        if not 0 < ticks < 1 << 62:
            return ""
        try:
            return (_EPOCH + dt.timedelta(microseconds=ticks // 10)).isoformat(sep=" ", timespec="minutes")
        except OverflowError:
            return ""
