"""Originals kept elsewhere: whole or not at all, fetched when they are needed, deleted here and there."""

import hashlib
import io
import os
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from ingest.errors import StorageError
from ingest.remote_storage import RemoteStorage
from ingest.storage import Originals, open_data_folder

CONTENT = b"A hotel night is paid up to 140 euros."
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class LossyFileSystem(MemoryFileSystem):
    """A store that loses the last byte of everything and says that all is well."""

    protocol = "lossy"
    store: dict[str, object] = {}  # noqa: RUF012 (the base class has it so)
    pseudo_dirs = [""]  # noqa: RUF012

    def put_file(self, lpath, rpath, **options):  # noqa: ARG002
        self.pipe_file(rpath, Path(lpath).read_bytes()[:-1])


fsspec.register_implementation("lossy", LossyFileSystem, clobber=True)


@pytest.fixture(params=["memory", "file"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    yield {"memory": "memory://bucket/originals", "file": f"file://{tmp_path}/elsewhere"}[request.param]
    MemoryFileSystem.store.clear()


def originals_at(url: str, root: Path) -> Originals:
    folder = open_data_folder(root)
    return Originals(folder, max_bytes=1000, min_free_bytes=0, storage=RemoteStorage(url, folder.cached_originals))


def adopt(originals: Originals) -> None:
    originals.adopt(originals.stage(io.BytesIO(CONTENT), "travel.md"))


def test_original_is_fetched_by_a_machine_that_never_had_it(url: str, tmp_path: Path) -> None:
    adopt(originals_at(url, tmp_path / "one"))
    other = originals_at(url, tmp_path / "two")
    assert other.path(SHA256).read_bytes() == CONTENT
    assert (list(other.hashes()), other.is_whole(SHA256)) == ([SHA256], True)
    assert not list((tmp_path / "two" / "originals").iterdir())


def test_nothing_but_the_file_is_left_in_the_store(url: str, tmp_path: Path) -> None:
    originals = originals_at(url, tmp_path)
    adopt(originals)
    adopt(originals)
    files, root = fsspec.core.url_to_fs(url)
    assert [name.rsplit("/", 2)[-2:] for name in files.find(root)] == [[SHA256[:2], SHA256]]


def test_deleted_original_is_gone_here_and_there(url: str, tmp_path: Path) -> None:
    originals = originals_at(url, tmp_path)
    adopt(originals)
    originals.delete(SHA256)
    assert (list(originals.hashes()), originals.is_whole(SHA256)) == ([], False)
    with pytest.raises(StorageError, match="cannot be read"):
        originals.path(SHA256)


def test_store_that_changes_bytes_on_the_way_in_is_noticed(tmp_path: Path) -> None:
    originals = originals_at("lossy://bucket", tmp_path)
    with pytest.raises(StorageError, match="gave back other bytes"):
        adopt(originals)
    assert list(originals.hashes()) == []


def test_store_that_changed_bytes_meanwhile_is_noticed(url: str, tmp_path: Path) -> None:
    adopt(originals_at(url, tmp_path / "one"))
    files, root = fsspec.core.url_to_fs(url)
    files.pipe_file(f"{root}/{SHA256[:2]}/{SHA256}", b"Something else.")
    with pytest.raises(StorageError, match="other bytes"):
        originals_at(url, tmp_path / "two").path(SHA256)


def test_cache_forgets_what_was_used_longest_ago(url: str, tmp_path: Path) -> None:
    folder = open_data_folder(tmp_path)
    storage = RemoteStorage(url, folder.cached_originals, cache_bytes=50)
    originals = Originals(folder, max_bytes=1000, min_free_bytes=0, storage=storage)
    adopt(originals)
    os.utime(folder.cached_originals / SHA256, (0, 0))
    originals.adopt(originals.stage(io.BytesIO(CONTENT[::-1]), "other.md"))
    assert not (folder.cached_originals / SHA256).exists()
    assert originals.path(SHA256).read_bytes() == CONTENT


def test_kind_of_store_that_is_not_known_is_named(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="FOOTNOTE_ORIGINALS_URL"):
        RemoteStorage("nowhere://bucket", tmp_path)
