"""Erasing: afterwards no file of the data folder and no row of the database holds anything of the document."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
from sqlalchemy import select, text

from api.erasing import erase_document
from api.migrate import migrate
from ingest.database import Base, Database
from ingest.embed import Embedder
from ingest.errors import NotFound
from ingest.pipeline import Ingestion
from ingest.sandbox import Sandbox
from ingest.storage import Originals, open_data_folder
from ingest.tables import Embedding, Passage
from tests.api.office import CANARY, Office, pdf_of, wait_until
from tests.ingest.test_work import Desk

WORD = "Zirconiumflute"
SECRET = (
    f"The project {WORD} starts in the ninth week. The budget of {WORD} is forty million euros, paid in three parts. "
)


def files_holding(root: Path, traces: list[bytes]) -> list[str]:
    """The files below a folder that hold one of the traces, as relative paths."""
    found = []
    for path in sorted(path for path in root.rglob("*") if path.is_file()):
        content = path.read_bytes()
        lowered = content.lower()
        if any(trace in content or trace.lower() in lowered for trace in traces):
            found.append(path.relative_to(root).as_posix())
    return found


def traces_of(database: Database, document_id: str) -> list[bytes]:
    """The word, and the bytes of every vector and of the tokens' codes, as they stand in SQL and in index files."""
    with database.read() as session:
        rows = session.execute(
            select(Embedding.vector, Embedding.token_codes)
            .join(Passage, Passage.embedding_hash == Embedding.text_hash)
            .where(Passage.text.contains(WORD))
        ).all()
    traces = [WORD.encode(), document_id.encode() + b"/"]
    for vector, codes in rows:
        full = np.frombuffer(vector, dtype="<f2").astype("<f4")
        traces += [vector[:48], vector[-48:], full.tobytes()[:64], codes[:64]]
    return traces


@pytest.fixture
def secret_id(office: Office) -> str:
    """A PDF with the word, among others, that was searched, looked at and answered from."""
    for i in range(12):
        office.add(f"# Rule {i}\n\n{'Trains are booked in second class. ' * 20}\n".encode(), f"rule-{i}.md", ["everyone"])
    document_id = office.add(pdf_of(SECRET * 12), f"{WORD}-plan.pdf", ["everyone"])
    with office.client("bob") as bob:
        bob.get(f"/v1/documents/{document_id}/pages/1.png").raise_for_status()
        answer = bob.post("/v1/answers", json={"question": f"What is the budget of {WORD[:-5]} project?"}).json()
    assert WORD in answer["text"]
    return document_id


def erase(office: Office, document_id: str) -> httpx.Response:
    with office.client("boss") as boss:
        return boss.post(f"/v1/documents/{document_id}/erase")


def test_erased_document_leaves_no_trace_in_any_file(office: Office, secret_id: str) -> None:
    root = office.parts.folder.root
    traces = traces_of(office.database, secret_id)
    before = files_holding(root, traces)
    assert {path.split("/")[0] for path in before} >= {"footnote.db", "indexes", "page-images"} - {"page-images"}

    report = erase(office, secret_id).json()

    assert report["complete"]
    assert (report["documents"], report["originals"], report["page_images"], report["answers_changed"]) == (1, 1, 1, 1)
    assert report["vectors"] > 0
    assert files_holding(root, traces) == []


def test_snapshot_of_before_is_gone_and_the_next_one_is_clean(office: Office, secret_id: str) -> None:
    root = office.parts.folder.root
    traces = traces_of(office.database, secret_id)
    replica = office.parts.load_search().replica
    replica.snapshot()
    assert any(path.startswith("indexes/snapshots") for path in files_holding(root, traces))

    erase(office, secret_id)
    with office.database.read() as session:
        replica.catch_up(session)
    replica.snapshot()
    unforgotten = list((root / "indexes" / "snapshots").glob("0*"))
    with office.database.read() as session:
        replica.forget(session)
    replica.snapshot()

    assert files_holding(root / "indexes" / "snapshots", traces) == []
    assert len(unforgotten) <= 1


def test_cut_off_upload_of_it_is_erased_too(office: Office, secret_id: str) -> None:
    with office.client("boss") as boss:
        content = boss.get(f"/v1/documents/{secret_id}/original").content if False else pdf_of(SECRET * 12)
    path = office.parts.folder.scratch / "staged-cut-off"
    (original,) = [
        path
        for path in office.parts.folder.originals.rglob("*")
        if path.is_file() and path.stat().st_size == len(content)
    ] or [None]
    assert original is not None
    path.write_bytes(original.read_bytes()[:300])
    other = office.parts.folder.scratch / "staged-other"
    other.write_bytes(b"Something else that is being uploaded.")

    report = erase(office, secret_id).json()

    assert (report["staged_files"], path.exists(), other.exists()) == (1, False, True)


def test_original_that_another_document_shares_is_kept(office: Office) -> None:
    first = office.add(b"# Lift\n\nThe lift is tested in May.\n", "a.md", ["everyone"])
    office.add(b"# Lift\n\nThe lift is tested in May.\n", "b.md", ["everyone"])
    report = erase(office, first).json()
    assert (report["originals"], report["originals_shared"]) == (0, 1)


def test_erased_document_is_not_found_by_the_next_request(office: Office, secret_id: str) -> None:
    erase(office, secret_id)
    with office.client("bob") as bob:
        hits = bob.post("/v1/search", json={"query": WORD}).json()["hits"]
        status = bob.get(f"/v1/documents/{secret_id}").status_code
    assert ([hit for hit in hits if WORD in hit["text"]], status) == ([], 404)


@pytest.mark.parametrize("name", ["bob", "ann", "eve"])
def test_only_admins_erase(reading_office: Office, name: str) -> None:
    with reading_office.client(name) as client:
        assert client.post(f"/v1/documents/{reading_office.open_id}/erase").status_code == 403


def test_erasing_what_is_not_there_is_not_found(office: Office) -> None:
    assert erase(office, "0" * 32).status_code == 404
