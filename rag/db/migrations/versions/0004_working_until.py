"""Until when a run that stores nothing counts as worked on."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("runs", sa.Column("working_until", sa.DateTime(timezone=True), nullable=True))
    # Those of before were made by processes that this step has ended.
    op.execute(sa.text("UPDATE runs SET working_until = created_at WHERE state = 'running'"))


def downgrade() -> None:
    op.drop_column("runs", "working_until")
