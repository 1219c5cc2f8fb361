"""Images of document pages, rendered once and kept on disk under the version's hash."""

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from ingest.sandbox import Sandbox
from ingest.storage import DataFolder, Originals

SCALES = (1.0, 1.5, 2.0, 3.0)


@dataclass(frozen=True)
class PageImages:
    """Renders pages in the sandbox and keeps the images; removing an original removes its images.

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


def _keep(path: Path, image: bytes) -> None:
    """Write an image so that nobody ever sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, name = tempfile.mkstemp(dir=path.parent, suffix=".part")
    with os.fdopen(handle, "wb") as out:
        out.write(image)
    Path(name).replace(path)
