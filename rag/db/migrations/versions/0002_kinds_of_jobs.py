"""Jobs of several kinds: besides taking files in, rebuilding an index."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("jobs", sa.Column("kind", sa.String(length=16), nullable=False, server_default="ingest"))
    op.add_column("jobs", sa.Column("error", sa.Text(), nullable=True))
    op.add_column("jobs", sa.Column("chunks_done", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("jobs", sa.Column("chunks_total", sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    for name in ("chunks_total", "chunks_done", "error", "kind"):
        op.drop_column("jobs", name)
