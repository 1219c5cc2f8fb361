"""Images and character boxes of document pages, made once and kept on disk under the version's hash."""

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from ingest.boxes import align_boxes, pack_boxes, unpack_boxes
from ingest.sandbox import Sandbox
from ingest.storage import DataFolder, Originals

SCALES = (1.0, 1.5, 2.0, 3.0)


@dataclass(frozen=True)
class PageImages:
    """Reads pages in the sandbox and keeps what came of it; removing an original removes that too.

    Who may see a page is decided before this is asked.
    """

    folder: DataFolder
    originals: Originals
    sandbox: Sandbox

    def png(self, sha256: str, page: int, scale: float) -> bytes:
        """The page as PNG, at the smallest of `SCALES` (1 is 72 dots an inch) that is not below `scale`.

        Raises:
            FileRejected: the page cannot be rendered.
        """
        step = next((known for known in SCALES if known >= scale), SCALES[-1])
        path = self.folder.page_images / sha256 / f"{page}@{step}.png"
        if path.is_file():
            return path.read_bytes()
        image = self.sandbox.render_page(self.originals.path(sha256), page, step)
        _keep(path, image)
        return image

    def boxes(self, sha256: str, page: int, text: str) -> bytes:
        """The packed boxes of the characters of a page, whose stored text is `text`.

        Raises:
            FileRejected: the page cannot be read.
        """
        path = self.folder.page_images / sha256 / f"{page}-{hashlib.sha256(text.encode()).hexdigest()[:16]}.boxes"
        if path.is_file():
            return path.read_bytes()
        found, packed = self.sandbox.find_boxes(self.originals.path(sha256), page)
        if found != text:  # another release of the parser read the page
            packed = pack_boxes(align_boxes(unpack_boxes(packed), found, text))
        _keep(path, packed)
        return packed


def _keep(path: Path, content: bytes) -> None:
    """Write a file so that nobody ever sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, name = tempfile.mkstemp(dir=path.parent, suffix=".part")
    with os.fdopen(handle, "wb") as out:
        out.write(content)
    Path(name).replace(path)
