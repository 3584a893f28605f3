"""Rows of tables as lines of JSON: which tables an archive has, and which of its rows are new here."""

import base64
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import LargeBinary, Table, select
from sqlalchemy.orm import Session

from rag.db.conversation_tables import ConversationRow, FeedbackRow, TurnRow
from rag.db.tables import (
    Base,
    ChunkRow,
    CollectionRow,
    DocumentRow,
    EventRow,
    IndexRow,
    RunRow,
    UtcTime,
    VersionRow,
)

__all__ = ["LIBRARY", "TALK", "Present", "line_of", "table_of", "values_of"]

LIBRARY: tuple[type[Base], ...] = (CollectionRow, IndexRow, DocumentRow, VersionRow, ChunkRow)
TALK: tuple[type[Base], ...] = (RunRow, EventRow, FeedbackRow, ConversationRow, TurnRow)
"""Questions with what came of them; each behind what it names."""

# What outlives its collection, and the column of each table by which it belongs to it.
_OUTLIVING: Mapping[type[Base], tuple[type[Base], str]] = {
    RunRow: (RunRow, "id"),
    EventRow: (RunRow, "run_id"),
    FeedbackRow: (RunRow, "run_id"),
    ConversationRow: (ConversationRow, "id"),
    TurnRow: (ConversationRow, "conversation_id"),
}

_OF_HERE = ("tenant", "base")  # columns that say nothing elsewhere


class Present:
    """Knows which runs and conversations of an archive are here already: these stay as they are."""

    def __init__(self, session: Session, tenant: str) -> None:
        self._session = session
        self._tenant = tenant
        self._ids: dict[type[Base], set[str]] = {RunRow: set(), ConversationRow: set()}

    def new(self, kind: type[Base], lines: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:  # Any: JSON
        """Give the rows that are not here; those of runs and conversations come before what they hold."""
        if kind not in _OUTLIVING:
            return list(lines)
        owner, column = _OUTLIVING[kind]
        if kind is owner:
            table = table_of(kind)
            query = select(table.c.id).where(
                table.c.tenant == self._tenant, table.c.id.in_([line["id"] for line in lines])
            )
            self._ids[owner].update(self._session.scalars(query))
        return [line for line in lines if line[column] not in self._ids[owner]]


def table_of(kind: type[Base]) -> Table:
    """Give the table behind a class."""
    table = kind.__table__
    assert isinstance(table, Table)
    return table


def line_of(row: Mapping[str, Any]) -> bytes:  # Any: values of columns
    r"""Write a row, whoever's it is, and from whichever folder it came.

    >>> line_of({"id": "d1", "tenant": "t", "base": "/home/ada"})
    b'{"id": "d1"}\n'
    """
    values = {name: _encoded(value) for name, value in row.items() if name not in _OF_HERE}
    return json.dumps(values, ensure_ascii=False).encode() + b"\n"


def values_of(table: Table, line: Mapping[str, Any], tenant: str) -> dict[str, Any]:  # Any: JSON, columns
    """Read a row as one of a tenant."""
    values = {name: _decoded(table, name, value) for name, value in line.items()}
    return {**values, "tenant": tenant}


def _encoded(value: Any) -> Any:  # Any: a value of a column -> JSON
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value.isoformat() if isinstance(value, datetime) else value


def _decoded(table: Table, name: str, value: Any) -> Any:  # Any: JSON -> a value of a column
    kind = table.c[name].type
    if value is None:
        return None
    if isinstance(kind, LargeBinary):
        return base64.b64decode(value)
    return datetime.fromisoformat(value) if isinstance(kind, UtcTime) else value
