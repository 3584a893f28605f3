"""The few tables and columns that a question may need, so that the prompt stays short.

CodeS section 5.1 (Li et al., 2024) ranks them by a trained cross-encoder and keeps 6 tables of 10 columns.
Here they are ranked by the words that names share with the question, the values that it names, and, where
an encoder is given, by meaning; no part is trained.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from rag.core.protocols import Encoder
from rag.retrieval._nearest import query_vectors
from rag.scoring.words import analyze, content_words
from rag.sql.schema import Column, Schema, Table, name_words, spelled
from rag.sql.values import Match

__all__ = ["MAX_COLUMNS", "MAX_TABLES", "filtered"]

MAX_TABLES = 6
MAX_COLUMNS = 10
_VALUE, _WORD, _KEY = 1.0, 1.0, 0.5  # weights beside a cosine


def filtered(
    question: str,
    schema: Schema,
    matches: Sequence[Match],
    *,
    encoder: Encoder | None = None,
    max_tables: int = MAX_TABLES,
    max_columns: int = MAX_COLUMNS,
) -> Schema:
    """Give the schema of the likeliest tables and columns, in the database's order.

    Args:
        question: what is asked.
        schema: all of the database.
        matches: values that the question names; their columns are wanted.
        encoder: ranks by meaning too.
        max_tables: that are kept; keys to tables that are not are left out.
        max_columns: that are kept of each; those that join the kept tables come before others.
    """
    wanted = set(analyze(question)) | set(content_words(question))
    meaning = _meaning(question, schema, encoder) if encoder is not None else {}
    valued = {(match.table, match.column) for match in matches}

    def column_score(table: Table, column: Column) -> float:
        words = name_words(column.name)
        shared = sum(word in wanted for word in words) / max(len(words), 1)
        has_value = (table.name, column.name) in valued
        return _WORD * shared + _VALUE * has_value + meaning.get((table.name, column.name), 0.0)

    def table_score(table: Table) -> float:
        words = name_words(table.name)
        shared = sum(word in wanted for word in words) / max(len(words), 1)
        columns = sorted((column_score(table, column) for column in table.columns), reverse=True)
        return _WORD * shared + sum(columns[:2]) + meaning.get((table.name, ""), 0.0)

    scores = {table.name: table_score(table) for table in schema.tables}
    names = _with_bridges(schema, sorted(scores, key=lambda name: -scores[name]), max_tables)
    few = schema.only(names)
    joining = {
        (a, b) for here, column, there, other in few.joins() for a, b in ((here, column), (there, other))
    }

    def columns(table: Table) -> tuple[Column, ...]:
        def rank(column: Column) -> float:
            is_joining = (table.name, column.name) in joining
            return column_score(table, column) + _KEY * (is_joining or column.is_key)

        best = sorted(table.columns, key=rank, reverse=True)[:max_columns]
        return tuple(column for column in table.columns if column in best)

    return Schema(tuple(replace(table, columns=columns(table)) for table in few.tables))


def _with_bridges(schema: Schema, ranked: Sequence[str], max_tables: int) -> list[str]:
    """Give the best tables; one that joins two of them may take the place of the last."""
    if len(ranked) <= max_tables:
        return list(ranked)
    kept = list(ranked[: max_tables - 1])
    neighbours: dict[str, set[str]] = {}
    for here, _, there, _ in schema.joins():
        neighbours.setdefault(here, set()).add(there)
        neighbours.setdefault(there, set()).add(here)
    bridges = [
        name for name in ranked[max_tables - 1 :] if len(neighbours.get(name, set()) & set(kept[:3])) > 1
    ]
    return [*kept, bridges[0] if bridges else ranked[max_tables - 1]]


def _meaning(question: str, schema: Schema, encoder: Encoder) -> Mapping[tuple[str, str], float]:
    """Give the cosine of the question with every table and column, by (table, column or nothing)."""
    places = [(table.name, "") for table in schema.tables]
    places += [(table.name, column.name) for table in schema.tables for column in table.columns]
    texts = [f"{spelled(table)} {spelled(column)}".strip() for table, column in places]
    cosines = encoder.encode(texts) @ query_vectors(encoder, [question])[0]
    return dict(zip(places, map(float, cosines), strict=True))
