"""The tables of a query joined by foreign keys, over as few others as possible."""

from collections import deque
from collections.abc import Sequence

from sqlglot import exp, select

from rag.sql.names import is_plain
from rag.sql.schema import Schema

__all__ = ["column_of", "joined", "table_of"]

Edge = tuple[str, str, str, str]
"""(table, column, other table, its column) of a foreign key, either way round."""


def joined(
    schema: Schema, tables: Sequence[str], dialect: str, *, keeps_rows: bool = False
) -> exp.Select | None:
    """Give `SELECT ... FROM` these tables; None for none, or where no keys lead from one to the next.

    With `keeps_rows` a row of the first table stays that has none in the others.
    """
    if not tables:
        return None
    edges = _edges(schema)
    inside = [tables[0]]
    query = select().from_(table_of(tables[0], dialect))
    for table in tables[1:]:
        if table in inside:
            continue
        path = _path(edges, inside, table)
        if path is None:
            return None
        for here, column, there, other in path:
            on = exp.EQ(this=column_of(here, column, dialect), expression=column_of(there, other, dialect))
            query = query.join(table_of(there, dialect), on=on, join_type="LEFT" if keeps_rows else "")
            inside.append(there)
    return query


def _path(edges: dict[str, list[Edge]], inside: Sequence[str], goal: str) -> list[Edge] | None:
    """Give the shortest way from any of the tables inside to the goal."""
    came: dict[str, Edge | None] = dict.fromkeys(inside)
    waiting = deque(inside)
    while waiting and goal not in came:
        for edge in edges.get(waiting.popleft(), []):
            if edge[2] not in came:
                came[edge[2]] = edge
                waiting.append(edge[2])
    path: list[Edge] = []
    step = came.get(goal)
    while step is not None:
        path.insert(0, step)
        step = came[step[0]]
    return path if goal in came else None


def _edges(schema: Schema) -> dict[str, list[Edge]]:
    """Give the foreign keys both ways; where there are none, equal names of which one is a key."""
    edges: dict[str, list[Edge]] = {}
    keys = list(schema.joins())
    if not keys:
        keys = [
            (table.name, column.name, other.name, same.name)
            for table in schema.tables
            for other in schema.tables
            for column in table.columns
            if table is not other and (same := other.column(column.name)) is not None and same.is_key
        ]
    for here, column_here, other_name, column_there in keys:
        there = schema.table(other_name)
        if there is not None and there.name != here:
            edges.setdefault(here, []).append((here, column_here, there.name, column_there))
            edges.setdefault(there.name, []).append((there.name, column_there, here, column_here))
    return edges


def table_of(table: str, dialect: str) -> exp.Table:
    """Give a table of a query; one of another schema than the usual has its name before a dot."""
    space, _, name = table.rpartition(".")
    schema = exp.to_identifier(space, quoted=not is_plain(space, dialect)) if space else None
    return exp.Table(this=exp.to_identifier(name, quoted=not is_plain(name, dialect)), db=schema)


def column_of(table: str, column: str, dialect: str) -> exp.Column:
    """Give a column of a query, under its table's name."""
    name = table.rpartition(".")[2]
    return exp.Column(
        this=exp.to_identifier(column, quoted=not is_plain(column, dialect)),
        table=exp.to_identifier(name, quoted=not is_plain(name, dialect)),
    )
