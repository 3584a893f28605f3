"""A database as a language model reads it: tables, types, keys, samples, and what the question matched.

The form is CodeS's (Li et al., 2024, section 5.3), on which open models for SQL are trained.
"""

from collections.abc import Sequence

from rag.generation.context import neutralise
from rag.sql.schema import Column, Schema, Table
from rag.sql.values import Match, ValueIndex

__all__ = ["described"]

_MAX_MATCHES = 25
_MAX_SAMPLE = 40  # characters


def described(schema: Schema, matches: Sequence[Match], values: ValueIndex) -> str:
    """Give the schema in one text, unable to leave its place in a prompt."""
    lines = ["database schema :", *(_table(table, values) for table in schema.tables), "foreign keys :"]
    lines += [f"{here}.{column} = {there}.{other}" for here, column, there, other in schema.joins()]
    if kept := _grouped(schema, matches):
        lines += ["matched contents :", *kept]
    return neutralise("\n".join(lines))


def _table(table: Table, values: ValueIndex) -> str:
    columns = " , ".join(_column(table, column, values) for column in table.columns)
    return f"table {table.name} , columns = [ {columns} ]"


def _column(table: Table, column: Column, values: ValueIndex) -> str:
    facts = [column.type.lower() or "any"]
    if column.is_key:
        facts.append("primary key")
    if samples := values.samples(table.name, column.name):
        facts.append("values : " + " , ".join(" ".join(sample.split())[:_MAX_SAMPLE] for sample in samples))
    return f"{table.name}.{column.name} ( {' | '.join(facts)} )"


def _grouped(schema: Schema, matches: Sequence[Match]) -> list[str]:
    found: dict[tuple[str, str], list[str]] = {}
    for match in matches[:_MAX_MATCHES]:
        table = schema.table(match.table)
        if table is not None and table.column(match.column) is not None:
            found.setdefault((match.table, match.column), []).append(match.value)
    return [f"{table}.{column} ( {' , '.join(values)} )" for (table, column), values in found.items()]
