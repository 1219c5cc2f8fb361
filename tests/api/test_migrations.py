"""The migrations make exactly the tables that the code has, on SQLite and on PostgreSQL."""

from collections.abc import Iterator

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect

import api.tables
import generation.tables  # noqa: F401 (fills Base.metadata)
from api.identity import create_group, create_user, principals_of
from api.migrate import alembic_config, migrate
from ingest.database import Base, Database, head_seq, record_change


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    migrate(database_url)
    database = Database(database_url)
    yield database
    database.close()


def test_migrated_tables_are_those_of_the_code(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, Base.metadata) == []


def test_migrating_twice_changes_nothing(database: Database, database_url: str) -> None:
    with database.write() as session:
        create_group(session, "finance")
    migrate(database_url)
    with database.read() as session:
        assert session.get(api.tables.Group, "finance") is not None


def test_first_change_has_number_one(database: Database) -> None:
    with database.write() as session:
        before, first = head_seq(session), record_change(session, "publish", "0" * 32)

    assert (before, first) == (0, 1)


def test_downgrade_takes_every_table_away(database: Database) -> None:
    with database.engine.connect().execution_options(footnote_write=True) as connection, connection.begin():
        config = alembic_config()
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    assert inspect(database.engine).get_table_names() == ["alembic_version"]


def test_groups_in_groups_are_found(database: Database) -> None:
    with database.write() as session:
        create_group(session, "staff")
        create_group(session, "finance")
        create_user(session, "ann@example.org", None, groups=["finance"])
        session.add(api.tables.GroupMember(group_name="staff", member="group:finance"))
        session.flush()
        principals = principals_of(session, "ann@example.org")

    assert principals == {"everyone", "user:ann@example.org", "group:finance", "group:staff"}
