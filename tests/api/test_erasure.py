"""Erasing: afterwards no file of the data folder and no row of the database holds anything of the document."""

import io
import threading
from pathlib import Path

import httpx
import numpy as np
import pytest
from sqlalchemy import select

from api.erasing import erase_document
from api.migrate import migrate
from ingest.database import Base, Database
from ingest.documents import add_version
from ingest.embed import Embedder
from ingest.embedding_models import EmbeddingModels
from ingest.pipeline import Ingestion
from ingest.replica import Replica, clear_indexes
from ingest.sandbox import Sandbox
from ingest.storage import Originals, open_data_folder
from ingest.tables import Embedding, Passage, Version
from ingest.worker import run_worker
from tests.api.office import Office, pdf_of

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


def original_of(office: Office, document_id: str) -> Path:
    with office.database.read() as session:
        sha256 = session.scalars(select(Version.sha256).where(Version.document_id == document_id)).one()
    return office.parts.originals.path(sha256)


def traces_of(office: Office, document_id: str) -> list[bytes]:
    """The word, bytes of the original, and of every vector and token code as they stand in SQL and in index files."""
    with office.database.read() as session:
        rows = session.execute(
            select(Embedding.vector, Embedding.token_codes)
            .join(Passage, Passage.embedding_hash == Embedding.text_hash)
            .where(Passage.text.contains(WORD))
        ).all()
    original = original_of(office, document_id).read_bytes()
    content = original.index(b"stream") + 20
    traces = [WORD.encode(), original[content : content + 64]]
    for vector, codes in rows:
        full = np.frombuffer(vector, dtype="<f2").astype("<f4")
        traces += [vector[:48], vector[-48:], full.tobytes()[:64], codes[:64]]
    return traces


def write_everything_down(office: Office) -> None:
    """Have the database's log moved into its file, and a snapshot of the indexes written."""
    with office.database.engine.connect() as connection:
        connection.connection.cursor().execute("PRAGMA wal_checkpoint(FULL)")
    office.parts.load_search().replica.snapshot()


@pytest.fixture
def secret_id(office: Office) -> str:
    """A PDF with the word, among others, that was searched, looked at and answered from."""
    for i in range(12):
        office.add(
            f"# Rule {i}\n\n{'Trains are booked in second class. ' * 20}\n".encode(), f"rule-{i}.md", ["everyone"]
        )
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
    write_everything_down(office)
    traces = traces_of(office, secret_id)
    before = files_holding(root, traces)

    report = erase(office, secret_id).json()

    assert {path.split("/")[0] for path in before} >= {"footnote.db", "indexes", "originals"}
    assert report["complete"]
    assert (report["documents"], report["originals"], report["page_images"], report["answers_changed"]) == (1, 1, 1, 1)
    assert report["vectors"] > 0
    assert files_holding(root, traces) == []
    assert list(office.parts.folder.page_images.glob("*/*")) == []


def test_snapshot_is_not_written_before_the_indexes_have_forgotten(
    office: Office, secret_id: str, embedder: Embedder
) -> None:
    root = office.parts.folder.root
    traces = traces_of(office, secret_id)
    replica = Replica(root / "other", embedder.model_id, embedder.dimension)
    with office.database.read() as session:
        replica.open(session)
        replica.snapshot()
    before = files_holding(root / "other" / "snapshots", traces)

    erase(office, secret_id)
    clear_indexes(root / "other")
    with office.database.read() as session:
        replica.catch_up(session)
        replica.snapshot()
    unforgotten = list((root / "other" / "snapshots").glob("0*"))
    with office.database.read() as session:
        replica.forget(session)
    replica.snapshot()
    written = list((root / "other" / "snapshots").glob("0*"))
    after = files_holding(root / "other", traces)
    replica.close()

    assert (len(before) > 0, unforgotten, len(written), after) == (True, [], 1, [])


def test_cut_off_upload_of_it_is_erased_too(office: Office, secret_id: str) -> None:
    scratch = office.parts.folder.scratch
    cut_off, other = scratch / "staged-cut-off", scratch / "staged-other"
    cut_off.write_bytes(original_of(office, secret_id).read_bytes()[:300])
    other.write_bytes(b"Something else that is being uploaded.")

    report = erase(office, secret_id).json()

    assert (report["staged_files"], cut_off.exists(), other.exists()) == (1, False, True)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_erased_document_leaves_no_trace_in_postgresql(
    database_url: str, tmp_path: Path, embedder: Embedder, sandbox: Sandbox
) -> None:
    migrate(database_url)
    database = Database(database_url)
    folder = open_data_folder(tmp_path / "data")
    originals = Originals(folder, max_bytes=100_000, min_free_bytes=0)
    ingestion = Ingestion(database, originals, sandbox, EmbeddingModels.of(database, embedder))
    staged = ingestion.originals.stage(io.BytesIO(f"# Plan\n\n{SECRET}\n".encode()), "plan.md")
    with database.write() as session:
        document_id = add_version(session, ingestion.originals, staged, filename=f"{WORD}.md").document.id
    run_worker(ingestion, threading.Event(), until_idle=True)
    before = dump(database)
    report = erase_document(database, folder, ingestion.originals, document_id)
    after = dump(database)
    database.close()
    assert (WORD in before, WORD in after, report.complete) == (True, False, True)


def dump(database: Database) -> str:
    """Every row of every table."""
    with database.engine.connect() as connection:
        return "\n".join(
            repr(row) for table in Base.metadata.sorted_tables for row in connection.execute(select(table)).all()
        )


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
