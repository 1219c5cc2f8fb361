"""`footnote ingest ADDRESS`: pages of allowed hosts become documents, and unchanged ones are not fetched twice."""

from pathlib import Path

import pytest

from tests.api.test_cli import data_dir, lines, run  # noqa: F401 (data_dir is a fixture)
from tests.ingest.test_web import listening, ok

PAGE = b"<html><title>Travel</title><body><h1>Travel</h1><p>A hotel night is paid up to 140 euros.</p></body></html>"


def answer(request: bytes) -> bytes:
    if b"If-None-Match" in request:
        return b"HTTP/1.1 304 Not Modified\r\n\r\n"
    return ok(PAGE, 'ETag: "1"', "Content-Type: text/html")


def test_page_is_fetched_once_and_found(
    tmp_path: Path,
    data_dir: Path,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FOOTNOTE_URL_ALLOW_PRIVATE", "127.0.0.1")
    addresses = tmp_path / "addresses.txt"
    with listening(answer) as server:
        addresses.write_text(f"# pages\nhttp://127.0.0.1:{server.port}/travel\n")
        first, _ = lines(run("ingest", "--urls", str(addresses), "--reader", "group:staff", "--json"))
        again, _ = lines(run("ingest", f"http://127.0.0.1:{server.port}/travel", "--json"))
    (hit,) = lines(run("search", "hotel", "--as", "group:staff", "--json"))[0]["hits"]
    assert (first["status"], again["status"], server.n_connections) == ("searchable", "unchanged", 2)
    assert (hit["filename"], hit["title"]) == ("127.0.0.1/travel.html", "Travel")


def test_page_of_a_host_that_is_not_allowed_is_never_asked_for(data_dir: Path) -> None:  # noqa: F811
    with listening(answer) as server:
        result = run("ingest", f"http://127.0.0.1:{server.port}/travel", "--json")
    row, _ = lines(result)
    assert (row["status"], result.exit_code, server.n_connections) == ("failed", 1, 0)
    assert "FOOTNOTE_URL_ALLOW" in row["message"]
