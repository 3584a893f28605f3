"""A registered database: what it holds, what may be asked of it, and the rows that come back."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self

from rag.core.errors import InvalidInputError, NotFoundError, RagError, UnavailableError
from rag.core.sql_settings import SqlSourceSettings
from rag.sql.guard import checked
from rag.sql.schema import Rows, Schema
from rag.sql.values import ValueIndex, distinct_query

__all__ = ["SqlSource", "SqlSourceSummary", "SqlSources"]

_FRESH_SECONDS = 600.0  # schema and values are read again after this
_GROVES_OWN = frozenset(("alembic_version", "job_files", "chunks", "documents"))
_MAX_VALUES = 2000  # distinct ones of a column that questions may name
_VALUE_SECONDS = 2.0  # in which those of a column are found, or none of them is known
_VALUES_SECONDS = 4.0  # in which those of all columns are; what comes behind goes unknown
_RETRY_SECONDS = 30.0  # a database that is down is not tried again before


class Database(Protocol):
    """A kind of database, as a source uses it."""

    @property
    def dialect(self) -> str:
        """Name its SQL, as sqlglot does."""
        ...

    def schema(self) -> Schema:
        """Read what it holds."""
        ...

    def run(self, sql: str, tables: Sequence[str], *, max_rows: int, seconds: float) -> Rows:
        """Run a checked query that reads these tables alone."""
        ...

    def prepare(self, sql: str, tables: Sequence[str], *, seconds: float) -> None:
        """Plan such a query and read no row."""
        ...


@dataclass(frozen=True, slots=True)
class SqlSourceSummary:
    """A registered database as a person may see it: never its address, which may hold a password."""

    name: str
    dialect: str
    description: str
    tables: tuple[str, ...]
    error: str | None  # why it cannot be read


class SqlSource:
    """One registered database."""

    def __init__(
        self, name: str, settings: SqlSourceSettings, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.name = name
        self.settings = settings
        self._database = _database(settings.url)
        self._clock = clock  # seconds
        self._lock = threading.Lock()
        self._schema: Schema | None = None
        self._values: ValueIndex | None = None
        self._read_at = 0.0
        self._down: tuple[float, str] | None = None  # until when, and why

    @property
    def read_at(self) -> float:
        """Tell when the schema was read last, by the clock; the values are never older."""
        return self._read_at

    @property
    def dialect(self) -> str:
        """Name its SQL."""
        return self._database.dialect

    def is_open_to(self, collection: str) -> bool:
        """Tell whether questions to a collection may use it."""
        return self.settings.collections is None or collection in self.settings.collections

    def summary(self) -> SqlSourceSummary:
        """Look at the database and say what it holds, or why that cannot be said."""
        tables: tuple[str, ...] = ()
        error = None
        try:
            tables = tuple(table.name for table in self.schema().tables)
        except RagError as fault:
            error = str(fault)
        return SqlSourceSummary(self.name, self.dialect, self.settings.description, tables, error)

    def schema(self) -> Schema:
        """Give the tables that may be read; read anew now and then.

        Raises:
            InvalidInputError: the settings name a table that there is not, the database is Grove's own, or
                its role may write.
            UnavailableError: it is down.
            NotFoundError: no such file.
        """
        with self._lock:
            if self._schema is None or self._clock() - self._read_at > _FRESH_SECONDS:
                self._schema, self._values = self._allowed(self._read_schema()), None
                self._read_at = self._clock()
            return self._schema

    def values(self) -> ValueIndex:
        """Give the short texts that stand in its columns, to find those that a question names."""
        schema = self.schema()
        with self._lock:
            if self._values is None:
                deadline = self._clock() + _VALUES_SECONDS
                self._values = ValueIndex(
                    (table.name, column.name, self._distinct(table.name, column.name, deadline))
                    for table in schema.tables
                    for column in table.columns
                    if column.is_text
                )
            return self._values

    def run(self, sql: str) -> tuple[str, Rows]:
        """Run one SELECT and give it as it was run, with its rows.

        Raises:
            InvalidInputError: it is not allowed, or the database refuses it.
            UnavailableError: it took too long, or the database is down.
        """
        schema = self.schema()
        query = checked(sql, schema, dialect=self.dialect)
        names = [table.name for table in schema.tables]
        limits = self.settings
        return query, self._database.run(
            query, names, max_rows=limits.max_rows, seconds=limits.timeout_seconds
        )

    def prepare(self, sql: str) -> None:
        """Let the database plan one SELECT: what it refuses so it would refuse to run.

        Raises:
            InvalidInputError: it is not allowed, or the database refuses it.
            UnavailableError: it took too long, or the database is down.
        """
        schema = self.schema()
        query = checked(sql, schema, dialect=self.dialect)
        names = [table.name for table in schema.tables]
        self._database.prepare(query, names, seconds=self.settings.timeout_seconds)

    def _read_schema(self) -> Schema:
        """Read it; those who wait behind a try that failed are told so without one of their own."""
        if self._down is not None and self._clock() < self._down[0]:
            raise UnavailableError(self._down[1])
        try:
            return self._database.schema()
        except UnavailableError as error:
            self._down = self._clock() + _RETRY_SECONDS, str(error)
            raise

    def _allowed(self, schema: Schema) -> Schema:
        if _GROVES_OWN <= {table.name.casefold() for table in schema.tables}:
            raise InvalidInputError(
                f"the source {self.name!r} is a database of Grove itself, which questions never read;"
                " give another"
            )
        if self.settings.tables is None:
            return schema
        if unknown := [name for name in self.settings.tables if schema.table(name) is None]:
            there = ", ".join(table.name for table in schema.tables) or "none"
            raise InvalidInputError(
                f"the source {self.name!r} has no table {', '.join(unknown)}; there is: {there}"
            )
        return schema.only(self.settings.tables)

    def _distinct(self, table: str, column: str, deadline: float) -> list[str]:
        seconds = min(_VALUE_SECONDS, deadline - self._clock())
        if seconds <= 0:
            return []
        query = distinct_query(table, column, limit=_MAX_VALUES, dialect=self.dialect)
        try:
            rows = self._database.run(query, [table], max_rows=_MAX_VALUES, seconds=seconds)
        except RagError:  # a view that fails, a table too large to look through: its values go unnamed
            return []
        return [str(value) for (value,) in rows.rows]


class SqlSources(Mapping[str, SqlSource]):
    """The registered databases, by name."""

    def __init__(self, sources: Iterable[SqlSource]) -> None:
        self._sources = {source.name: source for source in sources}

    @classmethod
    def registered(cls, settings: Mapping[str, SqlSourceSettings]) -> Self:
        """Give those of the settings; none is opened yet."""
        return cls(SqlSource(name, each) for name, each in settings.items())

    def __getitem__(self, name: str) -> SqlSource:
        """Give a source.

        Raises:
            NotFoundError: none is registered under that name.
        """
        if name not in self._sources:
            there = ", ".join(self._sources) or "none is registered (GROVE_SQL__SOURCES, docs/sql.md)"
            raise NotFoundError(f"there is no SQL source {name!r}; there is: {there}")
        return self._sources[name]

    def __iter__(self) -> Iterator[str]:
        """Give the names."""
        return iter(self._sources)

    def __len__(self) -> int:
        """Give how many there are."""
        return len(self._sources)


def _database(url: str) -> Database:
    # One driver a source: whoever has none of a kind does not import it.
    if url.startswith("sqlite:///"):
        from rag.sql._sqlite import SqliteDatabase  # noqa: PLC0415

        return SqliteDatabase(Path(url.removeprefix("sqlite:///")).expanduser())
    from rag.sql._postgresql import PostgresqlDatabase  # noqa: PLC0415

    return PostgresqlDatabase(url)
