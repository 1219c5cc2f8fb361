"""From an original to pages of text, and to the files in it on disk."""

import contextlib
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace

from ingest.attachments import StagedAttachments, staged_attachments
from ingest.parsed import ParsedDocument
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
    sandbox: Sandbox, originals: Originals, document: Document, version: Version, *, stop: threading.Event
) -> Iterator[Reading]:
    """Read a version; the files in it are on disk as long as the block runs. Those in an attachment are not opened.

    Raises:
        FileRejected: the file cannot be read, with class and sentence.
        StorageFull: too little free space is left for the files in it.
        LeaseLost: `stop` was set.
    """
    path = originals.path(version.sha256)
    if document.parent_id is not None:
        parsed = sandbox.parse(path, version.filename, stop=stop)
        yield Reading(document, version, parsed, StagedAttachments())
        return
    with tempfile.TemporaryFile(dir=sandbox.scratch) as written:
        parsed = sandbox.parse(path, version.filename, written, stop=stop)
        with staged_attachments(originals, parsed, written) as attachments:
            yield Reading(document, version, _told(parsed, attachments.left_out), attachments)


def _told(parsed: ParsedDocument, left_out: tuple[str, ...]) -> ParsedDocument:
    """A document that says, too, what was left out."""
    if not left_out:
        return parsed
    sentences = " ".join([*filter(None, [parsed.details.get("left_out")]), *left_out])
    return replace(parsed, details={**parsed.details, "left_out": sentences[:4_000]})
