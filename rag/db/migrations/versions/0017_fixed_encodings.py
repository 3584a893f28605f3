"""Fixed-dimensional encodings of token vectors, and their indexes, which nothing reads any more."""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        # The store made the table, if it was used at all.
        op.execute("ALTER TABLE IF EXISTS segment_rows DROP COLUMN IF EXISTS fde")


def downgrade() -> None:
    """Put nothing back: it was made of token vectors, which are there."""
