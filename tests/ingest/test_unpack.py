"""Archives are read as folders: every regular file in them, counted as it comes out, and nothing else."""

import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.errors import FileRejected
from ingest.parse import parse_file
from ingest.parsed import ParsedDocument
from ingest.parsers.archive import FREE_BYTES, MAX_ENTRIES
from ingest.parsers.attached import AttachmentWriter
from ingest.parsers.unpack import is_junk


def unpack(path: Path) -> tuple[ParsedDocument, dict[str, bytes]]:
    """The document and the files in it."""
    written = io.BytesIO()
    parsed = parse_file(path, path.name, AttachmentWriter(written))
    data = written.getvalue()
    return parsed, {entry.name: data[entry.start : entry.start + entry.size] for entry in parsed.attachments}


def refusal(path: Path) -> FileRejected:
    with pytest.raises(FileRejected) as caught:
        unpack(path)
    return caught.value


def write_zip(path: Path, *entries: tuple[str | zipfile.ZipInfo, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in entries:
            packed.writestr(name, content)
    return path


def write_tar(path: Path, mode: str, *entries: tarfile.TarInfo, content: bytes = b"content") -> Path:
    with tarfile.open(path, f"w:{mode}") as packed:  # type: ignore[call-overload]
        for entry in entries:
            entry.size = len(content) if entry.isreg() else 0
            packed.addfile(entry, io.BytesIO(content) if entry.isreg() else None)
    return path


def special(name: str, kind: bytes) -> tarfile.TarInfo:
    """A TAR entry that is no file."""
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = kind, "/etc/passwd"
    return entry


def symlink(name: str) -> zipfile.ZipInfo:
    """A ZIP entry that is a link."""
    entry = zipfile.ZipInfo(name)
    entry.create_system, entry.external_attr = 3, 0o120777 << 16
    return entry


@pytest.mark.parametrize("mode", ["", "gz", "bz2", "xz"])
def test_tar_is_read_in_every_compression_and_by_its_content(tmp_path: Path, mode: str) -> None:
    path = write_tar(tmp_path / "download", mode, tarfile.TarInfo("a/b.txt"))
    parsed, files = unpack(path)
    assert files == {"a/b.txt": b"content"}
    assert (parsed.media_type, parsed.text) == ("application/x-tar", "a/b.txt\n")


def test_names_of_the_files_are_shown_and_not_searched(tmp_path: Path) -> None:
    parsed, _ = unpack(write_zip(tmp_path / "a.zip", ("one.txt", b"1"), ("two.txt", b"2")))
    (page,) = parsed.pages
    assert [page.text[start:end] for start, end in page.skip] == ["one.txt", "two.txt"]


@pytest.mark.parametrize(
    "write",
    [
        pytest.param(
            lambda path: write_zip(path, (symlink("link"), b"/etc/passwd"), ("a.txt", b"content")), id="zip_link"
        ),
        *(
            pytest.param(
                lambda path, kind=kind: write_tar(path, "", special("link", kind), tarfile.TarInfo("a.txt")), id=name
            )
            for name, kind in (
                ("symbolic_link", tarfile.SYMTYPE),
                ("hard_link", tarfile.LNKTYPE),
                ("device", tarfile.CHRTYPE),
                ("pipe", tarfile.FIFOTYPE),
            )
        ),
    ],
)
def test_links_and_devices_are_left_out_and_named(tmp_path: Path, write: Callable[[Path], Path]) -> None:
    parsed, files = unpack(write(tmp_path / "a"))
    assert files == {"a.txt": b"content"}
    assert parsed.details["left_out"].startswith("link was left out: it is a link")


@pytest.mark.parametrize(
    ("name", "junk"),
    [
        ("__MACOSX/._a.txt", True),
        ("a/.DS_Store", True),
        ("Thumbs.db", True),
        (".git/config", True),
        ("a/", True),
        ("../a.txt", False),
        ("./a.txt", False),
        ("a.b/c.txt", False),
    ],
)
def test_what_systems_leave_behind_is_junk(name: str, junk: bool) -> None:
    assert is_junk(name) == junk


@pytest.mark.parametrize(
    ("n_entries", "error_class"), [(MAX_ENTRIES, None), (MAX_ENTRIES + 1, "bomb")], ids=["at_the_limit", "above"]
)
@pytest.mark.parametrize("suffix", ["zip", "tar"])
def test_archive_has_at_most_two_thousand_entries(
    tmp_path: Path, suffix: str, n_entries: int, error_class: str | None
) -> None:
    names = [f"{number}.txt" for number in range(n_entries)]
    path = tmp_path / f"a.{suffix}"
    if suffix == "zip":
        write_zip(path, *((name, b"x") for name in names))
    else:
        write_tar(path, "", *map(tarfile.TarInfo, names))
    try:
        found = None if len(unpack(path)[1]) == n_entries else "files are missing"
    except FileRejected as rejected:
        found = rejected.error_class
    assert found == error_class


@pytest.mark.parametrize("suffix", ["zip", "tar"])
def test_archive_unpacks_to_a_hundred_times_its_size_at_most(tmp_path: Path, suffix: str) -> None:
    zeros = bytes(2 * FREE_BYTES)
    path = tmp_path / f"a.{suffix}"
    if suffix == "zip":
        write_zip(path, ("zeros.txt", zeros))
    else:
        write_tar(path, "gz", tarfile.TarInfo("zeros.txt"), content=zeros)
    assert refusal(path).error_class == "bomb"


def test_declared_size_of_a_zip_entry_is_not_believed(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", ("zeros.txt", bytes(2 * FREE_BYTES)))
    data = path.read_bytes()
    size = (2 * FREE_BYTES).to_bytes(4, "little")
    assert data.count(size) == 2
    path.write_bytes(data.replace(size, (1000).to_bytes(4, "little")))
    assert refusal(path).error_class in ("bomb", "empty")  # what is declared too short is damaged, and left out


def test_what_is_skipped_in_a_tar_is_counted_too(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "a.tgz", "gz", tarfile.TarInfo(".hidden"), content=bytes(2 * FREE_BYTES))
    assert refusal(path).error_class == "bomb"


def test_archive_with_a_password_is_encrypted(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", ("a.txt", b"content"))
    data = bytearray(path.read_bytes())
    for start in (data.index(b"PK\x03\x04") + 6, data.index(b"PK\x01\x02") + 8):
        data[start] |= 1  # the flag of an encrypted entry
    path.write_bytes(data)
    assert refusal(path).error_class == "encrypted"


@pytest.mark.parametrize("suffix", ["zip", "tar"])
def test_archive_without_files_is_empty(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    if suffix == "zip":
        write_zip(path, ("folder/", b""), ("empty.txt", b""))
    else:
        write_tar(path, "", special("folder", tarfile.DIRTYPE))
    assert refusal(path).error_class == "empty"


def test_damaged_entry_is_left_out_and_the_others_are_kept(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", ("bad.txt", b"to be damaged " * 50), ("good.txt", b"fine"))
    data = bytearray(path.read_bytes())
    data[50] ^= 0xFF
    path.write_bytes(data)
    parsed, files = unpack(path)
    assert files == {"good.txt": b"fine"}
    assert parsed.details["left_out"] == "bad.txt was left out: it is damaged."


def test_cut_off_tar_keeps_what_came_before(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "a.tar", "", tarfile.TarInfo("a.txt"), tarfile.TarInfo("b.txt"))
    path.write_bytes(path.read_bytes()[:1538])
    parsed, files = unpack(path)
    assert files == {"a.txt": b"content"}
    assert "damaged there" in parsed.details["left_out"]


def test_utf8_names_without_the_mark_of_utf8_are_read(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", ("Menü.txt", b"soup"))
    data = bytearray(path.read_bytes())
    for start in (data.index(b"PK\x03\x04") + 6, data.index(b"PK\x01\x02") + 8):
        data[start + 1] &= ~0x08 & 0xFF  # bit 11: the name is UTF-8
    path.write_bytes(data)
    assert list(unpack(path)[1]) == ["Menü.txt"]


def test_zip_with_a_folder_called_word_is_no_word_document(tmp_path: Path) -> None:
    parsed, files = unpack(write_zip(tmp_path / "a.docx", ("word/list.txt", b"apple")))
    assert (parsed.media_type, list(files)) == ("application/zip", ["word/list.txt"])


def test_single_file_in_xz_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "a.txt.xz").write_bytes(lzma.compress(b"just a text, no archive"))
    found = refusal(tmp_path / "a.txt.xz")
    assert (found.error_class, "unpack it" in str(found)) == ("unsupported", True)
