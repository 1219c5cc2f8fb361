"""How far uploads are together: counts, files per second, and the time that is left."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.orm import Session

from ingest.database import utc_now
from ingest.tables import Job, Version

RECENT = dt.timedelta(hours=1)
RATE_WINDOW = dt.timedelta(seconds=30)


@dataclass(frozen=True)
class UploadProgress:
    """Counts of files by what became of them; `files_per_second` is that of the last half minute.

    `seconds_left` is None when nothing is left, or when nothing has ended lately to tell it by.
    """

    queued: int
    running: int
    done: int
    failed: int
    cancelled: int
    files_per_second: float
    seconds_left: float | None


def put_in_batch(session: Session, version_id: str, batch: str) -> None:
    """Name the batch that an upload belongs to, in the transaction that records it."""
    session.execute(update(Job).where(Job.version_id == version_id).values(batch=batch))


def read_progress(session: Session, batch: str | None = None) -> UploadProgress:
    """How far a batch is; without one, everything that is unfinished or ended within the last hour."""
    now = utc_now()
    chosen = Job.batch == batch if batch is not None else or_(~_ended(), Job.finished_at >= now - RECENT)
    by_state = select(Job.state, func.count()).where(chosen).group_by(Job.state)
    counts = {row[0]: row[1] for row in session.execute(by_state)}
    left = counts.get("queued", 0) + counts.get("running", 0)
    rate = _rate(session, chosen, now)
    return UploadProgress(
        queued=counts.get("queued", 0),
        running=counts.get("running", 0),
        done=counts.get("done", 0),
        failed=counts.get("dead", 0),
        cancelled=counts.get("cancelled", 0),
        files_per_second=round(rate, 2),
        seconds_left=round(left / rate, 1) if left and rate else None,
    )


def unfinished_versions(session: Session) -> list[str]:
    """The ids of the versions that wait or are being read."""
    statement = select(Version.id).join(Job, Job.version_id == Version.id).where(~_ended())
    return list(session.scalars(statement.order_by(Job.enqueued_at)))


def _ended() -> ColumnElement[bool]:
    return Job.state.in_(("done", "dead", "cancelled"))


def _rate(session: Session, chosen: ColumnElement[bool], now: dt.datetime) -> float:
    """Files read per second over the last `RATE_WINDOW`, or since the first of them was queued if that is less."""
    recently = now - RATE_WINDOW
    n_ended, first = session.execute(
        select(func.count(), func.min(Job.enqueued_at)).where(
            chosen, Job.state.in_(("done", "dead")), Job.finished_at >= recently
        )
    ).one()
    if not n_ended:
        return 0.0
    seconds = (now - max(recently, first)).total_seconds()
    return float(n_ended / max(seconds, 0.1))
