"""The shop of examples/shop.sql as a SQLite file, and in PostgreSQL with a role that only reads."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import psycopg

from rag.core.sql_settings import SqlSourceSettings
from rag.sql.source import SqlSource

__all__ = ["SHOP", "Shop", "postgresql_shop", "source", "sqlite_shop"]

Shop = Callable[..., SqlSource]
SHOP = (Path(__file__).parents[2] / "examples" / "shop.sql").read_text()


def sqlite_shop(folder: Path, more: str = "") -> str:
    """Make the file and give its address."""
    path = folder / "shop.db"
    connection = sqlite3.connect(path)
    connection.executescript(SHOP + more)
    connection.close()
    return f"sqlite:///{path}"


def postgresql_shop(url: str, more: str = "") -> str:
    """Fill the database and give its address for the role `reader`."""
    address = url.replace("postgresql+psycopg://", "postgresql://")
    with psycopg.connect(address) as connection:
        connection.execute(SHOP + more)
        name = connection.info.dbname
        connection.execute(
            "DO $$ BEGIN CREATE ROLE reader LOGIN PASSWORD 'secret';"
            " EXCEPTION WHEN duplicate_object THEN NULL; END $$"
        )
        connection.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader")
        host = connection.info.host
    return f"postgresql://reader:secret@/{name}?host={host}"


def source(url: str, **settings: object) -> SqlSource:
    """Give the shop as a registered database."""
    return SqlSource("shop", SqlSourceSettings.model_validate({"url": url, **settings}))
