"""What Alembic runs: on the connection and in the transaction that `rag.db.session` hands in."""

from alembic import context

from rag.db import conversation_tables
from rag.db.tables import Base

__all__: list[str] = []

assert conversation_tables  # imported for its tables

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,  # SQLite changes a table by copying it
)
with context.begin_transaction():
    context.run_migrations()
