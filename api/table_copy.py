"""Copying every row of one database into another, whichever of the two systems each runs on."""

from collections.abc import Callable

from sqlalchemy import Connection, Table, bindparam, func, insert, inspect, select, text, update

import api.tables  # noqa: F401 (the imports fill Base.metadata)
import generation.tables  # noqa: F401
import ingest.tables  # noqa: F401
from ingest.database import Base

ROWS_AT_ONCE = 500

Progress = Callable[[str, int, int], None]
"""Told what is being done, how far it is, and out of how much."""


def copy_tables(source: Connection, target: Connection, progress: Progress) -> None:
    """Replace the rows of every table of `target` by those of `source`, inside the caller's two transactions.

    Both databases are at the newest migration. Numbers that `source` has given out are not given out again.
    """
    tables = known_tables(source)
    counts = [source.scalar(select(func.count()).select_from(table)) or 0 for table in tables]
    for table in reversed(tables):
        target.execute(table.delete())
    n_done, n_rows = 0, sum(counts)
    for table in tables:
        inner = _references_to_itself(table)
        rows = source.execution_options(yield_per=ROWS_AT_ONCE).execute(select(table))
        for part in rows.mappings().partitions():
            target.execute(insert(table), [{**row, **dict.fromkeys(inner)} for row in part])
            n_done += len(part)
            progress("copying rows", n_done, n_rows)
        for name in inner:
            _copy_references(source, target, table, name)
        _keep_numbering(source, target, table)


def _references_to_itself(table: Table) -> list[str]:
    """Columns that name other rows of the same table, which may not be there yet when a row is copied."""
    return [column.name for column in table.columns if any(key.column.table is table for key in column.foreign_keys)]


def _copy_references(source: Connection, target: Connection, table: Table, name: str) -> None:
    """Fill in a column that was left empty until every row was there."""
    (key,) = table.primary_key
    column = table.c[name]
    referring = source.execute(select(key, column).where(column.is_not(None))).all()
    if referring:
        statement = update(table).where(key == bindparam("row")).values({name: bindparam("other")})
        target.execute(statement, [{"row": row, "other": other} for row, other in referring])


def known_tables(connection: Connection) -> list[Table]:
    """Every table of the database, those that others refer to first; a table that the code lacks is a mistake."""
    present = set(inspect(connection).get_table_names()) - {"alembic_version"}
    tables = Base.metadata.sorted_tables
    assert present == {table.name for table in tables}, present ^ {table.name for table in tables}
    return tables


def _keep_numbering(source: Connection, target: Connection, table: Table) -> None:
    """Let `target` number its next row after the last number that `source` has given out."""
    numbered = [column for column in table.primary_key if column.autoincrement is True]
    last = _last_number(source, table.name, numbered[0].name) if numbered else 0
    if not last:
        return
    if target.dialect.name == "sqlite":
        target.execute(text("DELETE FROM sqlite_sequence WHERE name = :table"), {"table": table.name})
        values = {"table": table.name, "last": last}
        target.execute(text("INSERT INTO sqlite_sequence (name, seq) VALUES (:table, :last)"), values)
    else:
        values = {"table": table.name, "column": numbered[0].name, "last": last}
        target.execute(text("SELECT setval(pg_get_serial_sequence(:table, :column), :last)"), values)


def _last_number(connection: Connection, table: str, column: str) -> int:
    if connection.dialect.name == "sqlite":
        found = connection.scalar(text("SELECT seq FROM sqlite_sequence WHERE name = :table"), {"table": table})
        return int(found or 0)
    values = {"table": table, "column": column}
    query = "SELECT pg_sequence_last_value(CAST(pg_get_serial_sequence(:table, :column) AS regclass))"
    last = connection.scalar(text(query), values)
    return int(last or 0)
