"""The type of a file that is not text or PDF, by content: Office, OpenDocument, EPUB, RTF, mail, images, archives."""

import bz2
import gzip
import lzma
import re
import tarfile
import zipfile
import zlib
from pathlib import Path
from typing import IO, cast

import olefile

from ingest.errors import FileRejected

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ODT = "application/vnd.oasis.opendocument.text"
ODS = "application/vnd.oasis.opendocument.spreadsheet"
ODP = "application/vnd.oasis.opendocument.presentation"
EPUB = "application/epub+zip"
RTF = "application/rtf"
EML = "message/rfc822"
MBOX = "application/mbox"
MSG = "application/vnd.ms-outlook"
ZIP = "application/zip"
TAR = "application/x-tar"
DOC = "application/msword"
XLS = "application/vnd.ms-excel"
PPT = "application/vnd.ms-powerpoint"
OLD_OFFICE = frozenset((DOC, XLS, PPT))
MAILS = frozenset((EML, MBOX, MSG))
ARCHIVES = frozenset((ZIP, TAR))
IMAGES = frozenset(("image/png", "image/jpeg", "image/tiff", "image/webp", "image/bmp", "image/gif"))
DRAWN = frozenset(("application/pdf", *IMAGES))

_OLE_START = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OPEN_DOCUMENT = ((ODT, "text"), (ODS, "spreadsheet"), (ODP, "presentation"), (ODP, "graphics"))
_OLD_OFFICE_STREAMS = (("WordDocument", DOC), ("Workbook", XLS), ("Book", XLS), ("PowerPoint Document", PPT))
_IMAGE_STARTS = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)
_BITMAP_HEADERS = (12, 40, 52, 56, 64, 108, 124)  # lengths in bytes
_TAR_BLOCK = 512
_NO_TAR = (tarfile.TarError, OSError, EOFError, ValueError, zlib.error, lzma.LZMAError)
_HEADER = re.compile(rb"([!-9;-~]+):[ \t]?|[ \t]+\S|\r?\n")
_MBOX_START = re.compile(rb">?From \S.*\d\d?:\d\d.*\d{4}.*\r?\n(?=[!-9;-~]+:)")
_MAIL_HEADERS = frozenset(
    b"from to cc date subject received message-id mime-version return-path delivered-to content-type reply-to sender "
    b"in-reply-to references content-transfer-encoding bcc x-mailer dkim-signature list-id".split()
)
_TRANSPORT_HEADERS = frozenset(b"received message-id mime-version return-path delivered-to dkim-signature".split())
_MAIL_SUFFIXES = frozenset((".eml", ".mht", ".mhtml"))
_OTHER_TEXT = frozenset(".md .markdown .html .htm .xhtml .csv .tsv .json .jsonl .yaml .yml .py .toml .ini".split())


def container_type(path: Path, filename: str, head: bytes) -> str | None:
    """The media type of a container or mail; None for what this module does not know.

    `head` holds the file's first bytes. Raises FileRejected: encrypted, unsupported, malformed, for files whose
    kind is known and that cannot be read.
    """
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")):
        return _zip_type(path, filename)
    if head.startswith(_OLE_START):
        return _ole_type(path, filename)
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{\\rtf"):
        return RTF
    if _is_tar(path):
        return TAR
    image = _image_type(head)
    if image is not None:
        return image
    return _mail_type(filename, head)


def _zip_type(path: Path, filename: str) -> str | None:
    """The type by the members' names, and by what OpenDocument and EPUB say in their first member."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = {name.replace("\\", "/").lower().lstrip("/") for name in archive.namelist()}
            declared = archive.open("mimetype").read(200) if "mimetype" in archive.namelist() else b""
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, RuntimeError, NotImplementedError) as error:
        raise FileRejected(
            "malformed", f"{filename}: the file is damaged ({error}); open it in its program and save it anew."
        ) from error
    text = declared.decode("ascii", errors="replace").strip()
    if text.startswith("application/epub") or "meta-inf/container.xml" in names:
        return EPUB
    for media_type, kind in _OPEN_DOCUMENT:
        if text.startswith(f"application/vnd.oasis.opendocument.{kind}"):
            return media_type
    if "xl/workbook.bin" in names:
        raise FileRejected(
            "unsupported",
            f"{filename}: binary Excel workbooks (.xlsb) cannot be read; save it as .xlsx and upload that.",
        )
    is_package = bool(names & {"[content_types].xml", "_rels/.rels"})
    for folder, main, media_type in (
        ("word/", "word/document.xml", DOCX),
        ("ppt/", "ppt/presentation.xml", PPTX),
        ("xl/", "xl/workbook.xml", XLSX),
    ):
        if main in names or (is_package and any(name.startswith(folder) for name in names)):
            return media_type
    return ZIP


def _image_type(head: bytes) -> str | None:
    """The type of a picture that is read, by its first bytes."""
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "image/webp"
    if head.startswith(b"BM") and int.from_bytes(head[14:18], "little") in _BITMAP_HEADERS:
        return "image/bmp"
    return next((media_type for start, media_type in _IMAGE_STARTS if head.startswith(start)), None)


def open_decompressed(path: Path) -> IO[bytes]:
    """Open a file for reading what it holds: unpacked where it is compressed by gzip, bzip2 or xz."""
    with path.open("rb") as file:
        head = file.read(6)
    if head.startswith(b"\x1f\x8b"):
        return cast(IO[bytes], gzip.open(path))
    if head.startswith(b"BZh"):
        return bz2.open(path)
    return lzma.open(path) if head == b"\xfd7zXZ\x00" else path.open("rb")


def _is_tar(path: Path) -> bool:
    """Whether a file, compressed or not, begins with a TAR header whose check sum is right."""
    try:
        with open_decompressed(path) as stream:
            tarfile.TarInfo.frombuf(stream.read(_TAR_BLOCK), "utf-8", "surrogateescape")
    except _NO_TAR:
        return False
    return True


def _ole_type(path: Path, filename: str) -> str:
    """The type of an Outlook message or old Office file; any other kind is refused with what to do."""
    try:
        with olefile.OleFileIO(path, raise_defects=olefile.DEFECT_FATAL) as ole:
            names = {entry[0] for entry in ole.listdir(streams=True, storages=True) if entry}
    except (OSError, ValueError, IndexError, OverflowError, TypeError, RecursionError) as error:
        raise FileRejected(
            "malformed", f"{filename}: the file is damaged ({error}); open it in its program and save it anew."
        ) from error
    if "EncryptedPackage" in names or "EncryptionInfo" in names:
        raise FileRejected("encrypted", f"{filename}: the file is protected by a password; upload it without one.")
    if "__properties_version1.0" in names:
        return MSG
    for stream, media_type in _OLD_OFFICE_STREAMS:
        if stream in names:
            return media_type
    raise FileRejected(
        "unsupported", f"{filename}: this old kind of Office file cannot be read; save it in a current format."
    )


def _mail_type(filename: str, head: bytes) -> str | None:
    """The type of a mail or of several in a file, by the header lines at its start."""
    head = head.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n")
    if _MBOX_START.match(head):
        return MBOX
    suffix = Path(filename).suffix.lower()
    found = _header_names(head) & _MAIL_HEADERS
    if suffix in _MAIL_SUFFIXES:
        return EML if found else None
    if suffix in _OTHER_TEXT:
        return None
    has_transport = bool(found & _TRANSPORT_HEADERS)
    if len(found) >= 3 and (has_transport or {b"from", b"date"} <= found):
        return EML
    return None


def _header_names(head: bytes) -> set[bytes]:
    """The lower-case names of the header fields up to the first empty line or the first line that is none."""
    names: set[bytes] = set()
    lines = head.splitlines(keepends=True)[:200]
    for line in lines[1:] if head.startswith(b"From ") else lines:
        match = _HEADER.match(line)
        if match is None or not line.strip():
            break
        if match.group(1):
            names.add(match.group(1).lower())
    return names
