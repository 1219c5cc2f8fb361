"""A full disk: uploads are refused with 507, nothing that was acknowledged is lost, reads stay up, and it recovers."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import httpx
import pytest
from server_process import ServerProcess, wait_for

DISK_MB = 80
MIN_FREE_BYTES = 12_000_000


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of `DISK_MB` megabytes, in memory."""
    place = tmp_path / "disk"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", str(place)], check=True)
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def fill(place: Path, *, leave: int) -> Path:
    """Fill a disk but for `leave` bytes with a file that is not Footnote's."""
    ballast = place / "ballast"
    size = max(0, shutil.disk_usage(place).free - leave)
    with ballast.open("ab") as file:
        os.posix_fallocate(file.fileno(), 0, file.tell() + size)
    return ballast


def content_of(number: int) -> bytes:
    return f"# Rule {number}\n\nThe code word of this rule is dingo{number:05d}x.\n{'It applies. ' * 4_000}".encode()


@pytest.mark.parametrize(
    "n_fills", [pytest.param(1, id="1_fill"), pytest.param(20, id="20", marks=pytest.mark.nightly)]
)
def test_full_disk_refuses_uploads_loses_nothing_and_recovers_by_itself(small_disk: Path, n_fills: int) -> None:
    log = small_disk.parent / "server.log"
    server = ServerProcess(small_disk / "data", log, FOOTNOTE_MIN_FREE_BYTES=str(MIN_FREE_BYTES))
    server.add_admin()
    server.start()
    acknowledged: set[int] = set()
    number = 0
    try:
        for _ in range(n_fills):
            acknowledged |= upload_some(server, number, 5)
            number += 5
            server.wait_until_ended()
            ballast = fill(small_disk, leave=MIN_FREE_BYTES + 3_000_000)
            refused: httpx.Response | None = None
            while refused is None:
                number += 1
                answer = server.upload(f"rule-{number}.md", content_of(number) * 10)
                acknowledged |= {number} if answer.status_code == 202 else set()
                refused = None if answer.status_code == 202 else answer
            assert (refused.status_code, refused.json()["type"]) == (507, "/problems/storage-full")
            assert server.passages_with("dingo00000x")
            fill(small_disk, leave=0)  # not even the database can grow now
            answer = server.upload("rule-full.md", content_of(99_999))
            assert answer.status_code == 507
            assert server.passages_with("dingo00000x")
            time.sleep(1)
            ballast.unlink()
            again = partial(upload_some, server, 50_000 + number, 1)
            wait_for(again, 30, "an upload after space was free again")
            acknowledged.add(50_000 + number)
        documents = server.wait_until_ended()
        assert {document["status"] for document in documents} == {"searchable"}
        assert {document["filename"] for document in documents} == {f"rule-{number}.md" for number in acknowledged}
        assert all(server.passages_with(f"dingo{number:05d}x") for number in acknowledged)
        assert '"matches": true' in server.command("index", "verify", "--json")
        assert b"the worker ended" not in server.log.read_bytes()
    finally:
        server.close()


def upload_some(server: ServerProcess, first: int, n: int) -> set[int]:
    """Upload documents; the numbers of those that were acknowledged."""
    return {
        number
        for number in range(first, first + n)
        if server.upload(f"rule-{number}.md", content_of(number)).status_code == 202
    }
