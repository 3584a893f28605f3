"""Places for questions: so many are worked on, so many wait, the rest is told when to come back."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import httpx
import pytest
from _http import client_of, ingested, serving, small_settings

from api.admission import Admission
from api.main import create_app
from rag.compose import Grove
from rag.core.errors import OverloadedError
from rag.core.settings import ServerSettings

QUESTION = {"question": "How tall is the tower?", "generator": "slow", "stream": True}


def admission(**limits: Any) -> Admission:
    return Admission(ServerSettings(**limits))


async def held(places: Admission, until: asyncio.Event, order: list[int], number: int) -> None:
    async with places.place():
        order.append(number)
        await until.wait()


async def begun(works: list[Coroutine[Any, Any, None]]) -> list[asyncio.Task[None]]:
    tasks = []
    for work in works:
        tasks.append(asyncio.create_task(work))
        await asyncio.sleep(0)
    await asyncio.sleep(0.01)
    return tasks


def test_who_came_first_is_let_in_first() -> None:
    async def run() -> list[int]:
        places, until, order = admission(max_working=2), asyncio.Event(), list[int]()
        tasks = await begun([held(places, until, order, number) for number in range(5)])
        assert (places.working, places.waiting) == (2, 3)
        until.set()
        await asyncio.gather(*tasks)
        assert (places.working, places.waiting) == (0, 0)
        return order

    assert asyncio.run(run()) == [0, 1, 2, 3, 4]


def test_what_neither_works_nor_waits_is_turned_away_at_once() -> None:
    async def run() -> None:
        places, until, order = admission(max_working=1, max_waiting=1), asyncio.Event(), list[int]()
        tasks = await begun([held(places, until, order, number) for number in range(2)])
        with pytest.raises(OverloadedError, match=r"1 questions.*GROVE_SERVER__MAX_WORKING") as refused:
            await held(places, until, order, 2)
        assert 1 <= refused.value.retry_after_seconds <= 60
        until.set()
        await asyncio.gather(*tasks)
        assert order == [0, 1]

    asyncio.run(run())


def test_who_waits_too_long_is_turned_away_and_leaves_its_place_in_the_queue() -> None:
    async def run() -> None:
        places, until, order = admission(max_working=1, max_wait_seconds=0.05), asyncio.Event(), list[int]()
        tasks = await begun([held(places, until, order, 0)])
        with pytest.raises(OverloadedError, match=r"for 0\.05 s"):
            await held(places, until, order, 1)
        assert places.waiting == 0
        until.set()
        await asyncio.gather(*tasks)
        await held(places, until, order, 2)
        assert order == [0, 2]

    asyncio.run(run())


def test_a_client_that_leaves_the_queue_takes_no_place() -> None:
    async def run() -> None:
        places, until, order = admission(max_working=1), asyncio.Event(), list[int]()
        first, second = await begun([held(places, until, order, number) for number in range(2)])
        second.cancel()
        until.set()
        await asyncio.gather(first, second, return_exceptions=True)
        await held(places, until, order, 2)
        assert order == [0, 2]
        assert (places.working, places.waiting) == (0, 0)

    asyncio.run(run())


def test_the_excess_gets_503_with_a_time_to_come_back_and_the_rest_is_served(grove_home: Path) -> None:
    server = ServerSettings(max_working=2, max_waiting=1, max_upload_bytes=100_000)
    grove = Grove(small_settings(grove_home, server=server))
    ingested(client_of(grove), grove)

    async def asked(client: httpx.AsyncClient) -> httpx.Response:
        return await client.post("/api/v1/ask", json=QUESTION)

    async def run(url: str) -> list[httpx.Response]:
        async with httpx.AsyncClient(base_url=url, timeout=30) as client:
            return await asyncio.gather(*(asked(client) for _ in range(8)))

    with serving(create_app(grove)) as url:
        replies = asyncio.run(run(url))
        metrics = httpx.get(f"{url}/metrics").text
    served = [reply for reply in replies if reply.status_code == 200]
    refused = [reply for reply in replies if reply.status_code == 503]
    assert (len(served), len(refused)) == (3, 5)
    assert all("event: answer.finished" in reply.text for reply in served)
    assert all(int(reply.headers["retry-after"]) >= 1 for reply in refused)
    assert {reply.json()["type"] for reply in refused} == {"urn:grove:error:OverloadedError"}
    assert 'grove_runs_total{generator="resumed",outcome="turned_away"} 5.0' in metrics
    assert "grove_questions_working 0.0" in metrics
    grove.database.close()


def test_openai_clients_get_their_own_kind_of_error(grove_home: Path) -> None:
    server = ServerSettings(max_working=1, max_waiting=0, max_upload_bytes=100_000)
    grove = Grove(small_settings(grove_home, server=server))
    ingested(client_of(grove), grove)
    body = {"model": "slow", "messages": [{"role": "user", "content": "How tall is the tower?"}]}

    async def run(url: str) -> list[httpx.Response]:
        async with httpx.AsyncClient(base_url=url, timeout=30) as client:
            return await asyncio.gather(*(client.post("/v1/chat/completions", json=body) for _ in range(3)))

    with serving(create_app(grove)) as url:
        replies = sorted(asyncio.run(run(url)), key=lambda reply: reply.status_code)
    assert [reply.status_code for reply in replies] == [200, 503, 503]
    assert replies[1].json()["error"]["code"] == "OverloadedError"
    assert replies[1].headers["retry-after"]
    grove.database.close()
