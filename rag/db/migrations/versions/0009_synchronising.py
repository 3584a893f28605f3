"""Jobs that also delete, what a source says of a file, and how fast a job goes."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("jobs", sa.Column("started_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("jobs", sa.Column("done_at_start", sa.Integer(), nullable=False, server_default="0"))
    op.add_column(
        "job_files", sa.Column("action", sa.String(length=16), nullable=False, server_default="take")
    )
    op.add_column("job_files", sa.Column("stamp", sa.Text(), nullable=True))
    op.add_column("job_files", sa.Column("num_bytes", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("document_versions", sa.Column("stamp", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("document_versions", "stamp")
    for name in ("num_bytes", "stamp", "action"):
        op.drop_column("job_files", name)
    for name in ("done_at_start", "started_at"):
        op.drop_column("jobs", name)
