"""What a query must keep that no grammar of names says: its columns are of tables it reads, and it runs.

Knows queries and a source; who writes them asks while they are written (rag/generation/constrained).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from rag.core.errors import InvalidInputError
from rag.sql.guard import HARMLESS
from rag.sql.names import RESERVED, written
from rag.sql.source import SqlSource

__all__ = ["QueryRuns", "bare"]

_STRING = re.compile(r"'(?:[^']|'')*(?:'|\Z)")
_SUBQUERY = re.compile(r"\(\s*SELECT\b[^()]*(?:\([^()]*\)[^()]*)*\)", re.IGNORECASE)
_COMBINED = re.compile(r"\b(?:UNION(?:\s+ALL)?|INTERSECT|EXCEPT)\b", re.IGNORECASE)
_FROM = re.compile(r"\bFROM\s", re.IGNORECASE)
_CLAUSES = ("WHERE", "GROUP", "HAVING", "ORDER", "LIMIT", "UNION", "INTERSECT", "EXCEPT")
_CLAUSE = re.compile(rf"\s(?:{'|'.join(_CLAUSES)})\b", re.IGNORECASE)
_JOINED = re.compile(r"\s(JOIN|ON|USING|LEFT|RIGHT|FULL)\b", re.IGNORECASE)
_JOINS = ("JOIN", "INNER", "LEFT", "RIGHT", "FULL", "CROSS", "NATURAL", "AS")
_AFTER = {  # what may come in a list of tables behind the last of these words
    "": _JOINS,
    "JOIN": (*_JOINS, "ON", "USING"),
    "ON": (*_JOINS, "AND", "OR"),
    "USING": _JOINS,
    **dict.fromkeys(("LEFT", "RIGHT", "FULL"), ("JOIN", "OUTER")),
}
_WORD = re.compile(r"\w+")
_LANGUAGE = re.compile(r"\A\s*(?:sqlite3?|sql|postgres(?:ql)?|psql|pgsql|plpgsql)\b", re.IGNORECASE)
_LAST_WORD = re.compile(r'[\s(]([\w"]+)\Z')
_FUNCTIONS = ("AVG", "COUNT", "MAX", "MIN", "SUM", "LOWER", "UPPER", "ROUND", "ABS", "LENGTH")
_KNOWN = (*_FUNCTIONS, *RESERVED, *(name.upper() for name in HARMLESS))


@dataclass(frozen=True)
class QueryRuns:
    """A text is a query that the source's database prepares; and no list of tables ends too early.

    Once a clause follows the tables, every column so far must be of one of them, and every later one too:
    what is refused would not have run. The database is asked where the text ends; it plans the query and
    reads no row.
    """

    source: SqlSource

    def allows_prefix(self, text: str) -> bool:
        """Say whether all columns may be of tables that are read."""
        return all(self._is_in_scope(part) for part in _selects(bare(text)))

    def allows_complete(self, text: str) -> bool:
        """Ask the database.

        Raises:
            UnavailableError: it is down, or takes too long.
        """
        try:
            self.source.prepare(bare(text))
        except InvalidInputError:
            return False
        return True

    @cached_property
    def _names(self) -> list[str]:
        return [written(table.name, self.source.dialect) for table in self.source.schema().tables]

    @cached_property
    def _tables(self) -> list[tuple[re.Pattern[str], re.Pattern[str], list[str]]]:
        """Give for each table what finds it before its columns, and where it is read, and its columns."""
        columns = [[column.name.upper() for column in each.columns] for each in self.source.schema().tables]
        return [
            (
                re.compile(rf'(?<![\w".]){name}\.', re.IGNORECASE),
                re.compile(rf'(?:\b(?:FROM|JOIN|AS)|[,)])\s+(?:[\w"]+\.)?{name}(?![\w".])', re.IGNORECASE),
                names,
            )
            for name, names in zip(map(re.escape, self._names), columns, strict=True)
        ]

    def _is_in_scope(self, select: str) -> bool:
        start = _FROM.search(select)
        if start is None:
            return True
        tables = select[start.start() :]
        clause = _CLAUSE.search(tables)
        if clause is None and not _begins_clause(tables):
            return True  # another table may come
        read = tables[: clause.start()] if clause else tables
        if not all(place.search(read) for column, place, _ in self._tables if column.search(select)):
            return False
        return clause is None or not self._begins_other_table(select, read)

    def _begins_other_table(self, select: str, read: str) -> bool:
        """Say whether the last word can only become the name of a table that is not read."""
        last = _LAST_WORD.search(select)
        if last is None:
            return False
        word = last[1].upper()
        columns = [name for _, place, names in self._tables if place.search(read) for name in names]
        known = (*_WORD.findall(select[: last.start()].upper()), *columns, *_KNOWN)
        return any(name.upper().startswith(word) for name in self._names) and not any(
            each.startswith(word) for each in known
        )


def bare(text: str) -> str:
    """Take a query out of the fence that models like to put around it, with the language's name or without.

    >>> bare("Here it is: ```PostgreSQL SELECT 1; ```")
    'SELECT 1'
    """
    return _LANGUAGE.sub("", text.partition("```")[2].partition("```")[0] or text).strip().rstrip(";")


def _selects(query: str) -> Iterator[str]:
    """Give the queries that are combined, without their strings and subqueries."""
    outer, inner = _STRING.sub("''", query), ""
    outer += ")" * (outer.count("(") - outer.count(")"))
    while outer != inner:
        outer, inner = _SUBQUERY.sub("()", outer), outer
    start = 0
    for combined in _COMBINED.finditer(outer):
        yield f"{outer[start : combined.start()]} {combined.group()}"  # it has ended
        start = combined.end()
    yield outer[start:]


def _begins_clause(tables: str) -> bool:
    """Say whether the last word can only become that of a clause."""
    last = _LAST_WORD.search(tables)
    if last is None:
        return False
    word = last[1].upper()
    joined = _JOINED.findall(tables[: last.start()])
    after = _AFTER[joined[-1].upper() if joined else ""]
    is_clause = any(each.startswith(word) for each in _CLAUSES)
    return is_clause and not any(each.startswith(word) for each in after)
