"""The command line on a real data folder: fixed JSON shapes, exit codes, and errors that say what to do."""

import json
import socket
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from api.cli import app
from api.degradations import DEGRADATIONS
from ingest.storage import hold_server_lock, open_data_folder

TRAVEL = "# Travel\n\nA hotel night is paid up to 140 euros. Trains are booked by the assistant in second class.\n"
SALARIES = "# Salaries\n\nThe salary band for senior engineers starts at 95,000 euros a year.\n"
HIT_KEYS = {
    "passage_id", "document_id", "version_id", "title", "filename", "collection", "page", "start", "end", "heading",
    "text", "score", "rank",
}  # fmt: skip
ANSWER_KEYS = {
    "id", "question", "query", "text", "abstained", "claims", "hits", "model", "usage", "timings_ms", "degraded",
    "conversation_id",
}  # fmt: skip
CITATION_KEYS = {
    "document_id", "version_id", "version_sha256", "title", "filename", "page", "start", "end", "quote", "score",
}  # fmt: skip


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FOOTNOTE_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture
def files(tmp_path: Path, data_dir: Path) -> Path:
    folder = tmp_path / "files"
    (folder / "hr").mkdir(parents=True)
    (folder / "travel.md").write_text(TRAVEL)
    (folder / "hr" / "salaries.md").write_text(SALARIES)
    return folder


@pytest.fixture
def ingested(files: Path) -> Path:
    assert run("ingest", str(files / "travel.md")).exit_code == 0
    assert run("ingest", str(files / "hr"), "--reader", "group:finance").exit_code == 0
    return files


def run(*arguments: str, given: str | None = None) -> Result:
    return CliRunner().invoke(app, list(arguments), input=given)


def lines(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_ingest_prints_a_line_a_file_and_a_summary(files: Path) -> None:
    *rows, summary = lines(run("ingest", str(files), "--json"))
    keys = {"path", "document_id", "version_id", "status", "error_class", "message", "passages", "seconds"}
    assert [set(row) for row in rows] == [keys, keys]
    assert {row["status"] for row in rows} == {"searchable"}
    assert (summary["files"], summary["searchable"], summary["passages"]) == (2, 2, 2)


def test_second_ingest_of_unchanged_files_is_no_work(ingested: Path) -> None:
    *rows, _ = lines(run("ingest", str(ingested / "travel.md"), "--json"))
    assert [row["status"] for row in rows] == ["unchanged"]


def test_file_that_cannot_be_read_is_a_named_failure(tmp_path: Path, data_dir: Path) -> None:
    (tmp_path / "tool.md").write_bytes(b"\x7fELF\x02\x01\x01" + bytes(300))
    result = run("ingest", str(tmp_path / "tool.md"), "--json")
    assert result.exit_code == 1
    assert lines(result)[0]["error_class"] == "unsupported"
    assert "tool.md" in lines(result)[0]["message"]


def test_unreadable_kind_inside_a_folder_does_not_fail_the_whole(files: Path) -> None:
    (files / "logo.bin").write_bytes(b"\x7fELF\x02\x01\x01" + bytes(300))
    assert run("ingest", str(files)).exit_code == 0


def test_missing_path_is_wrong_use(data_dir: Path) -> None:
    result = run("ingest", "/no/such/file.md")
    assert result.exit_code == 2
    assert "does not exist" in result.stderr


def test_malformed_reader_is_wrong_use(files: Path) -> None:
    result = run("ingest", str(files), "--reader", "finance")
    assert result.exit_code == 2
    assert "group:NAME" in result.stderr


def test_unknown_reader_is_warned_about(files: Path) -> None:
    result = run("ingest", str(files / "travel.md"), "--reader", "group:fiance")
    assert "There is no group 'fiance'" in result.stderr


def test_search_prints_hits_in_the_fixed_shape(ingested: Path) -> None:
    (found,) = lines(run("search", "hotel night", "-k", "3", "--json"))
    assert found["query"] == "hotel night"
    assert {frozenset(hit) for hit in found["hits"]} == {frozenset(HIT_KEYS)}
    assert (found["hits"][0]["filename"], found["hits"][0]["rank"]) == ("travel.md", 1)


def test_search_says_in_a_sentence_that_the_language_is_unknown(ingested: Path) -> None:
    printed = " ".join(run("search", "Wie viel darf eine Nacht im Hotel kosten?").stdout.split())
    assert printed.count(DEGRADATIONS["language"]) == 1
    (found,) = lines(run("search", "Wie viel darf eine Nacht im Hotel kosten?", "--json"))
    assert found["degraded"] == ["language"]


def test_search_as_a_stranger_finds_nothing_of_a_group(ingested: Path) -> None:
    (found,) = lines(run("search", "salary band for engineers", "--json"))
    assert "salaries.md" not in {hit["filename"] for hit in found["hits"]}


def test_search_as_a_member_finds_what_the_group_may_read(ingested: Path) -> None:
    assert run("user", "create", "ann@example.org", "--group", "finance", "--json").exit_code == 0
    (found,) = lines(run("search", "salary band for engineers", "--as", "user:ann@example.org", "--json"))
    assert found["hits"][0]["filename"] == "salaries.md"


def test_suspended_person_finds_nothing(ingested: Path) -> None:
    run("user", "create", "ann@example.org", "--group", "finance", "--json")
    assert run("user", "suspend", "ann@example.org").exit_code == 0
    (found,) = lines(run("search", "hotel", "--as", "user:ann@example.org", "--json"))
    assert found["hits"] == []


def test_answer_has_the_fixed_shape_and_exact_quotes(ingested: Path) -> None:
    (answer,) = lines(run("ask", "How much is paid for a hotel night?", "--json"))
    assert set(answer) == ANSWER_KEYS
    citation = answer["claims"][0]["citations"][0]
    assert set(citation) == CITATION_KEYS
    assert citation["quote"] == "A hotel night is paid up to 140 euros."
    assert answer["claims"][0]["verdict"] == "supported"


def test_answer_for_people_shows_the_quote_and_its_file(ingested: Path) -> None:
    shown = run("ask", "How much is paid for a hotel night?").stdout
    assert "[1]" in shown
    assert "travel.md" in shown


def test_question_that_nothing_answers_is_said_plainly(ingested: Path) -> None:
    (answer,) = lines(run("ask", "Who discovered penicillin?", "--json"))
    assert answer["abstained"] is True
    assert answer["claims"] == []


def test_empty_question_is_wrong_use(ingested: Path) -> None:
    assert run("ask", "   ").exit_code == 2


def test_documents_are_listed_with_their_readers(ingested: Path) -> None:
    rows = lines(run("documents", "list", "--json"))
    assert {row["filename"]: row["readers"] for row in rows} == {
        "travel.md": ["everyone"],
        "salaries.md": ["group:finance"],
    }


def test_changed_readers_are_in_force_for_the_next_search(ingested: Path) -> None:
    assert run("documents", "readers", "salaries.md", "everyone").exit_code == 0
    (found,) = lines(run("search", "salary band for engineers", "--json"))
    assert found["hits"][0]["filename"] == "salaries.md"


def test_removed_document_is_found_no_more(ingested: Path) -> None:
    assert run("documents", "remove", "travel.md", "--yes").exit_code == 0
    (found,) = lines(run("search", "hotel night", "--json"))
    assert found["hits"] == []
    assert "There is no document" in run("documents", "show", "travel.md").stderr


def test_explained_access_names_the_entry(ingested: Path) -> None:
    run("user", "create", "ann@example.org", "--group", "finance", "--json")
    (explained,) = lines(run("explain-access", "salaries.md", "user:ann@example.org", "--json"))
    assert explained["may_read"] is True
    assert [entry["principal"] for entry in explained["because"]] == ["group:finance"]
    assert run("explain-access", "salaries.md", "user:bob@example.org").exit_code == 1


def test_indexes_equal_the_database_before_and_after_a_rebuild(ingested: Path) -> None:
    assert lines(run("index", "verify", "--json"))[0]["matches"] is True
    assert run("index", "rebuild").exit_code == 0
    assert lines(run("index", "verify", "--json"))[0]["matches"] is True
    assert lines(run("index", "stats", "--json"))[0]["n_passages"] == 2


def test_key_is_shown_once_and_revoked_by_its_prefix(data_dir: Path) -> None:
    run("user", "create", "ann@example.org", "--admin", "--json")
    (made,) = lines(run("key", "create", "ann@example.org", "--json"))
    assert made["key"].startswith(f"fn_{made['prefix']}_")
    assert run("key", "revoke", made["prefix"]).exit_code == 0
    assert lines(run("key", "list", "--json"))[0]["state"] == "revoked"


def test_password_comes_from_standard_input(data_dir: Path) -> None:
    result = run("user", "create", "ann@example.org", "--password-stdin", "--json", given="correct horse battery\n")
    assert lines(result) == [{"email": "ann@example.org", "name": "", "roles": ["employee"], "groups": []}]


def test_same_person_twice_is_an_error_that_says_so(data_dir: Path) -> None:
    run("user", "create", "ann@example.org", "--json")
    result = run("user", "create", "ann@example.org", "--json")
    assert result.exit_code == 1
    assert "already a user" in result.stderr


def test_doctor_finds_everything_in_place(ingested: Path) -> None:
    result = run("doctor", "--json")
    assert result.exit_code == 0
    assert "missing" not in {check["state"] for check in lines(result)}


def test_missing_model_says_what_to_do(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOOTNOTE_EMBEDDING_MODEL", "/no/such/model")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    result = run("search", "hotel")
    assert result.exit_code == 1
    assert "/no/such/model" in result.stderr


def test_data_folder_that_cannot_be_written_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data").write_text("a file is in the way")
    monkeypatch.setenv("FOOTNOTE_DATA_DIR", str(tmp_path / "data"))
    result = run("documents", "list")
    assert result.exit_code == 1
    assert "FOOTNOTE_DATA_DIR" in result.stderr


def test_setting_that_makes_no_sense_is_wrong_use(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOOTNOTE_PORT", "eighty")
    result = run("documents", "list")
    assert result.exit_code == 2
    assert "FOOTNOTE_PORT" in result.stderr


def test_port_in_use_says_what_to_do(data_dir: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        result = run("serve", "--port", str(taken.getsockname()[1]))
    assert result.exit_code == 1
    assert "is in use" in result.stderr


def test_second_server_on_the_same_data_folder_is_refused(data_dir: Path) -> None:
    with hold_server_lock(open_data_folder(data_dir)):
        result = run("serve", "--port", "0")
    assert result.exit_code == 1
    assert "Another Footnote server" in result.stderr
