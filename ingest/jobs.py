"""Jobs as rows: claim with a lease, heartbeat, and an end that only the claiming attempt can write."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import ColumnElement, ScalarSelect, and_, case, or_, select, update
from sqlalchemy.orm import Session

from ingest.database import utc_now
from ingest.errors import ErrorClass, LeaseLost
from ingest.process_identity import has_vanished, this_process
from ingest.publish import take_back
from ingest.tables import Job, Version

MAX_FAILURES = 3
MAX_LOSSES = 10
LEASE_SECONDS = 15
RETRY_SECONDS = 2
INTERACTIVE, BACKFILL = 0, 10
RETRIABLE: frozenset[ErrorClass] = frozenset({"timeout", "memory", "internal"})


@dataclass(frozen=True)
class ClaimedJob:
    """A job in the hands of one attempt; `attempt` is the fencing number."""

    id: str
    version_id: str
    attempt: int
    priority: int = BACKFILL

    @property
    def is_interactive(self) -> bool:
        """Whether somebody waits for it."""
        return self.priority <= INTERACTIVE


def enqueue(session: Session, version_id: str, *, priority: int, batch: str | None = None) -> None:
    """Add the job of a version, in the transaction that writes the version."""
    session.add(Job(version_id=version_id, priority=priority, batch=batch))


def has_work(session: Session, *, interactive_only: bool = False) -> bool:
    """Whether `claim` would find something to do; only reads, so that waiting for work disturbs nobody."""
    now = utc_now()
    if session.scalar(select(Job.id).where(_claimable(now, interactive_only)).limit(1)) is not None:
        return True
    return bool(_held_by_vanished(session, now))


def claim(session: Session, *, interactive_only: bool = False) -> ClaimedJob | None:
    """Take the next job that waits or whose worker is gone, lowest priority number first; None when there is none.

    A worker is gone when its lease has ended, or at once when its process was on this machine and is no more.
    `interactive_only` takes the smallest file first, so that a note does not wait behind a pile that somebody uploads.
    """
    now = utc_now()
    _end_leases_of_vanished(session, now)
    _bury_exhausted(session, now)
    next_job = (
        select(Job.id)
        .where(_claimable(now, interactive_only))
        .order_by(*([_size_of_version()] if interactive_only else []), Job.priority, Job.enqueued_at)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    row = session.execute(
        update(Job)
        .where(Job.id == next_job)
        .values(
            state="running",
            attempt=Job.attempt + 1,
            losses=Job.losses + case((Job.state == "running", 1), else_=0),
            worker=this_process(),
            lease_until=now + dt.timedelta(seconds=LEASE_SECONDS),
            stage="reading",
            done=0,
            total=0,
        )
        .returning(Job.id, Job.version_id, Job.attempt, Job.priority)
        .execution_options(synchronize_session=False)
    ).first()
    if row is None:
        return None
    session.execute(update(Version).where(Version.id == row.version_id).values(status="running"))
    return ClaimedJob(row.id, row.version_id, row.attempt, row.priority)


def _size_of_version() -> ScalarSelect[int]:
    return select(Version.size_bytes).where(Version.id == Job.version_id).scalar_subquery()


def _claimable(now: dt.datetime, interactive_only: bool) -> ColumnElement[bool]:
    waiting = and_(Job.state == "queued", Job.available_at <= now)
    abandoned = and_(Job.state == "running", Job.lease_until < now)
    either = or_(waiting, abandoned)
    return and_(either, Job.priority <= INTERACTIVE) if interactive_only else either


def _held_by_vanished(session: Session, now: dt.datetime) -> list[str]:
    """Jobs with a lease whose process was on this machine and is no more."""
    held = session.execute(select(Job.id, Job.worker).where(Job.state == "running", Job.lease_until >= now)).all()
    return [job_id for job_id, worker in held if has_vanished(worker)]


def _end_leases_of_vanished(session: Session, now: dt.datetime) -> None:
    """End the leases of processes of this machine that are no more, so that nobody waits for them."""
    vanished = _held_by_vanished(session, now)
    if vanished:
        session.execute(update(Job).where(Job.id.in_(vanished)).values(lease_until=now - dt.timedelta(seconds=1)))


def _bury_exhausted(session: Session, now: dt.datetime) -> None:
    """End jobs whose workers vanished again and again without a word."""
    exhausted = session.scalars(
        select(Job).where(Job.state == "running", Job.lease_until < now, Job.losses + 1 >= MAX_LOSSES)
    ).all()
    for job in exhausted:
        job.state, job.finished_at = "dead", now
        take_back(session, job.version_id)
        version = session.get_one(Version, job.version_id)
        version.status, version.error_class = "failed", "internal"
        version.message = (
            f"{version.filename}: the worker stopped {MAX_LOSSES} times while reading this file; "
            "look at the worker's log, then retry."
        )


def is_owned(session: Session, job: ClaimedJob) -> bool:
    """Whether this attempt still owns its job: it was neither cancelled nor taken over."""
    owned = select(Job.id).where(Job.id == job.id, Job.attempt == job.attempt, Job.state == "running")
    return session.scalar(owned) is not None


def heartbeat(session: Session, job: ClaimedJob) -> None:
    """Extend the lease.

    Raises:
        LeaseLost: another attempt owns the job now.
    """
    _update_owned(session, job, lease_until=utc_now() + dt.timedelta(seconds=LEASE_SECONDS))


def report_progress(session: Session, job: ClaimedJob, *, stage: str, done: int, total: int) -> None:
    """Say how far the job is: `done` of `total` pages or passages. Raises LeaseLost as `heartbeat` does."""
    _update_owned(session, job, stage=stage, done=done, total=total)


def finish(session: Session, job: ClaimedJob) -> None:
    """End the job in the transaction that publishes its work. Raises LeaseLost as `heartbeat` does."""
    _update_owned(session, job, state="done", stage="", lease_until=None, finished_at=utc_now())


def fail(session: Session, job: ClaimedJob, error_class: ErrorClass, message: str) -> bool:
    """End an attempt that did not work; returns whether the job will be tried again.

    What may pass (timeout, memory, internal) is tried again after a pause, three times in all; what is
    wrong with the file itself fails at once. Raises LeaseLost as `heartbeat` does.
    """
    failures = 1 + (session.scalar(select(Job.failures).where(Job.id == job.id)) or 0)
    if error_class in RETRIABLE and failures < MAX_FAILURES:
        available_at = utc_now() + dt.timedelta(seconds=RETRY_SECONDS * failures)
        _update_owned(
            session, job, state="queued", stage="", failures=failures, available_at=available_at, lease_until=None
        )
        session.execute(update(Version).where(Version.id == job.version_id).values(status="queued"))
        return True
    _update_owned(session, job, state="dead", stage="", failures=failures, lease_until=None, finished_at=utc_now())
    take_back(session, job.version_id)
    session.execute(
        update(Version)
        .where(Version.id == job.version_id)
        .values(status="failed", error_class=error_class, message=message)
    )
    return False


def end_cancelled(session: Session, version_id: str) -> bool:
    """End the job of a version that waits or is at work, whoever holds it; returns whether there was one."""
    ended = session.scalar(
        update(Job)
        .where(Job.version_id == version_id, Job.state.in_(("queued", "running")))
        .values(state="cancelled", stage="", lease_until=None, finished_at=utc_now())
        .returning(Job.id)
        .execution_options(synchronize_session=False)
    )
    if ended is None:
        return False
    take_back(session, version_id)
    return True


def _update_owned(session: Session, job: ClaimedJob, **values: object) -> None:
    """Change the job's row if this attempt still owns it."""
    owned = session.scalar(
        update(Job)
        .where(Job.id == job.id, Job.attempt == job.attempt, Job.state == "running")
        .values(**values)
        .returning(Job.id)
        .execution_options(synchronize_session=False)
    )
    if owned is None:
        raise LeaseLost(f"Attempt {job.attempt} of job {job.id} was taken over; its work is dropped.")
