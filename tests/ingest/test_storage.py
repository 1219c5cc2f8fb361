"""Originals on disk: counted, hashed, adopted once, and refused when they are too much."""

import hashlib
import io
from pathlib import Path

import pytest

from ingest.errors import FileRejected, StorageBusy, StorageError, StorageFull
from ingest.storage import DataFolder, Originals, hold_server_lock, open_data_folder


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return open_data_folder(tmp_path / "data")


def originals(folder: DataFolder, *, max_bytes: int = 100, min_free_bytes: int = 0) -> Originals:
    return Originals(folder, max_bytes=max_bytes, min_free_bytes=min_free_bytes)


def test_adopted_file_is_found_under_its_sha256(folder: DataFolder) -> None:
    store = originals(folder)
    staged = store.stage(io.BytesIO(b"travel policy"), "a.txt")
    store.adopt(staged)
    assert staged.sha256 == hashlib.sha256(b"travel policy").hexdigest()
    assert store.path(staged.sha256).read_bytes() == b"travel policy"
    assert list(folder.scratch.iterdir()) == []


def test_same_content_is_kept_once(folder: DataFolder) -> None:
    store = originals(folder)
    store.adopt(store.stage(io.BytesIO(b"same"), "a.txt"))
    store.adopt(store.stage(io.BytesIO(b"same"), "b.txt"))
    assert len(list(store.hashes())) == 1


def test_file_of_exactly_the_limit_is_accepted(folder: DataFolder) -> None:
    assert originals(folder).stage(io.BytesIO(b"x" * 100), "a.txt").size_bytes == 100


@pytest.mark.parametrize(
    ("content", "error_class"),
    [pytest.param(b"x" * 101, "too_large", id="one_byte_over"), pytest.param(b"", "empty", id="empty")],
)
def test_refused_file_leaves_nothing_behind(folder: DataFolder, content: bytes, error_class: str) -> None:
    with pytest.raises(FileRejected) as refused:
        originals(folder).stage(io.BytesIO(content), "a.txt")
    assert refused.value.error_class == error_class
    assert "a.txt" in str(refused.value)
    assert list(folder.scratch.iterdir()) == []


def test_nearly_full_disk_refuses_uploads(folder: DataFolder) -> None:
    with pytest.raises(StorageFull, match="free some space"):
        originals(folder, min_free_bytes=10**18).stage(io.BytesIO(b"x"), "a.txt")


def test_file_in_place_of_the_data_folder_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("not a folder")
    with pytest.raises(StorageError, match="FOOTNOTE_DATA_DIR"):
        open_data_folder(tmp_path / "data")


def test_second_server_on_a_data_folder_is_refused(folder: DataFolder) -> None:
    with (
        hold_server_lock(folder),
        pytest.raises(StorageBusy, match="Another Footnote server"),
        hold_server_lock(folder),
    ):
        pass


def test_lock_is_free_after_the_first_server_ended(folder: DataFolder) -> None:
    with hold_server_lock(folder):
        pass
    with hold_server_lock(folder):
        pass
