"""When a job ended and with which others it was given; what a source said of itself when it was last read."""

import sqlalchemy as sa
from alembic import op

from ingest.database import UtcDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns, empty for what is there."""
    op.add_column("document", sa.Column("source_stamp", sa.String(length=1000), nullable=True))
    op.add_column("job", sa.Column("batch", sa.String(length=100), nullable=True))
    op.add_column("job", sa.Column("finished_at", UtcDateTime(), nullable=True))
    op.create_index(op.f("ix_job_batch"), "job", ["batch"])
    op.create_index(op.f("ix_job_finished_at"), "job", ["finished_at"])


def downgrade() -> None:
    """Take the columns away."""
    op.drop_index(op.f("ix_job_finished_at"), table_name="job")
    op.drop_index(op.f("ix_job_batch"), table_name="job")
    op.drop_column("job", "finished_at")
    op.drop_column("job", "batch")
    op.drop_column("document", "source_stamp")
