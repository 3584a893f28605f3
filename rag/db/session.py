"""The database: opened, migrated, and its two kinds of transaction.

SQLite: write-ahead log, foreign keys, full synchronisation (a commit survives a power cut), and
writers that queue for the lock at their first statement instead of failing at their last.
"""

import logging
import sqlite3
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from zlib import crc32

from sqlalchemy import Connection, Engine, create_engine, event, exc, func, inspect, select, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.orm import Session, sessionmaker

from rag.core.errors import ConflictError, InvalidInputError, UnavailableError
from rag.db._group_commit import GroupCommit, Work
from rag.db.migrations import HEAD

__all__ = ["Database", "DatabaseReport", "look_at", "open_database"]

_T = TypeVar("_T")
_BUSY_SECONDS = 60
_CONNECT_SECONDS = 10
_DAMAGED = (exc.DatabaseError, sqlite3.DatabaseError)  # themselves, and none of their subclasses
_DOWN = (  # the other kinds are of a statement, and say nothing of the database
    *_DAMAGED,
    sqlite3.OperationalError,
    exc.OperationalError,
    exc.InterfaceError,
    exc.TimeoutError,  # all connections are in use
)
_UNWRITABLE = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY)
_log = logging.getLogger(__name__)


class Database:
    """Where transactions come from; safe to share between threads."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.is_postgresql = engine.dialect.name == "postgresql"
        # A reader sees one instant: on SQLite by itself, on PostgreSQL by this level.
        level = {"isolation_level": "REPEATABLE READ"} if self.is_postgresql else {}
        self._reading = engine.execution_options(**level)
        self._readers = sessionmaker(self._reading, expire_on_commit=False)
        writing, hasty = (
            engine.execution_options(begin="BEGIN IMMEDIATE", synchronous=level)
            for level in ("FULL", "NORMAL")
        )
        self._writers = sessionmaker(writing, expire_on_commit=False)
        self._hasty_writers = sessionmaker(hasty, expire_on_commit=False)
        self._group = GroupCommit(lambda is_durable: self.write(is_durable=is_durable))

    @contextmanager
    def write(self, *, is_durable: bool = True) -> Iterator[Session]:
        """Open a write transaction: committed at the end of the block, rolled back when it raises.

        The database's lock is taken at the first statement, not before.

        Args:
            is_durable: wait until the disk has it. Without, a power cut (no crash of ours) may undo the
                newest transactions, wholly and in order; it saves milliseconds.

        Raises:
            UnavailableError: the database is down, or locked for too long.
        """
        writers = self._writers if is_durable else self._hasty_writers
        with self._reachable(), writers.begin() as session:
            if self.is_postgresql and not is_durable:
                session.execute(text("SET LOCAL synchronous_commit = off"))
            yield session

    def write_soon(self, work: Work[_T], *, is_durable: bool = False) -> "Future[_T]":
        """Write with others that come at this time, in one transaction and in order.

        Args:
            work: is given the session, and may be run twice: the first time is then rolled back.
            is_durable: as of `write`.

        The future raises what `work` raises, or UnavailableError.
        """
        return self._group.submit(work, is_durable=is_durable)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Open a read transaction that sees the database at one instant.

        Raises:
            UnavailableError: the database is down.
        """
        with self._reachable(), self._readers() as session:
            yield session

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """Open a read transaction for plain rows, without the ORM: a quarter of a millisecond cheaper.

        Raises:
            UnavailableError: the database is down.
        """
        with self._reachable(), self._reading.connect() as connection:
            yield connection

    def lock(self, session: Session, name: str, *, shared: bool = False) -> None:
        """Hold the named lock until the transaction ends; on SQLite any writer holds them all.

        Args:
            session: the write transaction.
            name: of the lock.
            shared: others may hold it too, unless they want it alone.
        """
        if self.is_postgresql:
            take = func.pg_advisory_xact_lock_shared if shared else func.pg_advisory_xact_lock
            session.execute(select(take(crc32(name.encode()))))

    def try_lock(self, session: Session, name: str) -> bool:
        """Take the named lock alone if nobody holds it; tell whether it was taken."""
        if not self.is_postgresql:
            return True
        taken: bool = session.scalar(select(func.pg_try_advisory_xact_lock(crc32(name.encode())))) or False
        return taken

    def vacuum(self) -> None:
        """Write the files of the database anew, so that they hold nothing which was deleted.

        On PostgreSQL the space is only freed; its write-ahead log and its backups are its administrator's.

        Raises:
            UnavailableError: the database is down, or locked for too long.
        """
        with self._reachable(), self.engine.connect() as connection:
            driver = connection.connection.driver_connection
            assert driver is not None, "a connection that is open has a driver's"
            if self.is_postgresql:
                driver.autocommit = True
                driver.execute("VACUUM")
                driver.autocommit = False
                return
            driver.execute("VACUUM")
            driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Write what waits and close all connections."""
        self._group.flush()
        self.engine.dispose()

    @contextmanager
    def _reachable(self) -> Iterator[None]:
        try:
            yield
        except (exc.DBAPIError, exc.TimeoutError, sqlite3.DatabaseError) as error:
            if type(error) not in _DOWN:
                raise
            where = self.engine.url.render_as_string(hide_password=True)
            raise UnavailableError(f"the database {where} {_plight(error)}") from error


@dataclass(frozen=True, slots=True)
class DatabaseReport:
    """What a database is, as it was found."""

    server: str
    version: str | None  # of its tables; None where there are none
    head: str  # the version that this Grove knows
    pgvector: str | None  # that is installed, or could be

    @property
    def is_current(self) -> bool:
        """Tell whether it has this Grove's tables."""
        return self.version == self.head


def look_at(url: str | Path) -> DatabaseReport:
    """Find what is there, at an address or in a file of SQLite, without making or migrating anything.

    Raises:
        InvalidInputError: the address is not one of SQLite or PostgreSQL.
        UnavailableError: the database is down.
    """
    database = Database(_engine(url))
    file = database.engine.url.database
    if not database.is_postgresql and not Path(file or "").exists():
        return DatabaseReport(f"SQLite in {file}", None, HEAD, None)
    query = "SELECT coalesce(installed_version, default_version) FROM pg_available_extensions"
    with database.read() as session:
        version = _current_version(session.connection())
        if not database.is_postgresql:
            return DatabaseReport(f"SQLite in {file}", version, HEAD, None)
        server = session.scalar(text("SHOW server_version"))
        vector = session.scalar(text(f"{query} WHERE name = 'vector'"))  # both are written here
    database.close()
    return DatabaseReport(f"PostgreSQL {server}", version, HEAD, vector)


def open_database(url: str | Path) -> Database:
    """Open the database at an address or in a file of SQLite, made or migrated when needed.

    Raises:
        InvalidInputError: the address is not one of SQLite or PostgreSQL.
        UnavailableError: the database is down.
        ConflictError: the database was made by a newer Grove.
    """
    database = Database(_engine(url))
    with database.read() as session:
        current = _current_version(session.connection())
    if current != HEAD:
        _migrate(database)
    return database


def _engine(url: str | Path) -> Engine:
    try:
        # A path may hold what has a meaning in an address.
        address = URL.create("sqlite", database=str(url)) if isinstance(url, Path) else make_url(url)
        backend = address.get_backend_name()
        if backend == "sqlite":
            # The pool lends a connection to one thread at a time; the driver's own check is in its way.
            options = {"timeout": _BUSY_SECONDS, "check_same_thread": False}
            engine = create_engine(address, connect_args=options, hide_parameters=True)
            event.listen(engine, "connect", _configure_sqlite)
            event.listen(engine, "begin", _begin_sqlite)
            return engine
        if backend == "postgresql":
            return create_engine(
                address.set(drivername="postgresql+psycopg"),
                pool_pre_ping=True,
                hide_parameters=True,  # an error must not show the text of a document
                connect_args={"connect_timeout": _CONNECT_SECONDS},
            )
    except (exc.ArgumentError, exc.NoSuchModuleError) as error:
        raise InvalidInputError(f"not an address of a database: {error}") from error
    raise InvalidInputError(
        f"databases of the kind {backend!r} are not supported; use sqlite:///FILE or postgresql://USER@HOST/NAME"
    )


def _configure_sqlite(connection: Any, _record: object) -> None:  # Any: the driver's connection
    connection.isolation_level = None  # the driver must not begin transactions of its own
    for pragma in ("journal_mode=WAL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    # By the driver: it stands before the transaction that SQLAlchemy knows of.
    driver = connection.connection.driver_connection
    assert driver is not None, "a connection that begins is open"
    driver.execute(f"PRAGMA synchronous={options.get('synchronous', 'FULL')}")
    connection.exec_driver_sql(options.get("begin", "BEGIN"))


def _plight(error: exc.SQLAlchemyError | sqlite3.DatabaseError) -> str:
    said = error.orig if isinstance(error, exc.DBAPIError) else error
    if type(error) in _DAMAGED:
        return f"is damaged: {said}; move it and its -wal away, and restore an export: `rag import FILE`"
    if getattr(said, "sqlite_errorcode", 0) & 0xFF in _UNWRITABLE:
        return (
            f"failed: {said}; its folder must be there and be writable, also to read:"
            " mend that, or choose another with --home or GROVE_HOME"
        )
    return f"failed: {said}"


def _current_version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    version: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return version


def _migrate(database: Database) -> None:
    # Imported here: a database that is up to date needs none of it, and it costs 100 ms.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util.exc import CommandError  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    try:
        with database.write() as session:
            # One process migrates; the others wait here and then find nothing to do.
            database.lock(session, "migrations")
            config.attributes["connection"] = session.connection()
            command.upgrade(config, "head")
    except CommandError as error:
        raise ConflictError(
            f"the database was made by a newer Grove (this one knows tables up to {HEAD});"
            f" install that version or use another database: {error}"
        ) from error
    except exc.DBAPIError as error:
        raise UnavailableError(f"the database could not be migrated to {HEAD}: {error.orig}") from error
    _log.info("The database is at %s.", HEAD)
