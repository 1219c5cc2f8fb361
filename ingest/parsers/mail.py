"""Mail as documents: header lines, body, and under a heading each the text of attachments that can be read."""

import contextlib
import os
import re
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path, PosixPath

from ingest.containers import EML, MBOX
from ingest.errors import FileRejected
from ingest.parsed import ParsedDocument
from ingest.parsers.mail_message import Attachment, Mail, read_mail
from ingest.parsers.page_writer import PageWriter

AttachmentParser = Callable[[Path, str], ParsedDocument]
_MAX_ATTACHMENTS = 200
_SEPARATOR = re.compile(rb"(?:\A|(?<=\n\n)|(?<=\n\r\n))From \S[^\n]*\n(?=[!-9;-~]+:)")
_ESCAPED_FROM = re.compile(rb"^>(>*From )", re.M)


def parse_eml(path: Path, parse_attachment: AttachmentParser) -> ParsedDocument:
    """One page: the mail, then its attachments. Raises FileRejected."""
    return mail_document(read_mail(path.read_bytes()), EML, parse_attachment)


def parse_mbox(path: Path, parse_attachment: AttachmentParser) -> ParsedDocument:
    """One page per mail, its subject as heading. Raises FileRejected, also for one mail that is encrypted."""
    data = path.read_bytes()
    starts = [match.end() for match in _SEPARATOR.finditer(data)]
    ends = [*[match.start() for match in _SEPARATOR.finditer(data)][1:], len(data)]
    if len(starts) < 2:
        return mail_document(read_mail(data), MBOX, parse_attachment)
    writer = PageWriter()
    left_out: list[str] = []
    for number, (start, end) in enumerate(zip(starts, ends, strict=True), start=1):
        try:
            mail = read_mail(_ESCAPED_FROM.sub(rb"\1", data[start:end]))
        except FileRejected as error:
            left_out.append(f"Mail {number} was left out: {error}")
        else:
            writer.heading(mail.subject or f"Mail {number}", 1)
            left_out += write_mail(mail, writer, parse_attachment, level=2)
        writer.end_page()
    return writer.document(MBOX, None, {"left_out": " ".join(left_out)[:4_000]} if left_out else {})


def mail_document(mail: Mail, media_type: str, parse_attachment: AttachmentParser) -> ParsedDocument:
    """One mail as a document; its title is the subject. Raises FileRejected: empty, too_large."""
    writer = PageWriter()
    left_out = write_mail(mail, writer, parse_attachment, level=1)
    details = {"attachments": ", ".join(entry.name for entry in mail.attachments)[:4_000]} if mail.attachments else {}
    if left_out:
        details["left_out"] = " ".join(left_out)[:4_000]
    return writer.document(media_type, mail.subject or None, details)


def write_mail(mail: Mail, writer: PageWriter, parse_attachment: AttachmentParser | None, *, level: int) -> list[str]:
    """Write a mail; `level` is that of its attachments' headings. Returns what was left out, in sentences.

    Without `parse_attachment` the attachments are only named.
    """
    for name, value in mail.headers:
        writer.item(f"{name}: {value}")
    if mail.attachments:
        writer.item("Attachments: " + ", ".join(entry.name for entry in mail.attachments))
    writer.verbatim(mail.body)
    left_out: list[str] = []
    for attachment in mail.attachments[:_MAX_ATTACHMENTS] if parse_attachment is not None else ():
        if attachment.mail is not None:
            writer.heading(f"Attachment: {attachment.name}", level)
            write_mail(attachment.mail, writer, None, level=level + 1)
        elif attachment.data and parse_attachment is not None:
            left_out += _write_attachment(attachment, writer, parse_attachment, level=level)
    return left_out


def _write_attachment(
    attachment: Attachment, writer: PageWriter, parse_attachment: AttachmentParser, *, level: int
) -> list[str]:
    """Write an attachment's text under its name; why not, where it cannot be read."""
    try:
        with _as_file(attachment.data) as path:
            parsed = parse_attachment(path, attachment.name)
    except FileRejected as error:
        return [f"{attachment.name} was not read." if error.error_class == "unsupported" else str(error)]
    writer.heading(f"Attachment: {attachment.name}", level)
    writer.embed(parsed, level=level)
    return []


class _MemoryPath(PosixPath):
    """The path of a file in memory; what its link points to is no path that could be opened."""

    def resolve(self, strict: bool = False) -> "_MemoryPath":  # noqa: ARG002 - the signature is the library's
        """Itself."""
        return self


@contextlib.contextmanager
def _as_file(data: bytes) -> Iterator[Path]:
    """Bytes as a file in memory, since a parser's process may write none; elsewhere than on Linux a temporary one."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("attachment")
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            yield _MemoryPath(f"/proc/self/fd/{descriptor}")
    else:
        with tempfile.NamedTemporaryFile() as temporary:
            temporary.write(data)
            temporary.flush()
            yield Path(temporary.name)
