"""Originals in an object store or on any other file system that fsspec knows, such as s3://bucket/folder."""

import hashlib
import re
import secrets
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec

from ingest.errors import StorageError

CACHE_BYTES = 2_000_000_000
CACHE_MIN_SECONDS = 3600  # what was fetched within this time may be in use
COPY_BYTES = 1 << 20
_SHA256 = re.compile(r"[0-9a-f]{64}")


class RemoteStorage:
    """A folder at a URL that keeps files by SHA-256, with the newest of them in a folder of this machine.

    A file is written under a passing name, read back and compared, and only then given its final name.
    """

    def __init__(self, url: str, cache: Path, *, cache_bytes: int = CACHE_BYTES) -> None:
        """Open the folder at `url`; nothing is sent yet.

        Raises:
            StorageError: the URL's kind is not known, or its package is not installed.
        """
        try:
            self._files, self._root = fsspec.core.url_to_fs(url)
        except (ImportError, ValueError) as error:
            raise StorageError(
                f"FOOTNOTE_ORIGINALS_URL cannot be used ({error}); for s3:// install footnote[s3]."
            ) from error
        self._root = self._root.rstrip("/")
        self._cache, self._cache_bytes = cache, cache_bytes
        cache.mkdir(parents=True, exist_ok=True, mode=0o700)

    def put(self, staged: Path, sha256: str) -> None:
        """Keep a file for good, and then in the cache; harmless when the same content is already there."""
        key, passing = self._key(sha256), f"{self._root}/incoming/{secrets.token_hex(16)}"
        with _explained("written"):
            if self._size(key) != staged.stat().st_size:
                self._files.makedirs(passing.rsplit("/", 1)[0], exist_ok=True)
                self._files.makedirs(key.rsplit("/", 1)[0], exist_ok=True)
                try:
                    self._files.put_file(str(staged), passing)
                    if self._digest(passing) != sha256:
                        raise StorageError("The store of originals gave back other bytes than it was given; try again.")
                    self._files.mv(passing, key)
                finally:
                    if self._size(passing) is not None:
                        self._files.rm_file(passing)
        staged.replace(self._cache / sha256)
        self._trim()

    def local(self, sha256: str) -> Path:
        """A file of this machine with that content, fetched if it is not in the cache.

        Raises:
            StorageError: the store does not have it, gave other bytes, or does not answer.
        """
        cached = self._cache / sha256
        if cached.is_file():
            cached.touch()
            return cached
        with tempfile.TemporaryDirectory(dir=self._cache) as folder, _explained("read"):
            fetched = Path(folder) / sha256
            self._files.get_file(self._key(sha256), str(fetched))
            with fetched.open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
                    raise StorageError("The store of originals gave other bytes than were stored; restore a backup.")
            fetched.replace(cached)
        self._trim()
        return cached

    def delete(self, sha256: str) -> None:
        """Delete a file, here and there."""
        with _explained("written"):
            if self._size(self._key(sha256)) is not None:
                self._files.rm_file(self._key(sha256))
        (self._cache / sha256).unlink(missing_ok=True)

    def hashes(self) -> Iterator[str]:
        """The SHA-256 of every file that is kept."""
        with _explained("read"):
            self._files.invalidate_cache()
            found = self._files.find(self._root) if self._files.exists(self._root) else []
        for path in found:
            name = str(path).rsplit("/", 1)[-1]
            if _SHA256.fullmatch(name):
                yield name

    def _key(self, sha256: str) -> str:
        return f"{self._root}/{sha256[:2]}/{sha256}"

    def _size(self, key: str) -> int | None:
        """The size of a stored file in bytes; None when there is none."""
        self._files.invalidate_cache()
        try:
            info: dict[str, Any] = self._files.info(key)
        except FileNotFoundError:
            return None
        return int(info["size"])

    def _digest(self, key: str) -> str:
        digest = hashlib.sha256()
        with self._files.open(key, "rb") as file:
            while block := file.read(COPY_BYTES):
                digest.update(block)
        return digest.hexdigest()

    def _trim(self) -> None:
        """Keep the cache small: the files that were used longest ago go first."""
        files = sorted(
            (path for path in self._cache.iterdir() if path.is_file()), key=lambda path: path.stat().st_mtime
        )
        size = sum(path.stat().st_size for path in files)
        for path in files:
            if size <= self._cache_bytes or time.time() - path.stat().st_mtime < CACHE_MIN_SECONDS:
                return
            size -= path.stat().st_size
            path.unlink(missing_ok=True)


class _explained:  # noqa: N801 - it reads as a phrase
    """Turns what a store's library raises into a StorageError that says what to do."""

    def __init__(self, done: str) -> None:
        self._done = done

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OSError):
            raise StorageError(
                f"The store of originals cannot be {self._done} ({type(error).__name__}); check FOOTNOTE_ORIGINALS_URL "
                "and its credentials, then try again."
            ) from error
