"""From an original to pages of text, and to the files in it on disk."""

import contextlib
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from ingest.attachments import StagedAttachments, staged_attachments
from ingest.containers import DRAWN, IMAGES, OLD_OFFICE
from ingest.convert import parse_converted
from ingest.errors import FileRejected
from ingest.language import detect_language
from ingest.parsed import ParsedDocument
from ingest.recognise import recognise_pages
from ingest.sandbox import Sandbox
from ingest.storage import Originals
from ingest.tables import Document, Version


@dataclass(frozen=True)
class Reading:
    """What a version of a document holds: its pages, and the files in it."""

    document: Document
    version: Version
    parsed: ParsedDocument
    attachments: StagedAttachments


@contextlib.contextmanager
def read_version(
    sandbox: Sandbox,
    originals: Originals,
    document: Document,
    version: Version,
    *,
    on_page: Callable[[int, int], None],
    stop: threading.Event,
) -> Iterator[Reading]:
    """Read a version; the files in it are on disk as long as the block runs. Those in an attachment are not opened.

    `on_page` is told how many of how many pages are recognised that are pictures.

    Raises:
        FileRejected: the file cannot be read, with class and sentence.
        StorageFull: too little free space is left for the files in it.
        LeaseLost: `stop` was set.
    """
    path = originals.path(version.sha256)
    if document.parent_id is not None:
        parsed = sandbox.parse(path, version.filename, stop=stop)
        parsed = _completed(sandbox, path, version.filename, parsed, on_page=on_page, stop=stop)
        yield Reading(document, version, parsed, StagedAttachments())
        return
    with tempfile.TemporaryFile(dir=sandbox.scratch) as written:
        parsed = sandbox.parse(path, version.filename, written, stop=stop)
        parsed = _completed(sandbox, path, version.filename, parsed, on_page=on_page, stop=stop)
        with staged_attachments(originals, parsed, written) as attachments:
            yield Reading(document, version, _told(parsed, attachments.left_out), attachments)


def _completed(
    sandbox: Sandbox,
    path: Path,
    filename: str,
    parsed: ParsedDocument,
    *,
    on_page: Callable[[int, int], None],
    stop: threading.Event,
) -> ParsedDocument:
    """The document with the text on its pictures, or of what it was converted to.

    Raises FileRejected when there is no text all the same.
    """
    if parsed.media_type in OLD_OFFICE:
        return parse_converted(sandbox, path, filename, parsed.media_type, stop=stop)
    if parsed.media_type not in DRAWN:
        return parsed
    parsed = recognise_pages(sandbox, path, filename, parsed, on_page=on_page, stop=stop)
    if any(page.text.strip() for page in parsed.pages):
        return replace(parsed, language=parsed.language or detect_language(parsed))
    missing = sandbox.programs.recognition_missing
    if missing is None:
        raise FileRejected("empty", f"{filename}: no text was recognised in its pictures; upload a sharper scan.")
    if parsed.media_type in IMAGES:
        raise FileRejected("unsupported", f"{filename}: to read text in images, {missing}, then try again.")
    raise FileRejected(
        "empty",
        f"{filename}: none of the {len(parsed.pages)} pages has a text layer (a scan?): {missing}, then try again; or "
        "upload a copy with recognised text.",
    )


def _told(parsed: ParsedDocument, left_out: tuple[str, ...]) -> ParsedDocument:
    """A document that says, too, what was left out."""
    if not left_out:
        return parsed
    sentences = " ".join([*filter(None, [parsed.details.get("left_out")]), *left_out])
    return replace(parsed, details={**parsed.details, "left_out": sentences[:4_000]})
