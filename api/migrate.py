"""Bring a database's tables to the newest migration."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import text

from ingest.database import Database

MIGRATIONS = Path(__file__).parent / "migrations"
_LOCK = 0x466F6F746E6F7465  # «Footnote» in ASCII


def migrate(url: str) -> None:
    """Run the migrations that the database at a SQLAlchemy URL lacks, all or none, one process at a time."""
    database = Database(url)
    try:
        with database.engine.connect().execution_options(footnote_write=True) as connection, connection.begin():
            if not database.is_sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            config = alembic_config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    finally:
        database.close()


def alembic_config() -> Config:
    """The settings of Alembic; `attributes["connection"]` is what it works on."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config
