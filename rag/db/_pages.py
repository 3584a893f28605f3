"""Pages of lists that are newest first: those of a time stand in the order of their ids."""

from datetime import datetime
from typing import TypeVar

from sqlalchemy import Select

from rag.db.tables import JobRow, RunRow

__all__ = ["newest_first"]

_Row = TypeVar("_Row", JobRow, RunRow)


def newest_first(
    query: "Select[_Row]", row: type[_Row], *, limit: int, last: tuple[datetime, str] | None
) -> "Select[_Row]":
    """Give the page behind the row of this time and id, or the first."""
    if last is not None:
        time, row_id = last
        query = query.where((row.created_at < time) | ((row.created_at == time) & (row.id < row_id)))
    return query.order_by(row.created_at.desc(), row.id.desc()).limit(limit)
