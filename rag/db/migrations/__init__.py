"""The history of the tables. Knows its newest step without importing Alembic."""

__all__ = ["HEAD"]

HEAD = "0018"
