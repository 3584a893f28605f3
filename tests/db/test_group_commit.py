"""Small writes in common transactions: all are done, in order, and one that fails harms no other."""

import threading
from collections.abc import Callable

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from rag.core.errors import ConflictError
from rag.db.session import Database
from rag.db.tables import CollectionRow


def named(name: str) -> Callable[[Session], str]:
    def add(session: Session) -> str:
        session.add(CollectionRow(id=name, tenant="t", name=name))
        session.flush()
        return name

    return add


def names(database: Database) -> set[str]:
    with database.read() as session:
        return set(session.scalars(select(CollectionRow.name)))


def test_each_work_is_committed_when_its_future_is_done(database: Database) -> None:
    assert database.write_soon(named("a")).result(10) == "a"
    assert names(database) == {"a"}


def test_what_comes_while_one_commits_shares_a_transaction(database: Database) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow(session: Session) -> int:
        begun.set()
        assert go_on.wait(10)
        return id(session)

    first = database.write_soon(slow)
    assert begun.wait(10)
    others = [database.write_soon(id) for _ in range(5)]
    go_on.set()
    assert len({other.result(10) for other in others}) == 1
    assert first.done()


def test_a_work_that_fails_leaves_nothing_behind_and_the_others_stay(database: Database) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow(session: Session) -> None:
        begun.set()
        assert go_on.wait(10)

    def failing(session: Session) -> None:
        named("half")(session)
        raise ConflictError("not this one")

    database.write_soon(slow)
    assert begun.wait(10)
    before, failed, after = (database.write_soon(work) for work in (named("a"), failing, named("b")))
    go_on.set()
    assert (before.result(10), after.result(10)) == ("a", "b")
    with pytest.raises(ConflictError, match="not this one"):
        failed.result(10)
    assert names(database) == {"a", "b"}


def test_a_bug_reaches_its_caller_and_the_next_work_runs(database: Database) -> None:
    def wrong(session: Session) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        database.write_soon(wrong).result(10)
    assert database.write_soon(named("a")).result(10) == "a"


def test_works_run_in_the_order_they_came(database: Database) -> None:
    seen: list[int] = []

    def note(number: int) -> Callable[[Session], None]:
        return lambda session: seen.append(number)

    futures = [database.write_soon(note(number)) for number in range(50)]
    for future in futures:
        future.result(10)
    assert seen == list(range(50))


def test_closing_writes_what_waits(database: Database) -> None:
    futures = [database.write_soon(named(str(number))) for number in range(20)]
    database.close()
    assert all(future.done() for future in futures)
    assert len(names(database)) == 20


def test_a_durable_work_waits_for_the_disk(database: Database) -> None:
    levels = [database.write_soon(_level, is_durable=is_durable).result(10) for is_durable in (True, False)]
    assert levels == (["on", "off"] if database.is_postgresql else [2, 1])


def _level(session: Session) -> object:
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    return session.scalar(text("PRAGMA synchronous" if is_sqlite else "SHOW synchronous_commit"))
