"""Hostile files and names through the real upload API: each ends in a named state, and nothing else suffers."""

import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, get_args

import httpx
import pytest
from hostile_files import HOSTILE_NAMES, hostile_files
from server_process import ServerProcess, wait_for

from ingest.errors import ErrorClass

SHARED_DATA = Path(__file__).parents[3] / "shared" / "data"
FOLDERS = ("office-mail-html", "mail", "broken-pdf")
NAMED = frozenset(get_args(ErrorClass)) - {"internal"}
SLOW = frozenset(
    {
        "bomb-8-gib.docx", "wide.docx", "endless-text.pdf", "form-in-itself.pdf", "twenty-thousand.mbox",
        "one-long-line.txt", "too-long.txt", "large-number.json", "two-million-cells.csv", "wide.csv", "open-quote.csv",
        "brackets.md", "stars.md", "deep-lists.md", "nested-wide.zip", "three-thousand-entries.zip",
    }
)  # fmt: skip
GOOD_SECONDS = 10


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    server = ServerProcess(tmp_path_factory.mktemp("hostile") / "data")
    server.add_admin()
    server.start()
    yield server
    server.close()


def places_outside_the_store(server: ServerProcess) -> set[str]:
    """Files below the data folder's parent that are neither Footnote's own nor an original under its hash."""
    root = server.data_dir.parent
    odd = set()
    for path in root.rglob("*"):
        parts = path.relative_to(root).parts
        own = parts[0] in ("data", "server.log")
        if path.is_symlink() or not own or (parts[1:2] == ("originals",) and path.is_file() and len(path.name) != 64):
            odd.add(str(path))
    return odd


def escaped() -> list[str]:
    """Files that hostile names and archives tried to write."""
    places = [Path("/tmp"), Path("/etc"), Path("/"), Path.cwd(), Path.cwd().parent]
    return [
        str(place / name)
        for place in places
        for name in ("escaped", "escaped.md", "escaped.txt")
        if (place / name).exists()
    ]


def upload_all(server: ServerProcess, files: Iterator[tuple[str, bytes]]) -> dict[str, str]:
    """Upload files three at a time; the document's id, or the problem's title, of each."""

    def upload(file: tuple[str, bytes]) -> tuple[str, str]:
        answer = server.upload(*file)
        assert answer.status_code < 500, (file[0], answer.text)
        body = answer.json()
        return file[0], body["id"] if answer.status_code == 202 else body["title"]

    with ThreadPoolExecutor(3) as pool:
        return dict(pool.map(upload, files))


def seconds_until_found(server: ServerProcess, word: str) -> float:
    """How long a small good file takes from its upload until a search finds it."""
    started = time.monotonic()
    server.upload(f"{word}.md", f"# A good file\n\nIts word is {word}.\n".encode()).raise_for_status()
    wait_for(lambda: server.passages_with(word), 300, "the search for a good file")
    return time.monotonic() - started


def table(documents: list[dict[str, Any]]) -> str:
    """By file ending: how many files, how many are searchable, and how many failed in which class."""
    by_type: dict[str, Counter[str]] = defaultdict(Counter)
    for document in documents:
        ending = Path(document["filename"]).suffix.lower() or "none"
        by_type[ending][document["error_class"] or document["status"]] += 1
    return "\n".join(f"{ending:12} {sum(found.values()):5}  {dict(found)}" for ending, found in sorted(by_type.items()))


def check_named(server: ServerProcess, documents: list[dict[str, Any]]) -> None:
    """Every document ended in a state with a name, the worker never did, and nothing was written elsewhere."""
    unnamed = [document for document in documents if document["error_class"] not in {None, *NAMED}]
    assert {document["filename"]: document["message"] for document in unnamed} == {}
    assert {document["status"] for document in documents} <= {"searchable", "failed"}
    assert b"the worker ended" not in server.log.read_bytes()
    assert (places_outside_the_store(server), escaped()) == (set(), [])


@pytest.mark.parametrize(
    ("left_out", "within_seconds"),
    [
        pytest.param(SLOW, 120, id="fast"),
        pytest.param(frozenset(), GOOD_SECONDS, id="all", marks=pytest.mark.nightly),
    ],
)
def test_every_hostile_file_ends_in_a_named_state_while_a_good_one_is_found(
    server: ServerProcess, left_out: frozenset[str], within_seconds: float
) -> None:
    sent = upload_all(server, (file for file in hostile_files() if file[0] not in left_out))
    seconds = seconds_until_found(server, f"wombat{len(sent):05d}x")
    documents = server.wait_until_ended(600)
    print(f"\n{len(sent)} hostile files; a good one was found after {seconds:.1f} s\n{table(documents)}")
    assert set(sent) <= {document["filename"].split("/")[0] for document in documents}
    check_named(server, documents)
    assert seconds < within_seconds


@pytest.mark.parametrize("name", HOSTILE_NAMES, ids=range(len(HOSTILE_NAMES)))
def test_hostile_name_stays_a_name(server: ServerProcess, name: str) -> None:
    body = (
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="' + name.encode().replace(b'"', b"%22")
        + b'"\r\n\r\n# Words\r\n--b--\r\n'
    )  # fmt: skip
    headers = {**server.headers, "Content-Type": "multipart/form-data; boundary=b"}
    answer = httpx.post(f"{server.url}/v1/documents", content=body, headers=headers, timeout=60)
    assert answer.status_code in (202, 400, 422), answer.text
    assert "x-injected" not in answer.headers
    if answer.status_code == 202:
        document = answer.json()
        assert not {"..", ""} & set(document["filename"].split("/"))
        assert document["filename"].isprintable()
        original = httpx.get(f"{server.url}/v1/documents/{document['id']}/original", headers=server.headers, timeout=60)
        assert (original.status_code, "x-injected" in original.headers) in ((200, False), (404, False))
        assert "\u202e" not in original.headers.get("content-disposition", "")
    assert (places_outside_the_store(server), escaped()) == (set(), [])


def shared_files() -> Iterator[tuple[str, bytes]]:
    """Every file of the folders of real and broken files, under its path."""
    for folder in FOLDERS:
        for path in sorted((SHARED_DATA / folder).rglob("*")):
            if path.is_file() and path.name not in ("SOURCE.md", "MANIFEST.jsonl", "reference_results.jsonl"):
                yield path.relative_to(SHARED_DATA).as_posix(), path.read_bytes()


@pytest.mark.nightly
@pytest.mark.shared_data("broken-pdf")
@pytest.mark.shared_data("office-mail-html")
def test_every_real_and_broken_file_ends_in_a_named_state(tmp_path: Path) -> None:
    server = ServerProcess(tmp_path / "data")
    server.add_admin()
    server.start()
    try:
        uploading = ThreadPoolExecutor(1).submit(upload_all, server, shared_files())
        waits = []
        while not uploading.done():
            waits.append(seconds_until_found(server, f"wombat{len(waits):05d}x"))
            time.sleep(1)
        sent, documents = uploading.result(), server.wait_until_ended(1800)
        refused = Counter(title for title in sent.values() if " " in title)
        print(f"\n{len(sent)} files, refused at the door: {dict(refused)}\n{table(documents)}")
        print(f"a good file was found after at most {max(waits):.1f} s ({len(waits)} tries)")
        check_named(server, documents)
        assert max(waits) < GOOD_SECONDS
    finally:
        server.close()
