"""The keys with which uploads were sent, so that sending one again does nothing."""

import sqlalchemy as sa
from alembic import op

from ingest.database import UtcDateTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table, empty."""
    op.create_table(
        "upload_key",
        sa.Column("key_sha256", sa.String(length=64), nullable=False),
        sa.Column("request_sha256", sa.String(length=64), nullable=False),
        sa.Column("version_id", sa.String(length=32), nullable=False),
        sa.Column("unchanged", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("key_sha256"),
    )
    op.create_index(op.f("ix_upload_key_created_at"), "upload_key", ["created_at"], unique=False)


def downgrade() -> None:
    """Take the table away."""
    op.drop_index(op.f("ix_upload_key_created_at"), table_name="upload_key")
    op.drop_table("upload_key")
