"""A question read as a query by rules alone: what is counted, listed, compared, grouped and ordered.

All of the question's words must be understood; a question with one that is not is given back unread, for a
guess would look like an answer. The way of those who have no model that writes SQL.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot import exp

from rag.sql._conditions import read_conditions
from rag.sql._draft import Draft
from rag.sql._ordering import read_order
from rag.sql._selection import read_aggregates, read_columns, read_groups
from rag.sql.joins import joined
from rag.sql.linking import Place, link
from rag.sql.schema import Schema
from rag.sql.values import Match

__all__ = ["Reading", "read"]

_NEED_NO_READING = frozenset(("word", "table", "distinct", "by"))
_STEPS = (read_conditions, read_groups, read_order, read_aggregates, read_columns)


@dataclass(frozen=True, slots=True)
class Reading:
    """What rules make of a question."""

    sql: str | None  # none where a word is not understood or nothing is asked for
    unread: tuple[str, ...]
    tables: tuple[str, ...]
    places: tuple[Place, ...]
    is_sure: bool  # the question is of this database: it names a table, or a value and its column


def read(question: str, schema: Schema, matches: Sequence[Match], *, dialect: str) -> Reading:
    """Read a question.

    Args:
        question: in English.
        schema: of the database.
        matches: values of it that the question names (ValueIndex.matches).
        dialect: of the query.
    """
    links = link(question, schema, matches)
    unread = tuple(" ".join(each.words) for each in links if each.kind == "unread")
    draft = Draft(schema, links, dialect)
    tree = None if unread else _query(draft)
    places = tuple(dict.fromkeys(draft.used))
    tables = tuple(dict.fromkeys([*draft.mentioned, *(table for table, _ in places)]))
    kinds = {each.kind for each in links}
    is_sure = tree is not None and ("table" in kinds or {"value", "column"} <= kinds)
    return Reading(tree.sql(dialect=dialect) if tree is not None else None, unread, tables, places, is_sure)


def _query(draft: Draft) -> exp.Select | None:
    """Put the parts together; None where they make no query."""
    if not all(step(draft) for step in _STEPS) or not draft.selected:
        return None
    if len(draft.conditions) > 1 and draft.says("or"):
        return None  # of which two, the words do not tell
    left = {each.kind for at, each in enumerate(draft.links) if at not in draft.taken}
    if left - _NEED_NO_READING:
        return None
    for table in draft.mentioned:
        draft.need(table)
    source = joined(draft.schema, draft.needed, draft.dialect, keeps_rows=draft.keeps_rows)
    is_lost = draft.keeps_rows and any(
        each.table != draft.needed[0] for tree in draft.conditions for each in tree.find_all(exp.Column)
    )
    if source is None or is_lost:
        return None
    query = source.select(*draft.selected)
    is_plain = not any(each.find(exp.AggFunc) for each in draft.selected)
    if is_plain and (len(draft.needed) > 1 or draft.has("distinct")) and draft.order is None:
        query = query.distinct()
    query = query.where(*draft.conditions).group_by(*draft.grouped)
    if draft.order is not None:
        query = query.order_by(draft.order)
    return query if draft.limit is None else query.limit(draft.limit)
