"""The worker: claims jobs, does them, and writes down how each ended."""

import logging
import os
import threading
import time

from ingest.errors import FileRejected, LeaseLost
from ingest.jobs import LEASE_SECONDS, ClaimedJob, claim, fail, has_work, heartbeat, is_owned
from ingest.pipeline import Ingestion, ingest_version
from ingest.tables import Version

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.1
N_THREADS = 3
WATCH_SECONDS = 0.5  # how soon a cancelled job is noticed


def run_worker(parts: Ingestion, stop: threading.Event, *, until_idle: bool = False) -> None:
    """Work on jobs in `N_THREADS` threads, so that parsing one file overlaps embedding another.

    One more thread takes only what somebody waits for, so that a backfill never holds them all. Returns when `stop`
    is set, after the jobs in hand; with `until_idle`, also when nothing is left to claim.
    """
    assert parts.queue
    threads = [
        threading.Thread(target=_work, args=(parts, stop, until_idle, i == N_THREADS), name=f"worker-{i}")
        for i in range(N_THREADS + 1)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def stop_with_parent(stop: threading.Event) -> None:
    """Set `stop` when the process that started this one is gone."""
    parent = os.getppid()

    def watch() -> None:
        while not stop.wait(1):
            if os.getppid() != parent:
                stop.set()

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()


def _work(parts: Ingestion, stop: threading.Event, until_idle: bool, interactive_only: bool) -> None:
    while not stop.is_set():
        job = _next_job(parts, interactive_only)
        if job is not None:
            work_on(parts, job)
        elif until_idle:
            return
        else:
            stop.wait(POLL_SECONDS)


def _next_job(parts: Ingestion, interactive_only: bool) -> ClaimedJob | None:
    """Claim a job; looking for one only reads."""
    with parts.database.read() as session:
        if not has_work(session, interactive_only=interactive_only):
            return None
    with parts.database.write() as session:
        return claim(session, interactive_only=interactive_only)


def work_on(parts: Ingestion, job: ClaimedJob) -> None:
    """Do one claimed job under a heartbeat and record its end; an error ends the job, never the worker."""
    done, lost = threading.Event(), threading.Event()
    beating = threading.Thread(target=_beat, args=(parts, job, done, lost), name=f"heartbeat-{job.id}")
    beating.start()
    try:
        n_passages = ingest_version(parts, job, lost)
        logger.info("published version %s: %d passages", job.version_id, n_passages)
    except LeaseLost as lost:
        logger.warning("%s", lost)
    except FileRejected as rejected:
        logger.info("version %s was rejected: %s", job.version_id, rejected.error_class)
        _record_failure(parts, job, rejected)
    except Exception:
        logger.exception("version %s failed", job.version_id)
        _record_failure(parts, job, None)
    finally:
        done.set()
        beating.join()


def _record_failure(parts: Ingestion, job: ClaimedJob, rejected: FileRejected | None) -> None:
    """Write a failure's class and sentence, unless the job or its document is gone."""
    try:
        with parts.database.write() as session:
            version = session.get(Version, job.version_id)
            if version is None:
                return
            if rejected is not None:
                fail(session, job, rejected.error_class, str(rejected))
            else:
                fail(
                    session,
                    job,
                    "internal",
                    f"{version.filename}: reading it failed inside Footnote; the worker's "
                    "log says why. Retry it, and report it if it fails again.",
                )
    except LeaseLost as lost:
        logger.warning("%s", lost)


def _beat(parts: Ingestion, job: ClaimedJob, done: threading.Event, lost: threading.Event) -> None:
    """Extend the lease until the job ends; set `lost` soon after it was cancelled or taken over."""
    beat_at = time.monotonic() + LEASE_SECONDS / 4
    while not done.wait(WATCH_SECONDS):
        with parts.database.read() as session:
            owned = is_owned(session, job)
        try:
            if owned and time.monotonic() >= beat_at:
                beat_at = time.monotonic() + LEASE_SECONDS / 4
                with parts.database.write() as session:
                    heartbeat(session, job)
        except LeaseLost:
            owned = False
        if not owned and not done.is_set():
            lost.set()
            return
