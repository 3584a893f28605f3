"""A run that somebody or something ends: one last event, the same for everybody, and nothing after it."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from _http import BrokenEncoder, client_of, ingested, serving, small_settings, wait_until

from agents.runs import ask
from api.main import create_app
from rag.compose import Grove
from rag.core.errors import OWN_FAULT
from rag.core.events import Event, RunFailed, TokenGenerated
from rag.core.settings import Part

SLOW = {"question": "How tall is the tower?", "generator": "slow"}
Ending = Callable[[str, str, str], httpx.Response]


@pytest.fixture
def grove(grove_home: Path) -> Iterator[Grove]:
    slow = Part(kind="echo", options={"delay_seconds": 0.25})
    grove = Grove(small_settings(grove_home, generators={"slow": slow}))
    ingested(client_of(grove), grove)
    yield grove
    grove.database.close()


@pytest.fixture
def url(grove: Grove) -> Iterator[str]:
    with serving(create_app(grove)) as url:
        yield url


def events_of(text: str) -> list[dict[str, Any]]:
    return [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: ")]


def last_events(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [event for event in events if event["type"] in ("answer.finished", "error")]


def begun(grove: Grove) -> str:
    """Wait until a run writes, and give its id."""
    wait_until(lambda: any(run.state == "running" for run in grove.runs.runs(1)))
    run_id = grove.runs.runs(1)[0].run_id
    wait_until(lambda: any(event.type == "token" for event in grove.runs.events(run_id)))
    return run_id


def followed(url: str, run_id: str, is_open: threading.Event) -> str:
    lines = []
    with httpx.stream("GET", f"{url}/api/v1/runs/{run_id}/events", timeout=60) as reply:
        for line in reply.iter_lines():
            lines.append(line)
            is_open.set()
    return "\n".join(lines)


def cancelled(url: str, run_id: str, _conversation: str) -> httpx.Response:
    return httpx.post(f"{url}/api/v1/runs/{run_id}/cancel")


def erased(url: str, run_id: str, _conversation: str) -> httpx.Response:
    return httpx.delete(f"{url}/api/v1/erase/runs/{run_id}")


def deleted(url: str, _run_id: str, conversation: str) -> httpx.Response:
    return httpx.delete(f"{url}/api/v1/conversations/{conversation}")


@pytest.mark.parametrize("end", [cancelled, erased, deleted])
def test_a_stream_of_a_run_that_is_ended_has_one_last_event(grove: Grove, url: str, end: Ending) -> None:
    made = httpx.post(f"{url}/api/v1/conversations", json={}).json()["conversation_id"]
    asked = {**SLOW, "conversation_id": made}
    with ThreadPoolExecutor() as pool:
        reply = pool.submit(httpx.post, f"{url}/api/v1/ask", json={**asked, "stream": True}, timeout=60)
        run_id = begun(grove)
        second = pool.submit(followed, url, run_id, is_open := threading.Event())
        assert is_open.wait(60)
        assert end(url, run_id, made).is_success
        streams = [events_of(reply.result().text), events_of(second.result())]
    for events in streams:
        assert last_events(events) == events[-1:]
        assert events[-1]["error"] in ("RunCancelledError", "NotFoundError")
    if end is cancelled:
        stored = httpx.get(f"{url}/api/v1/runs/{run_id}").json()
        assert stored["run"]["state"] == "cancelled"
        assert {json.dumps(events[-1]) for events in (*streams, stored["events"])} == {
            json.dumps(streams[0][-1])
        }
    else:
        assert httpx.get(f"{url}/api/v1/runs/{run_id}").status_code == 404


@pytest.mark.parametrize("end", [cancelled, erased, deleted])
def test_who_waits_for_a_run_that_is_ended_gets_409(grove: Grove, url: str, end: Ending) -> None:
    made = httpx.post(f"{url}/api/v1/conversations", json={}).json()["conversation_id"]
    with ThreadPoolExecutor() as pool:
        asked = {**SLOW, "conversation_id": made}
        reply = pool.submit(httpx.post, f"{url}/api/v1/ask", json=asked, timeout=60)
        assert end(url, begun(grove), made).is_success
        assert reply.result().status_code == 409
        assert reply.result().json()["type"] == "urn:grove:error:RunCancelledError"


def stored_end(grove: Grove) -> tuple[str, Event]:
    run = grove.runs.runs(1)[0]
    return run.state, grove.runs.events(run.run_id)[-1]


def test_a_run_that_a_stopping_server_ends_says_why(grove: Grove) -> None:
    app = create_app(grove)

    async def stopped() -> list[Event]:
        shown = []
        async for event in app.state.guard(ask(grove, SLOW["question"], generator="slow")):
            shown.append(event)
            if isinstance(event, TokenGenerated):
                app.state.admission.close(after_seconds=0.01)
        return shown

    shown = asyncio.run(stopped())
    state, last = stored_end(grove)
    assert isinstance(last, RunFailed)
    assert (state, last.error) == ("failed", "UnavailableError")
    assert shown[-1] == last


def test_a_run_that_fails_as_nobody_foresaw_keeps_that_it_did(grove_home: Path) -> None:
    grove = Grove(small_settings(grove_home), encoder=BrokenEncoder())
    client = client_of(grove)
    ingested(client, grove)
    reply = client.post("/api/v1/ask", json={**SLOW, "stream": True})
    state, last = stored_end(grove)
    assert isinstance(last, RunFailed)
    assert (state, last.error, last.message) == ("failed", "RuntimeError", OWN_FAULT)
    assert events_of(reply.text)[-1]["seq"] == last.seq
    grove.database.close()
