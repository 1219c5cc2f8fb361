"""Mail as documents: headers, the best body, quotes, attachments; EML, MBOX and Outlook's MSG."""

import datetime as dt
import io
import struct
from email.message import EmailMessage
from pathlib import Path

import pytest

from ingest.errors import FileRejected
from ingest.parse import parse_file
from ingest.parsed import ParsedDocument
from ingest.parsers.attached import AttachmentWriter
from tests.ingest.outlook_files import text, write_msg

HEAD = "From: Ada <ada@example.org>\nTo: bo@example.org\nSubject: Rent\nMIME-Version: 1.0\n"
SHOWN = "From: Ada <ada@example.org>\nTo: bo@example.org\nSubject: Rent\n\n"


def _parse(folder: Path, content: str | bytes, name: str = "a.eml") -> ParsedDocument:
    path = folder / "mail"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return parse_file(path, name)


def _unpack(folder: Path, content: bytes, name: str = "a.eml") -> tuple[ParsedDocument, dict[str, bytes]]:
    """The document and the files in it."""
    path = folder / "mail"
    path.write_bytes(content)
    written = io.BytesIO()
    parsed = parse_file(path, name, AttachmentWriter(written))
    data = written.getvalue()
    return parsed, {entry.name: data[entry.start : entry.start + entry.size] for entry in parsed.attachments}


def _message(body: str = "See below.") -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "Ada <ada@example.org>", "bo@example.org", "Rent"
    message.set_content(body)
    return message


def test_mail_begins_with_its_headers_and_the_date_as_iso(tmp_path: Path) -> None:
    content = "Received: x\nDate: Sun, 17 May 2026 09:30:00 +0200\nCc: =?utf-8?q?Zo=C3=AB?= <zoe@example.org>\n" + HEAD
    parsed = _parse(tmp_path, content + "\nHello\n")
    assert parsed.text == (
        "From: Ada <ada@example.org>\nTo: bo@example.org\nCc: Zoë <zoe@example.org>\nDate: 2026-05-17 09:30+02:00\n"
        "Subject: Rent\n\nHello\n"
    )
    assert (parsed.title, parsed.media_type) == ("Rent", "message/rfc822")


@pytest.mark.parametrize(
    ("rest", "body"),
    [
        pytest.param("Content-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\n"
                     "caf=E9 =\nbar", "café bar", id="quoted_printable"),
        pytest.param("Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\nY2Fmw6k=",
                     "café", id="base64"),
        pytest.param("Content-Type: text/plain; charset=iso-2022-jp\n\n\x1b$BF|K\\\x1b(B",
                     "日本", id="stateful_charset"),
        pytest.param("Content-Type: text/plain; charset=nonsense\n\ncafé", "café", id="unknown_charset"),
        pytest.param("Content-Type: text/html\n\n<p>One</p><script>x()</script><p>Two</p>", "One\n\nTwo", id="html"),
        pytest.param("\nI agree.\n\n> Do we\n> move?\n", "I agree.\n\n> Do we\n> move?", id="quote_in_text"),
        pytest.param("Content-Type: text/html\n\n<p>Yes.</p><blockquote>Do we<br>move?</blockquote>",
                     "Yes.\n\n> Do we\n> move?", id="quote_in_html"),
        pytest.param("Content-Type: text/plain; format=flowed\n\nOne long \nline\nnext",
                     "One long line\nnext", id="flowed"),
        pytest.param("Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/html\n\n<p>html</p>\n"
                     "--b\nContent-Type: text/plain\n\nplain\n--b--", "plain", id="plain_over_html"),
        pytest.param("Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain\n\nUse HTML!\n"
                     f"--b\nContent-Type: text/html\n\n<p>{'The whole story. ' * 9}</p>\n--b--",
                     ("The whole story. " * 9).strip(), id="html_where_plain_is_a_stub"),
        pytest.param("Content-Type: multipart/mixed\n\nno boundary at all",
                     "no boundary at all", id="broken_multipart"),
        pytest.param("Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\nY2Fmw6k",
                     "café", id="base64_without_its_end"),
    ],
)  # fmt: skip
def test_best_body_is_read(tmp_path: Path, rest: str, body: str) -> None:
    assert _parse(tmp_path, HEAD + rest).text == f"{SHOWN}{body}\n"


def test_attachments_are_named_in_the_text_and_written_out(tmp_path: Path) -> None:
    message = _message()
    message.add_attachment(b"a,b\n1,2\n", maintype="text", subtype="csv", filename="rents.csv")
    message.add_attachment(b"\x89PNG\r\n\x1a\n", maintype="image", subtype="png", filename="plan.png")
    parsed, files = _unpack(tmp_path, message.as_bytes())
    assert parsed.text == f"{SHOWN.rstrip()}\nAttachments: rents.csv, plan.png\n\nSee below.\n"
    assert files == {"rents.csv": b"a,b\n1,2\n", "plan.png": b"\x89PNG\r\n\x1a\n"}


def test_mail_in_a_mail_is_written_out_byte_for_byte(tmp_path: Path) -> None:
    inner, outer = _message("inner text"), _message("outer text")
    inner.add_attachment("deeper", filename="inner.txt")
    outer.add_attachment(inner)
    parsed, files = _unpack(tmp_path, outer.as_bytes())
    assert "inner text" not in parsed.text
    assert files == {"Rent.eml": inner.as_bytes()}


def test_mail_that_came_in_another_file_names_its_attachments_and_says_that_they_are_closed(tmp_path: Path) -> None:
    message = _message()
    message.add_attachment("NOT OPENED", filename="inner.txt")
    parsed = _parse(tmp_path, message.as_bytes())
    assert "Attachments: inner.txt\n" in parsed.text
    assert "NOT OPENED" not in parsed.text
    assert "upload it on its own" in parsed.details["left_out"]


@pytest.mark.parametrize(
    ("n_bytes", "disposition", "names"),
    [
        pytest.param(10_000, "inline", [], id="logo_of_a_signature"),
        pytest.param(10_001, "inline", ["image.png"], id="screenshot"),
        pytest.param(10_000, "attachment", ["image.png"], id="attached"),
    ],
)
def test_small_pictures_that_the_text_shows_are_no_attachments(
    tmp_path: Path, n_bytes: int, disposition: str, names: list[str]
) -> None:
    message = _message()
    message.add_attachment(
        b"\x89" * n_bytes, maintype="image", subtype="png", filename="image.png", disposition=disposition, cid="<a@b>"
    )
    assert list(_unpack(tmp_path, message.as_bytes())[1]) == names


def test_encrypted_mail_says_so(tmp_path: Path) -> None:
    with pytest.raises(FileRejected) as caught:
        _parse(tmp_path, HEAD + "Content-Type: application/pkcs7-mime; smime-type=enveloped-data\n\nMIAGCS")
    assert caught.value.error_class == "encrypted"


def test_mail_of_ten_thousand_parts_is_refused(tmp_path: Path) -> None:
    parts = "--b\n\nx\n" * 10_000
    with pytest.raises(FileRejected) as caught:
        _parse(tmp_path, HEAD + f"Content-Type: multipart/mixed; boundary=b\n\n{parts}--b--")
    assert caught.value.error_class == "malformed"


@pytest.mark.parametrize(
    ("name", "content", "media_type"),
    [
        pytest.param("a", HEAD + "\nHi", "message/rfc822", id="mail_without_suffix"),
        pytest.param("a.eml", "Subject: x\n\nHi", "message/rfc822", id="one_header_and_the_suffix"),
        pytest.param("a.txt", "Subject: x\n\nHi", "text/plain", id="one_header_alone"),
        pytest.param("a.txt", "Note: From here to there\n\nHi", "text/plain", id="text_with_a_colon"),
        pytest.param("a.md", HEAD + "\nHi", "text/markdown", id="markdown_keeps_its_name"),
    ],
)
def test_mail_is_told_by_its_headers(tmp_path: Path, name: str, content: str, media_type: str) -> None:
    assert _parse(tmp_path, content, name).media_type == media_type


def test_mailbox_is_a_page_per_mail(tmp_path: Path) -> None:
    separator = "From ada@example.org Sun May 17 09:30:00 2026\n"
    content = f"{separator}{HEAD}\nfirst\n>From here on\n\n{separator}{HEAD}\nsecond\n"
    parsed = _parse(tmp_path, content, "a.mbox")
    assert [page.text for page in parsed.pages] == [
        f"Rent\n\n{SHOWN}first\nFrom here on\n", f"Rent\n\n{SHOWN}second\n",
    ]  # fmt: skip
    assert parsed.media_type == "application/mbox"


def test_attachments_in_a_mailbox_lie_in_a_folder_for_each_mail(tmp_path: Path) -> None:
    message = _message()
    message.add_attachment("same name", filename="a.txt")
    one = b"From ada@example.org Sun May 17 09:30:00 2026\n" + message.as_bytes() + b"\n"
    assert list(_unpack(tmp_path, one + one, "a.mbox")[1]) == ["1/a.txt", "2/a.txt"]


def test_outlook_message_reads_like_any_mail(tmp_path: Path) -> None:
    sent = (
        int((dt.datetime(2026, 5, 17, tzinfo=dt.UTC) - dt.datetime(1601, 1, 1, tzinfo=dt.UTC)).total_seconds()) * 10**7
    )
    numbers = b"\x00" * 32 + struct.pack("<HHIQ", 0x40, 0x39, 0, sent)
    attachment = {"__substg1.0_3707001F": text("a.txt"), "__substg1.0_37010102": b"Rents rose. " * 400}
    path = write_msg(
        tmp_path / "a.msg",
        {
            "__properties_version1.0": numbers.ljust(4_096, b"\x00"),
            "__substg1.0_0037001F": text("Rent"),
            "__substg1.0_0C1A001F": text("Ada"),
            "__substg1.0_0C1F001F": text("ada@example.org"),
            "__substg1.0_0E04001F": text("Bo"),
            "__substg1.0_1000001F": text("See below."),
            "__attach_version1.0_#00000000": attachment,
        },
    )
    parsed, files = _unpack(tmp_path, path.read_bytes(), "a.msg")
    assert parsed.text == (
        "From: Ada <ada@example.org>\nTo: Bo\nDate: 2026-05-17 00:00+00:00\nSubject: Rent\nAttachments: a.txt\n\n"
        "See below.\n"
    )
    assert files == {"a.txt": b"Rents rose. " * 400}
    assert parsed.title == "Rent"


@pytest.mark.parametrize(
    ("stream", "error_class"),
    [
        pytest.param("EncryptedPackage", "encrypted", id="office_file_with_password"),
        pytest.param("Other", "unsupported", id="unknown"),
    ],
)
def test_other_compound_files_are_refused_by_name(tmp_path: Path, stream: str, error_class: str) -> None:
    path = write_msg(tmp_path / "a", {stream: b"x" * 4_096})
    with pytest.raises(FileRejected) as caught:
        parse_file(path, "a.docx")
    assert caught.value.error_class == error_class
    assert str(caught.value).startswith("a.docx: ")


def test_cut_off_outlook_message_is_malformed(tmp_path: Path) -> None:
    path = write_msg(
        tmp_path / "a.msg", {"__properties_version1.0": b"\x00" * 4_096, "__substg1.0_1000001F": text("Hi")}
    )
    path.write_bytes(path.read_bytes()[:700])
    with pytest.raises(FileRejected) as caught:
        parse_file(path, "a.msg")
    assert caught.value.error_class == "malformed"
