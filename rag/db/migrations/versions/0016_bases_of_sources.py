"""Which folder a relative source is relative to."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_TABLES = ("documents", "job_files")


def upgrade() -> None:
    for table in _TABLES:
        op.add_column(table, sa.Column("base", sa.Text(), nullable=True))


def downgrade() -> None:
    for table in _TABLES:
        op.drop_column(table, "base")
