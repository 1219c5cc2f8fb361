"""With which models the passages are embedded, and which of them searches use."""

import sqlalchemy as sa
from alembic import op

from ingest.database import UtcDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table; the model of the settings becomes the active one when it is loaded for the first time."""
    op.create_table(
        "embedding_model",
        sa.Column("model_id", sa.String(length=200), primary_key=True),
        sa.Column("name", sa.String(length=1000), nullable=False),
        sa.Column("precision", sa.String(length=8), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
    )


def downgrade() -> None:
    """Take the table away; searches use the model of the settings again."""
    op.drop_table("embedding_model")
