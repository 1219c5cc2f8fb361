"""A mail as its headers, its best body text and its attachments, however badly it was written."""

import binascii
import datetime as dt
import email.header
import email.utils
import re
from dataclasses import dataclass, field
from email import policy
from email.errors import MessageError
from email.message import EmailMessage, Message
from email.parser import BytesParser, HeaderParser

from lxml import etree

from ingest.errors import FileRejected
from ingest.parsers.encoding import clean, decode
from ingest.parsers.html import parse_tree
from ingest.parsers.html_text import readable_text
from ingest.parsers.page_writer import one_line

SHOWN_HEADERS = ("From", "To", "Cc", "Date", "Subject")
_MAX_PARTS = 1_000
_MAX_HEADER_CHARS = 4_000
_STATEFUL = ("iso-2022", "utf-7", "hz")  # their bytes are valid ASCII
_NOT_READ = frozenset(
    ("application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature", "text/rfc822-headers")
)
_SEALED = frozenset(("application/pkcs7-mime", "application/x-pkcs7-mime"))
_STUB_CHARS = 300
_MAX_DECORATION_BYTES = 10_000
# What the standard library's header and body readers raise on damaged input.
_DAMAGED = (MessageError, ValueError, LookupError, TypeError, AttributeError, AssertionError, OverflowError)


@dataclass(frozen=True)
class AttachedFile:
    """A file in a mail; a mail in the mail is a file, too, named `….eml`."""

    name: str
    data: bytes


@dataclass(frozen=True)
class Mail:
    """`headers` in the order of SHOWN_HEADERS, without empty ones."""

    headers: tuple[tuple[str, str], ...]
    body: str
    attachments: tuple[AttachedFile, ...] = ()

    @property
    def subject(self) -> str:
        """The subject; "" when there is none."""
        return dict(self.headers).get("Subject", "")

    def as_file(self, name: str = "") -> AttachedFile:
        """The mail as it is shown, as an RFC 822 file that is called `name`, or after its subject."""
        message = EmailMessage(policy=policy.SMTPUTF8)
        for header, value in self.headers:
            message.add_header(header, value)
        message.set_content(self.body, cte="8bit")
        return AttachedFile(mail_filename(name or self.subject), message.as_bytes())


@dataclass
class _Parts:
    """What the walk through a mail has found."""

    texts: list[str] = field(default_factory=list)
    attachments: list[AttachedFile] = field(default_factory=list)
    n_parts: int = 0


def read_mail(data: bytes) -> Mail:
    """Read an RFC 822 message. Raises FileRejected: encrypted for a sealed one, malformed for too many parts."""
    try:
        message: Message = BytesParser(policy=policy.compat32).parsebytes(data)
    except _DAMAGED as error:
        raise FileRejected("malformed", "the mail is damaged; export it anew from the mail program.") from error
    return _mail_of(message)


def mail_filename(name: str) -> str:
    """A file name for a mail, of its own name or its subject; it has no folders."""
    plain = one_line(name.replace("/", " ").replace("\\", " "))[:200] or "message"
    return plain if plain.lower().endswith(".eml") else f"{plain}.eml"


def _mail_of(message: Message) -> Mail:
    parts = _Parts()
    _walk(message, parts)
    headers = ((name, _shown_header(message, name)) for name in SHOWN_HEADERS)
    body = "\n\n".join(text.strip("\n") for text in parts.texts if text.strip())
    return Mail(tuple((name, value) for name, value in headers if value), body, tuple(parts.attachments))


def _walk(part: Message, parts: _Parts) -> None:
    """Collect the texts and attachments below a part."""
    parts.n_parts += 1
    if parts.n_parts > _MAX_PARTS:
        raise FileRejected("malformed", f"the mail has more than {_MAX_PARTS:,} parts; export it anew.")
    kind = _content_type(part)
    payload = part.get_payload()
    children = [inner for inner in payload if isinstance(inner, Message)] if isinstance(payload, list) else []
    if kind == "message/rfc822" and children:
        parts.attachments.append(_mail_as_file(children[0], _filename(part)))
    elif kind == "multipart/alternative" and children:
        _take_best(children, parts)
    elif kind == "multipart/encrypted" or (kind in _SEALED and "signed" not in _parameter(part, "smime-type")):
        raise FileRejected("encrypted", "the mail is encrypted; save it decrypted from the mail program.")
    elif children:
        for child in children:
            _walk(child, parts)
    elif kind in _NOT_READ:
        return
    elif _is_attachment(part, kind):
        data = _payload(part)
        if not _is_decoration(part, kind, len(data)):
            parts.attachments.append(AttachedFile(_filename(part) or kind.replace("/", "."), data))
    else:
        parts.texts.append(_text_of(part, kind))


def _mail_as_file(message: Message, name: str) -> AttachedFile:
    """A mail in a mail, byte for byte; as it is shown where it is too damaged for that."""
    try:
        return AttachedFile(mail_filename(name or _shown_header(message, "Subject")), message.as_bytes())
    except (*_DAMAGED, UnicodeError):
        return _mail_of(message).as_file(name)


def _is_decoration(part: Message, kind: str, n_bytes: int) -> bool:
    """Whether a part is a small picture that the mail's HTML shows, such as the logo of a signature."""
    is_shown = bool(part.get("Content-ID")) and "attachment" not in str(part.get("Content-Disposition", "")).lower()
    return is_shown and kind.startswith("image/") and n_bytes <= _MAX_DECORATION_BYTES


def _take_best(children: list[Message], parts: _Parts) -> None:
    """Of the same text in several forms the plain one, unless it only says that the other is the real one."""
    options: list[_Parts] = []
    for child in children:
        option = _Parts(n_parts=parts.n_parts)
        _walk(child, option)
        parts.n_parts = option.n_parts
        parts.attachments += option.attachments
        options.append(option)
    texts = ["\n\n".join(option.texts) for option in options]
    longest = max(texts, key=len, default="")
    kinds = [_content_type(child) for child in children]
    plain = next((text for kind, text in zip(kinds, texts, strict=True) if kind == "text/plain"), "")
    is_stub = len(plain.strip()) < _STUB_CHARS and len(plain) * 5 < len(longest)
    best = longest if is_stub or not plain.strip() else plain
    parts.texts.append(best)


def _text_of(part: Message, kind: str) -> str:
    """The text of a leaf part."""
    data = _payload(part)
    charset = _parameter(part, "charset")
    if charset.lower().startswith(_STATEFUL):
        try:
            text = clean(data.decode(charset, errors="replace"))
        except LookupError:
            text = decode(data)
    else:
        text = decode(data, charset or None)
    if kind in ("text/html", "application/xhtml+xml"):
        return html_text(text)
    return _unfold(text, part) if _parameter(part, "format").lower() == "flowed" else text


def html_text(text: str) -> str:
    """The readable text of a mail's HTML; what it quotes has "> " before each line."""
    if not text.strip():
        return ""
    try:
        tree = parse_tree(text)
    except FileRejected:
        return text
    for quote in list(tree.iter("blockquote")):
        if any(ancestor.tag == "blockquote" for ancestor in quote.iterancestors()):
            continue
        inner = readable_text(quote, drop_chrome=False).text.rstrip("\n")
        marked = etree.Element("pre")
        marked.text = "\n".join(f"> {line}" if line else ">" for line in inner.split("\n")) if inner else ""
        marked.tail = quote.tail
        parent = quote.getparent()
        if parent is not None:
            parent.replace(quote, marked)
    return readable_text(tree, drop_chrome=False).text


def _unfold(text: str, part: Message) -> str:
    """Join lines that were folded at a space. Source: RFC 3676, https://www.rfc-editor.org/rfc/rfc3676"""
    drop_space = _parameter(part, "delsp").lower() == "yes"
    lines: list[str] = []
    is_open = False
    for line in text.split("\n"):
        line = line.removeprefix(" ") if not line.startswith(">") else line
        if is_open and not line.startswith(">") and line != "-- ":
            lines[-1] = (lines[-1][:-1] if drop_space else lines[-1]) + line
        else:
            lines.append(line)
        is_open = line.endswith(" ") and line != "-- " and not lines[-1].startswith(">")
    return "\n".join(lines)


def _is_attachment(part: Message, kind: str) -> bool:
    disposition = str(part.get("Content-Disposition", "")).strip().lower()
    if disposition.startswith("attachment"):
        return True
    is_text = kind.startswith(("text/", "multipart/")) or kind in ("message/delivery-status", "application/xhtml+xml")
    return not is_text or (bool(_filename(part)) and not disposition.startswith("inline"))


def _payload(part: Message) -> bytes:
    """The decoded bytes of a leaf part; b"" when they cannot be decoded."""
    try:
        payload = part.get_payload(decode=True)
    except (*_DAMAGED, binascii.Error):
        return b""
    if isinstance(payload, bytes):
        return payload
    inner = part.get_payload()
    return "\n\n".join(str(entry) for entry in inner).encode("utf-8", "replace") if isinstance(inner, list) else b""


def _content_type(part: Message) -> str:
    try:
        return str(part.get_content_type())
    except _DAMAGED:
        return "text/plain"


def _parameter(part: Message, name: str) -> str:
    try:
        value = part.get_param(name)
        return str(email.utils.collapse_rfc2231_value(value)) if value is not None else ""
    except _DAMAGED:
        return ""


def _filename(part: Message) -> str:
    try:
        name = part.get_filename()
    except _DAMAGED:
        return ""
    return one_line(clean(decode_header(str(name))))[:255] if name else ""


def shown_headers(text: str) -> tuple[tuple[str, str], ...]:
    """The headers that are shown, of a block of header lines."""
    message = HeaderParser(policy=policy.compat32).parsestr(text)
    found = ((name, _shown_header(message, name)) for name in SHOWN_HEADERS)
    return tuple(entry for entry in found if entry[1])


def _shown_header(message: Message, name: str) -> str:
    """A header as text on one line; a date as ISO with its offset."""
    values = message.get_all(name) or []
    text = one_line(clean(", ".join(decode_header(str(value)) for value in values)))[:_MAX_HEADER_CHARS]
    return iso_date(text) if name == "Date" else text


def iso_date(text: str) -> str:
    """A mail's date as ISO; as written when it cannot be read."""
    try:
        moment: dt.datetime = email.utils.parsedate_to_datetime(text)
        return moment.isoformat(sep=" ", timespec="minutes")
    except _DAMAGED:
        return text


def decode_header(value: str) -> str:
    """Text with its encoded words decoded. Source: RFC 2047, https://www.rfc-editor.org/rfc/rfc2047"""
    value = re.sub(r"\r?\n[ \t]+", " ", value)
    try:
        pieces = email.header.decode_header(value)
    except _DAMAGED:
        return value
    texts: list[str] = []
    for piece, charset in pieces:
        if isinstance(piece, str):
            texts.append(piece)
        elif charset and charset.lower().startswith(_STATEFUL):
            texts.append(piece.decode("iso-2022-jp-ext" if "2022" in charset else "utf-7", errors="replace"))
        else:
            texts.append(decode(piece, charset))
    text = "".join(texts)
    raw = text.encode("utf-8", "surrogateescape")
    return decode(raw) if any("\ud800" <= character <= "\udfff" for character in text) else text
