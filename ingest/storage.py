"""The data folder, and in it the originals: every uploaded file kept once, under its SHA-256."""

import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from ingest.errors import FileRejected, StorageBusy, StorageError, StorageFull
from ingest.file_lock import take_lock
from ingest.manifest import sync

COPY_BYTES = 1 << 20
STALE_STAGED_SECONDS = 24 * 3600


@dataclass(frozen=True)
class DataFolder:
    """Where everything lives that Footnote keeps on disk."""

    root: Path

    @property
    def originals(self) -> Path:
        """Uploaded files by SHA-256."""
        return self.root / "originals"

    @property
    def cached_originals(self) -> Path:
        """Copies of originals that are kept elsewhere; may be deleted."""
        return self.root / "cached-originals"

    @property
    def indexes(self) -> Path:
        """Snapshots of the search indexes; may be deleted, they are rebuilt."""
        return self.root / "indexes"

    @property
    def page_images(self) -> Path:
        """Rendered pages, in one folder per SHA-256; may be deleted."""
        return self.root / "page-images"

    @property
    def scratch(self) -> Path:
        """Files being worked on; emptied when a server starts."""
        return self.root / "scratch"

    @contextmanager
    def temporary(self) -> Iterator[Path]:
        """An empty folder on the file system of the originals, gone afterwards."""
        with tempfile.TemporaryDirectory(prefix="temporary-", dir=self.scratch) as name:
            yield Path(name)


def open_data_folder(root: Path) -> DataFolder:
    """Create the data folder and its parts where missing.

    Raises:
        StorageError: the folder cannot be created or written.
    """
    folder = DataFolder(root.resolve())
    try:
        for part in (folder.originals, folder.indexes, folder.page_images, folder.scratch):
            part.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryFile(dir=folder.scratch):
            pass
    except OSError as error:
        raise StorageError(
            f"The data folder {root} cannot be written ({error.strerror}); "
            "give this user the right to write there, or set FOOTNOTE_DATA_DIR to another folder."
        ) from error
    return folder


@contextmanager
def hold_server_lock(folder: DataFolder) -> Iterator[None]:
    """Hold the lock that lets one server use a data folder; the kernel frees it however the process ends.

    Raises:
        StorageBusy: another server holds it.
    """
    try:
        lock = take_lock(folder.root / "server.lock", wait=False)
    except StorageBusy as error:
        raise StorageBusy(
            f"Another Footnote server is using {folder.root}; "
            "stop it first, or set FOOTNOTE_DATA_DIR to another folder."
        ) from error
    with lock:
        yield


def hold_in_use(folder: DataFolder) -> IO[str]:
    """An open file that keeps restores away from a data folder until it is closed; any number of processes have one.

    Raises:
        StorageBusy: a backup is being restored.
    """
    try:
        return take_lock(folder.root / "use.lock", wait=False, shared=True)
    except StorageBusy as error:
        raise StorageBusy(f"A backup is being restored to {folder.root}; try again when that has ended.") from error


@contextmanager
def hold_alone(folder: DataFolder) -> Iterator[None]:
    """Keep every other process from using a data folder, for a restore.

    Raises:
        StorageBusy: a server, a worker or a command uses it.
    """
    try:
        lock = take_lock(folder.root / "use.lock", wait=False)
    except StorageBusy as error:
        raise StorageBusy(
            f"Footnote is running on {folder.root}; stop its server, workers and commands, then restore."
        ) from error
    with lock:
        yield


@dataclass(frozen=True)
class StagedFile:
    """A file that is on disk but not yet among the originals."""

    path: Path
    sha256: str
    size_bytes: int


class Storage(Protocol):
    """Where files are kept for good, by SHA-256: `LocalStorage`, or `ingest.remote_storage.RemoteStorage`."""

    def put(self, staged: Path, sha256: str) -> None:
        """Take a synced file of this machine over; it is safe when this returns."""

    def local(self, sha256: str) -> Path:
        """Where that content is on this machine. Raises StorageError when it cannot be brought here."""

    def delete(self, sha256: str) -> None:
        """Delete a file; harmless when there is none."""

    def hashes(self) -> Iterator[str]:
        """The SHA-256 of every file that is kept."""


class LocalStorage:
    """Files in a folder of this machine, or of a disk that several share."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, staged: Path, sha256: str) -> None:
        """Give a staged file its final name; harmless when the same content is already there."""
        path = self.local(sha256)
        path.parent.mkdir(exist_ok=True, mode=0o700)
        staged.replace(path)
        sync(path.parent)
        sync(path.parent.parent)

    def local(self, sha256: str) -> Path:
        """Where the file with this hash is, or would be."""
        return self._folder / sha256[:2] / sha256

    def delete(self, sha256: str) -> None:
        """Delete a file."""
        self.local(sha256).unlink(missing_ok=True)

    def hashes(self) -> Iterator[str]:
        """The SHA-256 of every file."""
        for part in self._folder.iterdir():
            for path in part.iterdir():
                yield path.name


class Originals:
    """The content-addressed store of uploaded files.

    Staging writes and syncs the bytes; adopting gives them their final name and belongs inside the
    transaction that writes the version, so that the clean-up of unreferenced files cannot come between.
    """

    def __init__(
        self, folder: DataFolder, *, max_bytes: int, min_free_bytes: int, storage: Storage | None = None
    ) -> None:
        """Keep originals in `storage`, in the data folder where None is given."""
        self._folder = folder
        self._storage = storage or LocalStorage(folder.originals)
        self._max_bytes = max_bytes
        self._min_free_bytes = min_free_bytes

    def stage(self, stream: IO[bytes], filename: str) -> StagedFile:
        """Write a stream to disk, counting and hashing it; the file is synced when this returns.

        Raises:
            FileRejected: too_large or empty.
            StorageFull: too little free space is left.
        """
        if shutil.disk_usage(self._folder.root).free < self._min_free_bytes:
            raise StorageFull("The disk is nearly full, so nothing can be uploaded; free some space and try again.")
        digest, size = hashlib.sha256(), 0
        handle, name = tempfile.mkstemp(dir=self._folder.scratch, prefix="staged-")
        try:
            with os.fdopen(handle, "wb") as out:
                while block := stream.read(COPY_BYTES):
                    size += len(block)
                    if size > self._max_bytes:
                        raise FileRejected(
                            "too_large",
                            f"{filename}: larger than {self._max_bytes / 1e6:.0f} MB; split it, or raise "
                            "FOOTNOTE_MAX_UPLOAD_BYTES.",
                        )
                    digest.update(block)
                    out.write(block)
                out.flush()
                os.fsync(out.fileno())
            if size == 0:
                raise FileRejected("empty", f"{filename}: the file has no content; upload a file that has.")
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        return StagedFile(Path(name), digest.hexdigest(), size)

    def adopt(self, staged: StagedFile) -> None:
        """Keep a staged file for good; harmless when the same content is already there."""
        self._storage.put(staged.path, staged.sha256)

    def discard(self, staged: StagedFile) -> None:
        """Delete a staged file that is not needed."""
        staged.path.unlink(missing_ok=True)

    def path(self, sha256: str) -> Path:
        """Where the original with this hash is on this machine, or would be.

        Raises:
            StorageError: it is kept elsewhere and cannot be fetched.
        """
        return self._storage.local(sha256)

    def is_whole(self, sha256: str) -> bool:
        """Whether the original with this hash is there, every byte as it was uploaded."""
        try:
            with self.path(sha256).open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest() == sha256
        except (FileNotFoundError, StorageError):
            return False

    def delete(self, sha256: str) -> None:
        """Delete an original and the page images made from it."""
        self._storage.delete(sha256)
        shutil.rmtree(self._folder.page_images / sha256, ignore_errors=True)

    def hashes(self) -> Iterator[str]:
        """The SHA-256 of every stored original."""
        return self._storage.hashes()

    def delete_stale_staged(self) -> None:
        """Delete staged files that a crash left behind a day or more ago."""
        for path in self._folder.scratch.glob("staged-*"):
            if time.time() - path.stat().st_mtime > STALE_STAGED_SECONDS:
                path.unlink(missing_ok=True)
