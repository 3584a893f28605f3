"""Where a file was that could not be read when it was submitted."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("job_files", sa.Column("place", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("job_files", "place")
