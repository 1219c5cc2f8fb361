"""Conversations, what a model wrote literally, and feedback on single claims."""

import sqlalchemy as sa
from alembic import op

from ingest.database import UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables and columns; answers that are there belong to no conversation."""
    op.create_table(
        "conversation",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("started_by", sa.String(length=400), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_conversation_history", "conversation", ["started_by", "updated_at", "id"])
    op.add_column("answer", sa.Column("conversation_id", sa.String(length=32), nullable=True))
    op.create_index(op.f("ix_answer_conversation_id"), "answer", ["conversation_id"])
    op.add_column("answer", sa.Column("policy", sa.String(length=16), nullable=True))
    op.add_column("answer", sa.Column("raw_output", sa.Text(), nullable=True))
    op.create_table(
        "claim_feedback",
        sa.Column("answer_id", sa.String(length=32), nullable=False),
        sa.Column("claim_ordinal", sa.Integer(), nullable=False),
        sa.Column("given_by", sa.String(length=400), nullable=False),
        sa.Column("rating", sa.String(length=8), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["answer_id"], ["answer.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("answer_id", "claim_ordinal", "given_by"),
    )


def downgrade() -> None:
    """Take them away; the answers stay."""
    op.drop_table("claim_feedback")
    op.drop_column("answer", "raw_output")
    op.drop_column("answer", "policy")
    op.drop_index(op.f("ix_answer_conversation_id"), table_name="answer")
    op.drop_column("answer", "conversation_id")
    op.drop_index("ix_conversation_history", table_name="conversation")
    op.drop_table("conversation")
