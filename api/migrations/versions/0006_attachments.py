"""In which document an attachment came."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; the documents that are there came in none. Written out because Alembic makes two steps of it."""
    op.execute("ALTER TABLE document ADD COLUMN parent_id VARCHAR(32) REFERENCES document (id)")
    op.create_index(op.f("ix_document_parent_id"), "document", ["parent_id"])


def downgrade() -> None:
    """Take the column away; attachments become documents that came in none."""
    op.drop_index(op.f("ix_document_parent_id"), table_name="document")
    with op.batch_alter_table("document") as table:
        table.drop_column("parent_id")
