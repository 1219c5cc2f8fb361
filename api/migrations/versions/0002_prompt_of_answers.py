"""By which prompt and with which parameters a language model wrote an answer."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns, empty for the answers that are there."""
    op.add_column("answer", sa.Column("prompt", sa.String(length=100), nullable=True))
    op.add_column("answer", sa.Column("prompt_sha256", sa.String(length=64), nullable=True))
    op.add_column("answer", sa.Column("parameters", sa.JSON(), nullable=True))


def downgrade() -> None:
    """Take the columns away."""
    op.drop_column("answer", "parameters")
    op.drop_column("answer", "prompt_sha256")
    op.drop_column("answer", "prompt")
