"""Foreign files are parsed in children that hold limits and cannot harm; failures have a class and a sentence."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ingest.boxes import unpack_boxes
from ingest.errors import FileRejected
from ingest.sandbox import Sandbox, SandboxLimits
from tests.ingest.pdf_files import write_pdf


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with Sandbox(tmp_path_factory.mktemp("scratch")) as sandbox:
        yield sandbox


@pytest.fixture
def note(tmp_path: Path) -> Path:
    path = tmp_path / "stored-under-a-hash"
    path.write_text("# Leave\n\nEveryone has thirty days of leave.\n")
    return path


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """HTML that takes a second or more to parse."""
    path = tmp_path / "large.html"
    path.write_text("<html><body>" + "<div><b>word</b> and <i>more</i></div>" * 100_000)
    return path


def test_a_file_is_parsed_under_the_name_people_know(sandbox: Sandbox, note: Path) -> None:
    parsed = sandbox.parse(note, "leave.md")
    assert (parsed.media_type, parsed.title, parsed.text) == (
        "text/markdown",
        "Leave",
        "Leave\n\nEveryone has thirty days of leave.\n",
    )


def test_the_characters_of_a_pdf_page_come_back_with_boxes(sandbox: Sandbox, tmp_path: Path) -> None:
    path = write_pdf(tmp_path / "a.pdf", [[("Some words about leave.", 11, False)]])
    text, boxes = sandbox.find_boxes(path, 1)
    assert unpack_boxes(boxes).shape == (len(text), 4)


def test_a_page_is_drawn(sandbox: Sandbox, tmp_path: Path) -> None:
    path = write_pdf(tmp_path / "a.pdf", [[("Some words about leave.", 11, False)]])
    assert sandbox.render_page(path, 1, 1.0).startswith(b"\x89PNG")


def test_a_refusal_keeps_its_class_and_names_the_file(sandbox: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "hash").write_bytes(b"\x7fELF\x02\x01\x01\x00")
    with pytest.raises(FileRejected, match=r"logo\.md: program \(ELF\) cannot be read") as refusal:
        sandbox.parse(tmp_path / "hash", "logo.md")
    assert refusal.value.error_class == "unsupported"


def test_threads_share_a_sandbox(sandbox: Sandbox, note: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        titles = list(pool.map(lambda number: sandbox.parse(note, f"{number}.md").title, range(40)))
    assert titles == ["Leave"] * 40


def test_children_hold_limits_where_the_kernel_offers_them(sandbox: Sandbox) -> None:
    assert "limits" in sandbox.isolation()


def test_the_server_is_started_again_when_it_was_killed(tmp_path: Path, note: Path) -> None:
    with Sandbox(tmp_path / "scratch") as sandbox:
        sandbox.parse(note, "leave.md")
        assert sandbox.server_pid is not None
        os.kill(sandbox.server_pid, signal.SIGKILL)
        assert sandbox.parse(note, "leave.md").title == "Leave"


def test_a_parse_survives_the_death_of_the_server_under_it(tmp_path: Path, large: Path) -> None:
    with Sandbox(tmp_path / "scratch") as sandbox:
        sandbox.isolation()
        assert sandbox.server_pid is not None
        killer = threading.Timer(0.3, os.kill, (sandbox.server_pid, signal.SIGKILL))
        killer.start()
        assert sandbox.parse(large, "large.html").text.startswith("word and more")
        killer.join()


def test_too_long_a_parse_is_killed_in_time(tmp_path: Path, large: Path) -> None:
    started = time.monotonic()
    with (
        Sandbox(tmp_path / "scratch", SandboxLimits(wall_seconds=0.2)) as sandbox,
        pytest.raises(FileRejected, match=r"large\.html: reading it took more than 0\.2 seconds") as refusal,
    ):
        sandbox.parse(large, "large.html")
    assert refusal.value.error_class == "timeout"
    assert time.monotonic() - started < 15


def test_too_much_memory_is_refused(tmp_path: Path, large: Path) -> None:
    with (
        Sandbox(tmp_path / "scratch", SandboxLimits(memory_bytes=240 << 20)) as sandbox,
        pytest.raises(FileRejected, match="240 MiB of memory") as refusal,
    ):
        sandbox.parse(large, "large.html")
    assert refusal.value.error_class == "memory"


def test_too_long_an_answer_is_refused(tmp_path: Path, large: Path) -> None:
    with (
        Sandbox(tmp_path / "scratch", SandboxLimits(answer_bytes=10_000)) as sandbox,
        pytest.raises(FileRejected, match="more than 10,000 bytes") as refusal,
    ):
        sandbox.parse(large, "large.html")
    assert refusal.value.error_class == "too_large"


def test_the_server_ends_with_the_sandbox(tmp_path: Path, note: Path) -> None:
    with Sandbox(tmp_path / "scratch") as sandbox:
        sandbox.parse(note, "leave.md")
        server = sandbox.server_pid
        assert server is not None
    with pytest.raises(ProcessLookupError):
        os.kill(server, 0)


def test_the_server_has_no_secrets_in_its_environment(
    tmp_path: Path, note: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOOTNOTE_MODEL_KEY", "secret-of-the-parent")
    with Sandbox(tmp_path / "scratch") as sandbox:
        sandbox.parse(note, "leave.md")
        environment = Path(f"/proc/{sandbox.server_pid}/environ").read_bytes()
    assert b"secret-of-the-parent" not in environment
