import asyncio
import threading
import time
from contextvars import ContextVar

import pytest

from agents.turns import in_turn

TENANT: ContextVar[str] = ContextVar("tenant", default="none")


class Held:
    """Works that begin when their turn comes and end one at a time, when they may."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self._may_end = threading.Semaphore(0)

    def work(self, number: int) -> None:
        self.begun.append(number)
        assert self._may_end.acquire(timeout=10)

    def end_one(self) -> None:
        self._may_end.release()

    async def until_begun(self, number: int) -> None:
        deadline = time.monotonic() + 10
        while len(self.begun) < number:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.001)


def test_who_came_first_is_served_first() -> None:
    async def run() -> None:
        held, count = Held(), 40
        tasks = [asyncio.create_task(in_turn(held.work, number)) for number in range(count)]
        await held.until_begun(1)
        await asyncio.sleep(0.05)
        together = len(held.begun)  # as many turns at once as the machine has cores for
        assert sorted(held.begun) == list(range(together))
        for ended in range(1, count + 1):
            held.end_one()
            await held.until_begun(min(count, together + ended))
        await asyncio.gather(*tasks)
        assert held.begun[together:] == list(range(together, count))

    asyncio.run(run())


def test_who_is_gone_before_the_turn_comes_takes_none() -> None:
    async def run() -> None:
        held, count = Held(), 40
        tasks = [asyncio.create_task(in_turn(held.work, number)) for number in range(count)]
        await held.until_begun(1)
        tasks[-1].cancel()
        with pytest.raises(asyncio.CancelledError):
            await tasks[-1]
        for _ in range(count):
            held.end_one()
        await asyncio.gather(*tasks[:-1])
        assert sorted(held.begun) == list(range(count - 1))

    asyncio.run(run())


def test_a_turn_gives_what_the_work_gives_and_knows_what_its_caller_knows() -> None:
    async def run() -> str:
        TENANT.set("north")
        return await in_turn(lambda name: f"{TENANT.get()} {name}", "sea")

    assert asyncio.run(run()) == "north sea"


def test_what_a_turn_raises_reaches_its_caller() -> None:
    with pytest.raises(ZeroDivisionError):
        asyncio.run(in_turn(lambda: 1 // 0))
