"""Pages of lists that are newest first: those of a time stand in the order of their ids, the last first."""

from datetime import datetime
from typing import NamedTuple, TypeVarTuple

from sqlalchemy import Select
from sqlalchemy.orm import InstrumentedAttribute

__all__ = ["Position", "newest_first"]

_Row = TypeVarTuple("_Row")


class Position(NamedTuple):
    """Where a row stands, be it there or not."""

    time: datetime
    row_id: str


def newest_first(
    query: "Select[*_Row]",
    time: InstrumentedAttribute[datetime],
    row_id: InstrumentedAttribute[str],
    *,
    limit: int,
    behind: Position | None,
) -> "Select[*_Row]":
    """Give the page behind this position, or the first."""
    if behind is not None:
        query = query.where((time < behind.time) | ((time == behind.time) & (row_id < behind.row_id)))
    return query.order_by(time.desc(), row_id.desc()).limit(limit)
