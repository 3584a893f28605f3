"""What of a transaction the disk must have before it counts."""

from sqlalchemy import text

from rag.db.session import Database


def level(database: Database, *, is_durable: bool) -> str:
    setting = "SHOW synchronous_commit" if database.is_postgresql else "PRAGMA synchronous"
    with database.write(is_durable=is_durable) as session:
        return str(session.execute(text(setting)).scalar())


def test_a_transaction_waits_for_the_disk_unless_it_says_otherwise(database: Database) -> None:
    durable, hasty = ("on", "off") if database.is_postgresql else ("2", "1")
    for is_durable in (False, True, False, True):  # on the same connection of the pool
        assert level(database, is_durable=is_durable) == (durable if is_durable else hasty)
