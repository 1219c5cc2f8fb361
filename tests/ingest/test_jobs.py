"""Jobs: each is claimed once, survives its worker, and is ended only by the attempt that holds it."""

import datetime as dt
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select, update

from ingest.database import Base, Database, utc_now
from ingest.documents import retry
from ingest.errors import LeaseLost
from ingest.jobs import (
    BACKFILL,
    INTERACTIVE,
    MAX_FAILURES,
    MAX_LOSSES,
    ClaimedJob,
    claim,
    enqueue,
    fail,
    finish,
    heartbeat,
)
from ingest.tables import Document, Job, Version


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    Base.metadata.create_all(database.engine)
    yield database
    database.close()


def add_job(database: Database, name: str = "a.md", priority: int = INTERACTIVE) -> str:
    with database.write() as session:
        document = Document(collection="default", source=name, filename=name, title=name)
        session.add(document)
        session.flush()
        version = Version(document_id=document.id, number=1, sha256="0" * 64, size_bytes=1, filename=name)
        session.add(version)
        session.flush()
        enqueue(session, version.id, priority=priority)
        return version.id


def claim_one(database: Database) -> ClaimedJob | None:
    with database.write() as session:
        return claim(session)


def claim_surely(database: Database) -> ClaimedJob:
    job = claim_one(database)
    assert job is not None
    return job


def expire_leases(database: Database) -> None:
    with database.write() as session:
        session.execute(update(Job).values(lease_until=utc_now() - dt.timedelta(seconds=1)))


def make_available(database: Database) -> None:
    with database.write() as session:
        session.execute(update(Job).values(available_at=utc_now() - dt.timedelta(seconds=1)))


def version_of(database: Database, version_id: str) -> Version:
    with database.read() as session:
        return session.get_one(Version, version_id)


def test_job_is_claimed_once(database: Database) -> None:
    add_job(database)
    assert claim_one(database) is not None
    assert claim_one(database) is None


def test_many_workers_claim_each_job_once(database: Database) -> None:
    versions = {add_job(database, f"{i}.md") for i in range(20)}
    with ThreadPoolExecutor(8) as pool:
        claimed = list(pool.map(lambda _: claim_surely(database).version_id, range(20)))
    assert sorted(claimed) == sorted(versions)


def test_interactive_upload_goes_before_an_older_backfill(database: Database) -> None:
    add_job(database, "old.md", BACKFILL)
    urgent = add_job(database, "new.md", INTERACTIVE)
    assert claim_surely(database).version_id == urgent


def test_thread_for_urgent_files_takes_the_smallest_and_the_others_the_oldest(database: Database) -> None:
    oldest, small = add_job(database, "a-file-with-a-long-name.md"), add_job(database, "b.md")
    with database.write() as session:
        session.execute(update(Version).where(Version.id == oldest).values(size_bytes=1_000_000))
        urgent = claim(session, interactive_only=True)
    assert urgent is not None
    assert (urgent.version_id, claim_surely(database).version_id) == (small, oldest)


def test_abandoned_job_is_claimed_again_after_its_lease(database: Database) -> None:
    add_job(database)
    first = claim_surely(database)
    expire_leases(database)
    second = claim_surely(database)
    assert (second.id, second.attempt) == (first.id, 2)


def test_late_worker_cannot_end_a_job_that_was_taken_over(database: Database) -> None:
    add_job(database)
    late = claim_surely(database)
    expire_leases(database)
    claim_surely(database)
    with pytest.raises(LeaseLost), database.write() as session:
        finish(session, late)
    with pytest.raises(LeaseLost), database.write() as session:
        heartbeat(session, late)


def test_job_of_a_killed_process_is_claimed_at_once(database: Database) -> None:
    add_job(database)
    killed = subprocess.run(
        [sys.executable, "-c", "from ingest.process_identity import this_process; print(this_process())"],
        capture_output=True,
        text=True,
        check=True,
    )
    claim_surely(database)
    with database.write() as session:
        session.execute(update(Job).values(worker=killed.stdout.strip()))
    assert claim_surely(database).attempt == 2


def test_job_of_a_process_on_another_machine_waits_for_its_lease(database: Database) -> None:
    add_job(database)
    claim_surely(database)
    with database.write() as session:
        session.execute(update(Job).values(worker="elsewhere/pid:[1] 1 1"))
    assert claim_one(database) is None


def test_retried_job_does_not_fall_back_to_an_old_fencing_number(database: Database) -> None:
    version_id = add_job(database)
    late = claim_surely(database)
    with database.write() as session:
        fail(session, late, "malformed", "a.md: broken; upload it again.")
    with database.write() as session:
        retry(session, version_id)
    assert claim_surely(database).attempt > late.attempt


def test_heartbeat_keeps_the_job(database: Database) -> None:
    add_job(database)
    job = claim_surely(database)
    expire_leases(database)
    with database.write() as session:
        heartbeat(session, job)
    assert claim_one(database) is None


def test_job_whose_workers_vanish_again_and_again_fails_with_a_sentence(database: Database) -> None:
    version_id = add_job(database)
    for _ in range(MAX_LOSSES):
        claim_surely(database)
        expire_leases(database)
    assert claim_one(database) is None
    version = version_of(database, version_id)
    assert (version.status, version.error_class) == ("failed", "internal")
    assert "retry" in (version.message or "")


def test_malformed_file_fails_at_once(database: Database) -> None:
    version_id = add_job(database)
    with database.write() as session:
        assert not fail(session, claim_surely_in(session), "malformed", "a.md: broken; upload it again.")
    version = version_of(database, version_id)
    assert (version.status, version.error_class) == ("failed", "malformed")
    assert claim_one(database) is None


def claim_surely_in(session: object) -> ClaimedJob:
    job = claim(session)  # type: ignore[arg-type]
    assert job is not None
    return job


def test_timeout_is_tried_again_after_a_pause(database: Database) -> None:
    version_id = add_job(database)
    job = claim_surely(database)
    with database.write() as session:
        assert fail(session, job, "timeout", "too slow")
    assert claim_one(database) is None
    make_available(database)
    assert claim_surely(database).attempt == 2
    assert version_of(database, version_id).status == "running"


def test_third_timeout_is_the_end(database: Database) -> None:
    version_id = add_job(database)
    for _ in range(MAX_FAILURES):
        make_available(database)
        job = claim_surely(database)
        with database.write() as session:
            fail(session, job, "timeout", "a.md: reading took more than 90 seconds; split the file.")
    assert version_of(database, version_id).error_class == "timeout"
    with database.read() as session:
        assert session.scalars(select(Job.state)).all() == ["dead"]
