"""Mail as documents: header lines and body; attachments are named, and written out to become documents of their own."""

import re
from pathlib import Path

from ingest.containers import EML, MBOX
from ingest.errors import FileRejected
from ingest.parsed import ParsedDocument
from ingest.parsers.attached import AttachmentWriter
from ingest.parsers.mail_message import Mail, read_mail
from ingest.parsers.page_writer import PageWriter

NOT_OPENED = "Its attachments were not opened, because it came in another file itself; upload it on its own."
_SEPARATOR = re.compile(rb"(?:\A|(?<=\n\n)|(?<=\n\r\n))From \S[^\n]*\n(?=[!-9;-~]+:)")
_ESCAPED_FROM = re.compile(rb"^>(>*From )", re.M)


def parse_eml(path: Path, attachments: AttachmentWriter | None) -> ParsedDocument:
    """One page: the mail; without `attachments` its attachments are only named. Raises FileRejected."""
    return mail_document(read_mail(path.read_bytes()), EML, attachments)


def parse_mbox(path: Path, attachments: AttachmentWriter | None) -> ParsedDocument:
    """One page per mail, its subject as heading. Raises FileRejected, also for one mail that is encrypted.

    Attachments are written out as `NUMBER OF THE MAIL/NAME`.
    """
    data = path.read_bytes()
    starts = [match.end() for match in _SEPARATOR.finditer(data)]
    ends = [*[match.start() for match in _SEPARATOR.finditer(data)][1:], len(data)]
    if len(starts) < 2:
        return mail_document(read_mail(data), MBOX, attachments)
    writer = PageWriter()
    left_out: list[str] = []
    for number, (start, end) in enumerate(zip(starts, ends, strict=True), start=1):
        try:
            mail = read_mail(_ESCAPED_FROM.sub(rb"\1", data[start:end]))
        except FileRejected as error:
            left_out.append(f"Mail {number} was left out: {error}")
        else:
            writer.heading(mail.subject or f"Mail {number}", 1)
            left_out += write_mail(mail, writer, attachments, folder=f"{number}/")
        writer.end_page()
    return writer.document(MBOX, None, _details(left_out))


def mail_document(mail: Mail, media_type: str, attachments: AttachmentWriter | None) -> ParsedDocument:
    """One mail as a document; its title is the subject. Raises FileRejected: empty, too_large, bomb."""
    writer = PageWriter()
    details = _details(write_mail(mail, writer, attachments))
    date = dict(mail.headers).get("Date")
    return writer.document(media_type, mail.subject or None, details | ({"date": date} if date else {}))


def write_mail(mail: Mail, writer: PageWriter, attachments: AttachmentWriter | None, *, folder: str = "") -> list[str]:
    """Write a mail's text, and out what is attached to it, below `folder`; what was left out, in sentences."""
    for name, value in mail.headers:
        writer.item(f"{name}: {value}")
    if mail.attachments:
        writer.item("Attachments: " + ", ".join(attached.name for attached in mail.attachments))
    writer.verbatim(mail.body)
    if attachments is None:
        return [NOT_OPENED] if mail.attachments else []
    for attached in mail.attachments:
        attachments.add(folder + attached.name, [attached.data])
    return []


def _details(left_out: list[str]) -> dict[str, str]:
    return {"left_out": " ".join(dict.fromkeys(left_out))[:4_000]} if left_out else {}
