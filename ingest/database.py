"""The SQL database: engine, sessions, and the numbered log of changes that every index follows."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

from sqlalchemy import (
    BigInteger,
    DateTime,
    Engine,
    String,
    Table,
    create_engine,
    event,
    select,
    update,
)
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from sqlalchemy.types import TypeDecorator

SQLITE_BUSY_TIMEOUT_MS = 30_000
SQLITE_MMAP_BYTES = 1 << 30


class Base(DeclarativeBase):
    """The declarative base of every table, in every folder."""


class UtcDateTime(TypeDecorator[dt.datetime]):
    """A point in time, always aware and in UTC, on databases with and without time zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:  # noqa: ARG002
        return None if value is None else value.astimezone(dt.UTC)

    def process_result_value(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:  # noqa: ARG002
        if value is None:
            return None
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


def utc_now() -> dt.datetime:
    """The current time, aware, in UTC."""
    return dt.datetime.now(dt.UTC)


ChangeKind = Literal["publish", "withdraw", "erase", "readers", "rename", "metadata"]


class Change(Base):
    """One numbered change that search must see; indexes apply changes in order of `seq`."""

    __tablename__ = "change"

    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(16))
    document_id: Mapped[str] = mapped_column(String(32), index=True)
    at: Mapped[dt.datetime] = mapped_column(UtcDateTime, default=utc_now)


class ChangeHead(Base):
    """The last change number, in one row whose lock puts changes in commit order."""

    __tablename__ = "change_head"

    id: Mapped[int] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger)


@event.listens_for(ChangeHead.__table__, "after_create")
def _write_first_head(table: Table, connection: Connection, **_: object) -> None:
    """Tables that are made without the migrations have the one row, too: what is locked must exist."""
    connection.execute(table.insert().values(id=1, seq=0))


def record_change(session: Session, kind: ChangeKind, document_id: str) -> int:
    """Give a change the next number, inside the caller's transaction; returns the number.

    The row lock on `change_head` is held until commit, so a lower number is never committed after a
    higher one was seen: a reader that has applied everything up to n has missed nothing.
    """
    seq = session.scalars(update(ChangeHead).values(seq=ChangeHead.seq + 1).returning(ChangeHead.seq)).one()
    session.add(Change(seq=seq, kind=kind, document_id=document_id))
    return seq


def lock_changes(session: Session) -> None:
    """Let one transaction at a time change documents and what they refer to, until it ends.

    On SQLite a write session already has the only write lock.
    """
    session.execute(select(ChangeHead.id).with_for_update())


def head_seq(session: Session) -> int:
    """The number of the newest committed change; 0 when there is none."""
    return session.scalar(select(ChangeHead.seq)) or 0


class Database:
    """An engine with two kinds of session: `read()` sees one snapshot, `write()` commits at its end.

    On SQLite a write session takes the write lock when it begins, so it never fails half-way with
    «database is locked» because it read first.
    """

    def __init__(self, url: str) -> None:
        self.engine = _create_engine(url)
        self._writing_engine = self.engine.execution_options(footnote_write=True)

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is a SQLite file."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session for reading; nothing is committed."""
        with Session(self.engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session in one transaction that commits when the block ends without an error."""
        with Session(self._writing_engine, expire_on_commit=False) as session, session.begin():
            yield session

    def close(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()


def _create_engine(url: str) -> Engine:
    if not url.startswith("sqlite"):
        return create_engine(url, pool_size=20, max_overflow=20, pool_pre_ping=True)
    engine = create_engine(url, pool_size=20, max_overflow=20, connect_args={"check_same_thread": False})
    event.listen(engine, "connect", _set_sqlite_pragmas)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _set_sqlite_pragmas(connection: Any, _record: object) -> None:
    """WAL for readers beside a writer; FULL so that a commit is on disk when it is acknowledged."""
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={SQLITE_BUSY_TIMEOUT_MS}")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA secure_delete=ON")
    cursor.execute(f"PRAGMA mmap_size={SQLITE_MMAP_BYTES}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    write = connection.get_execution_options().get("footnote_write")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
