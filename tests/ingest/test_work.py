"""Work in hand: what is cancelled stops, what somebody waits for goes first, and how far everything is."""

import contextlib
import datetime as dt
import io
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import func, select, update

from ingest.database import Base, Change, Database, utc_now
from ingest.documents import add_version, cancel, retry
from ingest.embed import Embedder
from ingest.embedding_models import EmbeddingModels
from ingest.errors import InvalidInput, LeaseLost
from ingest.jobs import BACKFILL, INTERACTIVE, ClaimedJob, claim, fail
from ingest.passage_queue import PassageQueue
from ingest.pipeline import Ingestion, ingest_version
from ingest.progress import put_in_batch, read_progress, unfinished_versions
from ingest.sandbox import Sandbox
from ingest.storage import Originals, open_data_folder
from ingest.tables import Document, Embedding, Job, Passage, Version
from ingest.worker import run_worker, work_on

SLOW_PAGES = "".join(f"# Chapter {i}\n\n{f'Hotel {i} is paid for. ' * 40}\n\n" for i in range(40)).encode()


class Desk:
    """A data folder to which files are handed in, and its worker."""

    def __init__(self, root: Path, embedder: Embedder) -> None:
        folder = open_data_folder(root)
        self.database = Database(f"sqlite:///{folder.root / 'footnote.db'}")
        Base.metadata.create_all(self.database.engine)
        originals = Originals(folder, max_bytes=10_000_000, min_free_bytes=0)
        self.ingestion = Ingestion(
            self.database, originals, Sandbox(folder.scratch), EmbeddingModels.of(self.database, embedder)
        )

    def add(self, content: bytes, filename: str = "a.md") -> str:
        staged = self.ingestion.originals.stage(io.BytesIO(content), filename)
        with self.database.write() as session:
            return add_version(session, self.ingestion.originals, staged, filename=filename).version.id

    def cancel(self, version_id: str) -> None:
        with self.database.write() as session:
            cancel(session, version_id)

    def work(self) -> None:
        run_worker(self.ingestion, threading.Event(), until_idle=True)

    def version(self, version_id: str) -> Version:
        with self.database.read() as session:
            return session.get_one(Version, version_id)

    def n_passages(self) -> int:
        with self.database.read() as session:
            return len(session.scalars(select(Passage.id)).all())


@pytest.fixture
def desk(tmp_path: Path, embedder: Embedder) -> Iterator[Desk]:
    desk = Desk(tmp_path, embedder)
    yield desk
    desk.ingestion.sandbox.close()
    desk.database.close()


def test_cancelled_file_is_not_read(desk: Desk) -> None:
    version_id = desk.add(b"# Travel\n\nHotels are paid.\n")
    desk.cancel(version_id)
    desk.work()
    version = desk.version(version_id)
    assert (version.status, version.error_class, desk.n_passages()) == ("cancelled", None, 0)
    assert version.message == "a.md: reading it was cancelled; try again to read it after all."


def test_cancelled_file_can_be_retried(desk: Desk) -> None:
    version_id = desk.add(b"# Travel\n\nHotels are paid.\n")
    desk.cancel(version_id)
    with desk.database.write() as session:
        retry(session, version_id)
    desk.work()
    assert (desk.version(version_id).status, desk.version(version_id).message) == ("searchable", None)


def test_uploading_a_cancelled_file_again_reads_it(desk: Desk) -> None:
    version_id = desk.add(b"# Travel\n\nHotels are paid.\n")
    desk.cancel(version_id)
    assert desk.add(b"# Travel\n\nHotels are paid.\n") == version_id
    desk.work()
    assert desk.version(version_id).status == "searchable"


def test_searchable_file_cannot_be_cancelled(desk: Desk) -> None:
    version_id = desk.add(b"# Travel\n\nHotels are paid.\n")
    desk.work()
    with pytest.raises(InvalidInput, match=r"a\.md is searchable"):
        desk.cancel(version_id)


def test_attempt_that_is_cancelled_publishes_nothing(desk: Desk) -> None:
    version_id = desk.add(b"# Travel\n\nHotels are paid.\n")
    with desk.database.write() as session:
        job = claim(session)
    desk.cancel(version_id)
    assert job is not None
    with pytest.raises(LeaseLost):
        ingest_version(desk.ingestion, job)
    assert (desk.version(version_id).status, desk.n_passages()) == ("cancelled", 0)


def test_running_parser_is_killed_when_its_job_is_cancelled(desk: Desk, tmp_path: Path) -> None:
    pipe = tmp_path / "endless"
    pipe.write_bytes(SLOW_PAGES * 40)
    stop = threading.Event()
    stop.set()
    with pytest.raises(LeaseLost, match="was stopped"):
        desk.ingestion.sandbox.parse(pipe, "endless.md", stop=stop)


def test_worker_lets_go_of_a_cancelled_file_while_it_embeds(desk: Desk) -> None:
    version_id = desk.add(SLOW_PAGES * 3)
    with desk.database.write() as session:
        job = claim(session)
    assert job is not None
    working = threading.Thread(target=work_on, args=(desk.ingestion, job))
    working.start()
    while desk.n_passages() == 0:  # its words are shown, its vectors are being made
        time.sleep(0.01)
    desk.cancel(version_id)
    n_shown = desk.n_passages()
    working.join(20)
    assert not working.is_alive()
    assert (n_shown, desk.n_passages(), desk.version(version_id).status) == (0, 0, "cancelled")


def test_worker_kills_the_parser_of_a_cancelled_file(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    version_id = desk.add(SLOW_PAGES * 130)  # its parser works for seconds
    job = claimed(desk)
    working = threading.Thread(target=work_on, args=(desk.ingestion, job))
    working.start()
    while desk.ingestion.sandbox.server_pid is None:
        time.sleep(0.01)
    desk.cancel(version_id)
    working.join()
    assert (desk.version(version_id).status, desk.n_passages()) == ("cancelled", 0)
    assert "Reading a file was stopped" in caplog.text


def test_cancelled_new_version_leaves_the_old_one_searchable(desk: Desk) -> None:
    first = desk.add(b"# Travel\n\nHotels are paid.\n")
    desk.work()
    desk.cancel(desk.add(b"# Travel\n\nHostels are paid.\n"))
    desk.work()
    assert desk.version(first).status == "searchable"
    assert desk.n_passages() == 1


def test_progress_counts_files_by_what_became_of_them(desk: Desk) -> None:
    desk.add(b"# Good\n\nText.\n", "good.md")
    desk.add(b"%PDF-1.7 broken", "bad.pdf")
    desk.work()
    desk.cancel(desk.add(b"# Never\n\nText.\n", "never.md"))
    waiting = desk.add(b"# Soon\n\nText.\n", "soon.md")
    with desk.database.read() as session:
        found, unfinished = read_progress(session), unfinished_versions(session)
    assert (found.done, found.failed, found.cancelled, found.queued, found.running) == (1, 1, 1, 1, 0)
    assert found.files_per_second > 0
    assert found.seconds_left == pytest.approx(1 / found.files_per_second, rel=0.05, abs=0.1)
    assert unfinished == [waiting]


def test_progress_of_a_batch_counts_its_files_alone(desk: Desk) -> None:
    version_id = desk.add(b"# One\n\nText.\n", "one.md")
    desk.add(b"# Two\n\nText.\n", "two.md")
    with desk.database.write() as session:
        put_in_batch(session, version_id, "monday")
        monday, tuesday = read_progress(session, "monday"), read_progress(session, "tuesday")
    assert (monday.queued, tuesday.queued, monday.seconds_left) == (1, 0, None)


def start_and_wait_for_words(desk: Desk, job: ClaimedJob, stop: threading.Event) -> threading.Thread:
    """A thread that works on a job whose words are shown by now, and whose vectors are not there yet."""

    def work() -> None:
        with contextlib.suppress(LeaseLost):
            ingest_version(desk.ingestion, job, stop)

    working = threading.Thread(target=work)
    working.start()
    while desk.n_passages() == 0:
        time.sleep(0.005)
    return working


def claimed(desk: Desk) -> ClaimedJob:
    with desk.database.write() as session:
        job = claim(session)
    assert job is not None
    return job


def test_words_of_a_new_file_are_shown_before_its_vectors(desk: Desk) -> None:
    version_id = desk.add(SLOW_PAGES)
    working = start_and_wait_for_words(desk, claimed(desk), threading.Event())
    with desk.database.read() as session:
        n_vectors = session.scalar(select(func.count()).select_from(Embedding))
    early, n_shown = desk.version(version_id).status, desk.n_passages()
    working.join()
    assert (early, n_vectors) == ("running", 0)
    assert (desk.version(version_id).status, desk.n_passages()) == ("searchable", n_shown)


def test_backfill_is_shown_only_when_it_is_whole(desk: Desk) -> None:
    version_id = desk.add(SLOW_PAGES)
    with desk.database.write() as session:
        session.execute(update(Job).values(priority=BACKFILL))
    desk.work()
    with desk.database.read() as session:
        kinds = session.scalars(select(Change.kind)).all()
    assert (desk.version(version_id).status, kinds) == ("searchable", ["publish"])


def test_words_shown_early_are_taken_back_when_the_file_fails(desk: Desk) -> None:
    desk.add(SLOW_PAGES)
    job, stop = claimed(desk), threading.Event()
    working = start_and_wait_for_words(desk, job, stop)
    stop.set()
    working.join()
    with desk.database.write() as session:
        fail(session, job, "malformed", "It cannot be read.")
    with desk.database.read() as session:
        assert session.scalars(select(Document.current_version_id)).one() is None
        assert session.scalars(select(Change.kind).order_by(Change.seq)).all() == ["publish", "withdraw"]
    assert desk.n_passages() == 0


def test_second_attempt_replaces_the_words_that_the_first_one_showed(desk: Desk) -> None:
    version_id = desk.add(SLOW_PAGES)
    stop = threading.Event()
    working = start_and_wait_for_words(desk, claimed(desk), stop)
    n_shown = desk.n_passages()
    stop.set()
    working.join()
    with desk.database.write() as session:
        session.execute(update(Job).values(lease_until=utc_now() - dt.timedelta(seconds=1)))
    desk.work()
    assert (desk.version(version_id).status, desk.n_passages()) == ("searchable", n_shown)


def test_urgent_texts_go_before_those_of_a_backfill(embedder: Embedder) -> None:
    queue = PassageQueue()
    ended: list[str] = []

    def encode(name: str, n: int, priority: int) -> None:
        texts = [f"{name} passage {i} about hotels and trains" for i in range(n)]
        encoded = queue.encode(embedder, texts, priority=priority, on_progress=lambda _: None, stop=threading.Event())
        ended.append(f"{name} {len(encoded)}")

    backfill = threading.Thread(target=encode, args=("backfill", 600, BACKFILL))
    backfill.start()
    encode("urgent", 40, INTERACTIVE)
    backfill.join()
    assert ended == ["urgent 40", "backfill 600"]


def test_texts_of_several_files_get_the_vectors_they_get_alone(embedder: Embedder) -> None:
    queue = PassageQueue()
    texts = [[f"File {i} says {word} {i * j}." for j, word in enumerate(("hotel", "train", "meal"))] for i in range(12)]
    with ThreadPoolExecutor(12) as pool:
        found = list(
            pool.map(
                lambda own: queue.encode(
                    embedder, own, priority=BACKFILL, on_progress=lambda _: None, stop=threading.Event()
                ),
                texts,
            )
        )
    alone = embedder.embed_passages([text for own in texts for text in own])
    together = np.array([passage.vector for own in found for passage in own])
    assert np.sum(alone * together, axis=1) == pytest.approx(1.0, abs=0.01)
