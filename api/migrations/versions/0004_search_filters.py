"""What search can filter by: a date and metadata of documents; answers keep all filters they were asked with."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

answer = sa.table(
    "answer", sa.column("id", sa.String), sa.column("collection", sa.String), sa.column("filters", sa.JSON)
)


def upgrade() -> None:
    """Documents that are there are dated by when they came; the next version of a file brings its own date."""
    op.add_column("document", sa.Column("dated_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE document SET dated_at = created_at WHERE current_version_id IS NOT NULL")
    op.create_index("ix_document_dated_at", "document", ["dated_at"])
    op.create_table(
        "metadata_entry",
        sa.Column("document_id", sa.String(length=32), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("value", sa.String(length=500), nullable=False),
        sa.ForeignKeyConstraint(["document_id"], ["document.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("document_id", "key"),
    )
    op.create_index("ix_metadata_entry_value", "metadata_entry", ["key", "value"])
    op.add_column("answer", sa.Column("filters", sa.JSON(), nullable=True))
    connection = op.get_bind()
    asked = connection.execute(sa.select(answer.c.id, answer.c.collection).where(answer.c.collection.is_not(None)))
    for answer_id, collection in asked.all():
        one = sa.update(answer).where(answer.c.id == answer_id)
        connection.execute(one.values(filters={"collections": [collection]}))
    op.drop_column("answer", "collection")


def downgrade() -> None:
    """Take the columns and the table away; of an answer's filters only its first collection stays."""
    op.add_column("answer", sa.Column("collection", sa.String(length=200), nullable=True))
    connection = op.get_bind()
    for answer_id, filters in connection.execute(sa.select(answer.c.id, answer.c.filters)).all():
        for collection in (filters or {}).get("collections", [])[:1]:
            connection.execute(sa.update(answer).where(answer.c.id == answer_id).values(collection=collection))
    op.drop_column("answer", "filters")
    op.drop_index("ix_metadata_entry_value", table_name="metadata_entry")
    op.drop_table("metadata_entry")
    op.drop_index("ix_document_dated_at", table_name="document")
    op.drop_column("document", "dated_at")
