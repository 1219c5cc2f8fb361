"""`footnote ingest FOLDER` with --sync, --watch and rule files, on a real data folder."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.api.test_cli import data_dir, lines, run  # noqa: F401 (data_dir is a fixture)


@pytest.fixture
def folder(tmp_path: Path, data_dir: Path) -> Path:  # noqa: F811
    folder = tmp_path / "files"
    (folder / "hr").mkdir(parents=True)
    (folder / "travel.md").write_text("# Travel\n\nA hotel night is paid up to 140 euros.\n")
    (folder / "hr" / "pay.md").write_text("# Pay\n\nThe salary band starts at 95,000 euros.\n")
    return folder


def sync(folder: Path, *options: str) -> dict[str, object]:
    """The summary of a sync."""
    return lines(run("ingest", str(folder), "--sync", "--json", *options))[-1]


def documents() -> dict[str, dict[str, object]]:
    return {row["filename"]: row for row in lines(run("documents", "list", "--json"))}


def test_sync_mirrors_what_is_new_changed_and_gone(folder: Path) -> None:
    first = sync(folder)
    (folder / "new.md").write_text("# New\n\nBreaks are paid.\n")
    (folder / "travel.md").write_text("# Travel\n\nA hotel night is paid up to 150 euros.\n")
    (folder / "hr" / "pay.md").unlink()
    second, third = sync(folder), sync(folder)

    assert (first["searchable"], first["removed"]) == (2, 0)
    assert (second["searchable"], second["removed"]) == (2, 1)
    assert (third.get("searchable"), third["unchanged"], third["removed"]) == (None, 2, 0)
    assert {name: row["version"] for name, row in documents().items()} == {"travel.md": 2, "new.md": 1}


def test_ingest_without_sync_removes_nothing(folder: Path) -> None:
    sync(folder)
    (folder / "travel.md").unlink()
    run("ingest", str(folder))
    assert set(documents()) == {"travel.md", "hr/pay.md"}


def test_dry_run_says_what_would_be_done_and_does_nothing(folder: Path) -> None:
    sync(folder)
    (folder / "new.md").write_text("new")
    (folder / "travel.md").unlink()
    (folder / "hr" / ".footnote.toml").write_text('readers = ["group:hr"]')
    *rows, summary = lines(run("ingest", str(folder), "--sync", "--dry-run", "--json"))
    would = {(row["would"], Path(row["path"]).name) for row in rows}
    assert would == {("read", "new.md"), ("remove", "travel.md"), ("change who may read or where it belongs", "pay.md")}
    assert summary == {"summary": True, "actions": 3, "unchanged": 0}
    assert {name: row["readers"] for name, row in documents().items()} == {
        "travel.md": ["everyone"],
        "hr/pay.md": ["everyone"],
    }


def test_emptied_folder_removes_nothing_unless_confirmed(folder: Path) -> None:
    sync(folder)
    (folder / "travel.md").unlink()
    (folder / "hr" / "pay.md").unlink()
    refused = run("ingest", str(folder), "--sync")
    kept = len(documents())
    confirmed = sync(folder, "--yes")
    assert (refused.exit_code, kept) == (2, 2)
    assert "Is its disk mounted?" in refused.stderr
    assert (confirmed["removed"], documents()) == (2, {})


def test_folder_that_vanished_removes_nothing(folder: Path, tmp_path: Path) -> None:
    sync(folder)
    folder.rename(tmp_path / "elsewhere")
    assert run("ingest", str(folder), "--sync").exit_code == 2
    assert len(documents()) == 2


def test_changed_rule_changes_readers_and_collection_without_reading_again(folder: Path) -> None:
    (folder / "hr" / ".footnote.toml").write_text('readers = ["group:hr"]')
    sync(folder, "--reader", "everyone")
    before = documents()["hr/pay.md"]
    (folder / "hr" / ".footnote.toml").write_text('readers = ["group:payroll"]\ncollection = "pay"')
    summary = sync(folder)
    after = documents()["hr/pay.md"]
    assert (before["readers"], before["collection"]) == (["group:hr"], "default")
    assert (after["readers"], after["collection"], after["id"]) == (["group:payroll"], "pay", before["id"])
    assert (after["version"], summary["unchanged"]) == (1, 2)


def test_changed_file_that_moves_to_another_collection_keeps_its_document(folder: Path) -> None:
    sync(folder)
    before = documents()["hr/pay.md"]["id"]
    (folder / "hr" / ".footnote.toml").write_text('collection = "pay"')
    (folder / "hr" / "pay.md").write_text("# Pay\n\nThe salary band starts at 96,000 euros.\n")
    sync(folder)
    after = documents()["hr/pay.md"]
    assert (after["id"], after["collection"], after["version"]) == (before, "pay", 2)


def test_rule_that_cannot_be_understood_changes_and_removes_nothing_below_it(folder: Path) -> None:
    (folder / "hr" / ".footnote.toml").write_text('readers = ["group:hr"]')
    sync(folder)
    (folder / "hr" / ".footnote.toml").write_text('readers = ["group:everybody"')
    (folder / "hr" / "bonus.md").write_text("# Bonus\n\nSecret.\n")
    result = run("ingest", str(folder), "--sync")
    assert result.exit_code == 1
    assert "nothing below it is read" in result.stderr
    assert {name: row["readers"] for name, row in documents().items()} == {
        "travel.md": ["everyone"],
        "hr/pay.md": ["group:hr"],
    }


def test_unchanged_failure_is_said_again_without_reading_it(folder: Path) -> None:
    (folder / "bad.pdf").write_bytes(b"%PDF-1.7 broken")
    sync(folder)
    rows = lines(run("ingest", str(folder), "--json"))
    (bad,) = [row for row in rows if row.get("path", "").endswith("bad.pdf")]
    assert (bad["status"], bad["error_class"], bad["seconds"]) == ("failed", "malformed", 0.0)


def test_watching_follows_changes_and_what_happened_while_it_was_off(folder: Path) -> None:
    sync(folder)
    (folder / "off.md").write_text("# Off\n\nWritten while nobody watched.\n")
    process = subprocess.Popen(
        [sys.executable, "-m", "api.cli", "ingest", str(folder), "--watch"],
        env=os.environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    try:
        next(line for line in process.stderr if "Watching" in line)
        seen_at_start = set(documents())
        (folder / "travel.md").unlink()
        (folder / "late.md").write_text("# Late\n\nWritten while it was watched.\n")
        deadline = time.monotonic() + 60
        while set(documents()) != {"hr/pay.md", "off.md", "late.md"} and time.monotonic() < deadline:
            time.sleep(0.2)
    finally:
        process.send_signal(signal.SIGTERM)
        code = process.wait(30)
        process.stderr.close()
    assert seen_at_start == {"travel.md", "hr/pay.md", "off.md"}
    assert (set(documents()), code) == ({"hr/pay.md", "off.md", "late.md"}, 0)


@pytest.mark.parametrize("option", ["--sync", "--watch"])
def test_only_folders_can_be_followed(folder: Path, option: str) -> None:
    assert run("ingest", str(folder / "travel.md"), option).exit_code == 2
