"""Whose a file is until it is attached."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("files", sa.Column("owner", sa.String(200), nullable=False, server_default="local"))


def downgrade() -> None:
    op.drop_column("files", "owner")
