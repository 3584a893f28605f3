"""A SQLite file, opened so that nothing can be written: the mode, the pragma and an authorizer say so."""

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

from rag.core.errors import InvalidInputError, NotFoundError, UnavailableError
from rag.sql._rows import fetched
from rag.sql.schema import Column, ForeignKey, Rows, Schema, Table

__all__ = ["SqliteDatabase"]

_OPERATIONS = 2000  # of SQLite's machine between two looks at the clock
_LOOKED_AT = 1000  # rows, for dates of an odd form
_MAX_VALUE_BYTES = 10_000_000
_ALLOWED = frozenset(
    (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE)
)
_UNSAFE_FUNCTIONS = frozenset(("load_extension", "readfile", "writefile", "edit", "fts3_tokenizer"))


class SqliteDatabase:
    """One file; a connection a query, so that queries of several threads are no trouble."""

    dialect = "sqlite"

    def __init__(self, path: Path) -> None:
        self._path = path

    def schema(self) -> Schema:
        """Read the tables and views.

        Raises:
            NotFoundError: no such file.
            UnavailableError: it is no SQLite database, or is locked.
        """
        with self._connected(5.0) as connection:
            names = connection.execute(
                "SELECT name, type = 'view' FROM sqlite_master WHERE type IN ('table', 'view')"
                " AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY rowid"
            )
            return Schema(
                tuple(_table(connection, name, is_view=bool(view)) for name, view in names.fetchall())
            )

    def run(self, sql: str, tables: Sequence[str], *, max_rows: int, seconds: float) -> Rows:
        """Run a query that rag/sql/guard.py has passed.

        Raises:
            InvalidInputError: SQLite refuses it, or its rows are too large; the message says why.
            UnavailableError: it took too long, or the file cannot be read.
        """
        with self._connected(seconds) as connection:
            connection.set_authorizer(_only_reads({name.casefold() for name in tables}))
            cursor = connection.execute(sql)
            rows, is_cut = fetched(cursor, max_rows=max_rows)
            names = tuple(str(column[0]) for column in cursor.description or ())
        return Rows(names, rows, is_cut)

    def prepare(self, sql: str, tables: Sequence[str], *, seconds: float) -> None:
        """Plan a query that rag/sql/guard.py has passed.

        Raises:
            InvalidInputError: SQLite refuses it; the message says why.
            UnavailableError: it took too long, or the file cannot be read.
        """
        with self._connected(seconds) as connection:
            connection.set_authorizer(_only_reads({name.casefold() for name in tables}))
            connection.execute(f"EXPLAIN {sql}")

    @contextmanager
    def _connected(self, seconds: float) -> Iterator[sqlite3.Connection]:
        if not self._path.is_file():
            raise NotFoundError(f"there is no file {self._path}; give the path of a SQLite database")
        deadline = time.monotonic() + seconds
        connection = sqlite3.connect(
            f"file:{quote(str(self._path))}?mode=ro", uri=True, timeout=seconds, isolation_level=None
        )
        try:
            connection.text_factory = _text
            connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MAX_VALUE_BYTES)
            connection.execute("PRAGMA query_only=ON")
            connection.execute("PRAGMA trusted_schema=OFF")
            connection.set_progress_handler(lambda: time.monotonic() > deadline, _OPERATIONS)
            yield connection
        except sqlite3.Error as error:
            raise _told(error, seconds, is_late=time.monotonic() > deadline) from error
        finally:
            connection.close()


def _table(connection: sqlite3.Connection, name: str, *, is_view: bool) -> Table:
    quoted = '"' + name.replace('"', '""') + '"'
    try:
        columns = connection.execute(f"PRAGMA table_info({quoted})").fetchall()
    except sqlite3.OperationalError:  # a view of a table that has gone
        columns = []
    keys = connection.execute(f"PRAGMA foreign_key_list({quoted})").fetchall()
    primary = {each[1]: bool(each[5]) for each in columns}
    named = [Column(column, kind, primary[column]) for _, column, kind, *_ in columns]
    return Table(
        name,
        tuple(
            replace(
                each, has_years=not each.is_date or is_view or _has_years(connection, quoted, each.name)
            )
            for each in named
        ),
        tuple(
            ForeignKey(here, other, there or _first_key(connection, other))
            for _, _, other, here, there, *_ in keys
        ),
    )


def _has_years(connection: sqlite3.Connection, table: str, column: str) -> bool:
    """Look at the first rows for a date that SQLite does not read, as seconds since 1970."""
    quoted = '"' + column.replace('"', '""') + '"'
    odd = (
        f"SELECT EXISTS (SELECT 1 FROM (SELECT {quoted} AS day FROM {table} LIMIT {_LOOKED_AT})"  # noqa: S608
        " WHERE day IS NOT NULL AND (typeof(day) <> 'text' OR strftime('%Y', day) IS NULL))"
    )
    return not connection.execute(odd).fetchone()[0]


def _first_key(connection: sqlite3.Connection, table: str) -> str:
    """Give the primary key, which a foreign key that names no column means."""
    quoted = '"' + table.replace('"', '""') + '"'
    columns = connection.execute(f"PRAGMA table_info({quoted})").fetchall()
    return next((column for _, column, _, _, _, is_key in columns if is_key), "rowid")


def _only_reads(tables: set[str]) -> Callable[[int, str | None, str | None, str | None, str | None], int]:
    def allow(action: int, first: str | None, second: str | None, _: str | None, inner: str | None) -> int:
        if action not in _ALLOWED:
            return sqlite3.SQLITE_DENY
        if action == sqlite3.SQLITE_FUNCTION and (second or "").casefold() in _UNSAFE_FUNCTIONS:
            return sqlite3.SQLITE_DENY
        if action == sqlite3.SQLITE_READ:
            # What a view reads is its own affair, if the view may be read.
            is_known = {(first or "").casefold(), (inner or "").casefold()} & tables
            # No column is read where rows are only counted, be it those of a subquery.
            return sqlite3.SQLITE_OK if is_known or not second else sqlite3.SQLITE_DENY
        return sqlite3.SQLITE_OK

    return allow


def _told(error: sqlite3.Error, seconds: float, *, is_late: bool) -> InvalidInputError | UnavailableError:
    if is_late:
        return UnavailableError(f"the query took longer than {seconds:g} s; ask for less")
    if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
        return UnavailableError(f"the database is locked: {error}")
    if isinstance(error, sqlite3.DatabaseError) and "not a database" in str(error):
        return UnavailableError(f"that is no SQLite database: {error}")
    return InvalidInputError(f"SQLite refuses the query: {error}")


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", errors="replace")
