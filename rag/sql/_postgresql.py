"""A PostgreSQL database, read in read-only transactions by a role that may do nothing else."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby

import psycopg
from psycopg import sql as composed
from psycopg.rows import TupleRow
from psycopg.types.string import TextLoader

from rag.core.errors import InvalidInputError, UnavailableError
from rag.sql._rows import fetched
from rag.sql.schema import Column, ForeignKey, Rows, Schema, Table

__all__ = ["PostgresqlDatabase"]

_CONNECT_SECONDS = 10
_SCHEMA_SECONDS = 30.0
_NUM_FETCHED = 10  # rows at once: each may be large
# What Python has no value for, as infinity, or none that a person reads: these stay as they are written.
_AS_TEXT = ("date", "time", "timetz", "timestamp", "timestamptz", "interval", "json", "jsonb")
_COLUMNS = """
SELECT n.nspname, c.relname, a.attname,
       CASE WHEN y.typtype = 'e' THEN 'enum' ELSE format_type(a.atttypid, a.atttypmod) END,
       COALESCE(a.attnum = ANY (i.indkey), false)
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_type y ON y.oid = a.atttypid
LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
WHERE c.relkind IN ('r', 'v', 'm', 'f', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
  AND n.nspname NOT LIKE 'pg\\_%' AND has_column_privilege(c.oid, a.attnum, 'SELECT')
ORDER BY n.nspname, c.relname, a.attnum
"""
_KEYS = """
SELECT n.nspname, c.relname, a.attname, fn.nspname, f.relname, b.attname
FROM pg_constraint k
JOIN pg_class c ON c.oid = k.conrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_class f ON f.oid = k.confrelid
JOIN pg_namespace fn ON fn.oid = f.relnamespace
CROSS JOIN LATERAL unnest(k.conkey, k.confkey) AS pair(here, there)
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = pair.here
JOIN pg_attribute b ON b.attrelid = f.oid AND b.attnum = pair.there
WHERE k.contype = 'f'
"""
_RIGHTS = """
SELECT r.rolsuper, ARRAY(
    SELECT c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'v', 'm', 'f', 'p') AND n.nspname NOT LIKE 'pg\\_%'
      AND n.nspname <> 'information_schema'
      AND has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE') LIMIT 5)
FROM pg_roles r WHERE r.rolname = current_user
"""


class PostgresqlDatabase:
    """One database; a connection a query."""

    dialect = "postgres"

    def __init__(self, url: str) -> None:
        self._url = url.replace("postgresql+psycopg://", "postgresql://", 1)

    def schema(self) -> Schema:
        """Read the tables and views that the role may read, those of the schema `public` by bare name.

        Raises:
            InvalidInputError: the role may do more than read.
            UnavailableError: the database is down.
        """
        with self._reading(_SCHEMA_SECONDS) as connection:
            self._check_role(connection)
            columns = connection.execute(_COLUMNS).fetchall()
            keys = connection.execute(_KEYS).fetchall()
        foreign: dict[str, list[ForeignKey]] = {}
        for space, table, column, other_space, other, there in keys:
            key = ForeignKey(column, _named(other_space, other), there)
            foreign.setdefault(_named(space, table), []).append(key)
        return Schema(
            tuple(
                Table(
                    _named(*name),
                    tuple(Column(column, kind, is_key) for _, _, column, kind, is_key in rows),
                    tuple(foreign.get(_named(*name), ())),
                )
                for name, rows in groupby(columns, key=lambda row: row[:2])
            )
        )

    def run(self, sql: str, tables: Sequence[str], *, max_rows: int, seconds: float) -> Rows:
        """Run a query that rag/sql/guard.py has passed; `tables` are what the role's rights say.

        Raises:
            InvalidInputError: PostgreSQL refuses it, or its rows are too large; the message says why.
            UnavailableError: it took too long, or the database is down.
        """
        with self._reading(seconds) as connection, connection.cursor("grove") as cursor:
            cursor.itersize = _NUM_FETCHED
            cursor.execute(composed.SQL(sql))  # no literal: the guard wrote it
            names = tuple(column.name for column in cursor.description or ())
            rows, is_cut = fetched(cursor, max_rows=max_rows)
        return Rows(names, rows, is_cut)

    def prepare(self, sql: str, tables: Sequence[str], *, seconds: float) -> None:
        """Plan a query that rag/sql/guard.py has passed.

        Raises:
            InvalidInputError: PostgreSQL refuses it; the message says why.
            UnavailableError: it took too long, or the database is down.
        """
        with self._reading(seconds) as connection:
            connection.execute(composed.SQL("EXPLAIN {}").format(composed.SQL(sql)))

    @contextmanager
    def _reading(self, seconds: float) -> Iterator[psycopg.Connection[TupleRow]]:
        try:
            with psycopg.connect(self._url, connect_timeout=_CONNECT_SECONDS) as connection:
                connection.read_only = True
                for name in _AS_TEXT:
                    connection.adapters.register_loader(name, TextLoader)
                connection.execute("SET LOCAL DateStyle = ISO")
                connection.execute(
                    "SELECT set_config('statement_timeout', %s, true)", [str(int(seconds * 1000))]
                )
                yield connection
                connection.rollback()
        except psycopg.errors.QueryCanceled as error:
            raise UnavailableError(f"the query took longer than {seconds:g} s; ask for less") from error
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            raise UnavailableError(f"the database is down: {_line(error)}") from error
        except psycopg.Error as error:
            raise InvalidInputError(f"PostgreSQL refuses the query: {_line(error)}") from error

    def _check_role(self, connection: psycopg.Connection[TupleRow]) -> None:
        row = connection.execute(_RIGHTS).fetchone()
        assert row is not None, "the role that is connected exists"
        is_super, writable = row
        if is_super or writable:
            what = "is a superuser" if is_super else f"may write to {', '.join(writable)}"
            raise InvalidInputError(
                f"the role of this source {what}; make one that can only read: CREATE ROLE reader LOGIN"
                " PASSWORD '...'; GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader"
            )


def _named(space: str, table: str) -> str:
    return table if space == "public" else f"{space}.{table}"


def _line(error: psycopg.Error) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
