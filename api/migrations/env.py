"""How Alembic runs: on the connection of `api.migrate`, inside its transaction, over the tables of every folder."""

from alembic import context

import api.tables  # noqa: F401 (the imports fill Base.metadata)
import generation.tables  # noqa: F401
import ingest.tables  # noqa: F401
from ingest.database import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    compare_type=True,
)
context.run_migrations()
