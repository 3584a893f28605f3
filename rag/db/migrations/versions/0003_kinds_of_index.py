"""Kinds of index besides the dense one: which an index has, and which a rebuilding is to make."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("indexes", sa.Column("others", sa.JSON(), nullable=False, server_default="{}"))
    op.add_column("jobs", sa.Column("index_kinds", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("jobs", "index_kinds")
    op.drop_column("indexes", "others")
