"""The worker: claims jobs, does them, and writes down how each ended."""

import logging
import os
import threading

from ingest.errors import FileRejected, LeaseLost
from ingest.jobs import LEASE_SECONDS, ClaimedJob, claim, fail, heartbeat
from ingest.pipeline import Ingestion, ingest_version
from ingest.tables import Version

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.2
N_THREADS = 2


def run_worker(parts: Ingestion, stop: threading.Event, *, until_idle: bool = False) -> None:
    """Work on jobs in `N_THREADS` threads, so that parsing one file overlaps embedding another.

    Returns when `stop` is set, after the jobs in hand; with `until_idle`, also when nothing is left to claim.
    """
    threads = [
        threading.Thread(target=_work, args=(parts, stop, until_idle), name=f"worker-{i}") for i in range(N_THREADS)
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


def _work(parts: Ingestion, stop: threading.Event, until_idle: bool) -> None:
    while not stop.is_set():
        with parts.database.write() as session:
            job = claim(session)
        if job is not None:
            work_on(parts, job)
        elif until_idle:
            return
        else:
            stop.wait(POLL_SECONDS)


def work_on(parts: Ingestion, job: ClaimedJob) -> None:
    """Do one claimed job under a heartbeat and record its end; an error ends the job, never the worker."""
    done = threading.Event()
    beating = threading.Thread(target=_beat, args=(parts, job, done), name=f"heartbeat-{job.id}")
    beating.start()
    try:
        n_passages = ingest_version(parts, job)
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


def _beat(parts: Ingestion, job: ClaimedJob, done: threading.Event) -> None:
    """Extend the lease until the job ends or is lost."""
    while not done.wait(LEASE_SECONDS / 4):
        try:
            with parts.database.write() as session:
                heartbeat(session, job)
        except LeaseLost:
            return
