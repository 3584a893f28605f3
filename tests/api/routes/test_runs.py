import json
import threading
from typing import Any

import httpx
import pytest
from _http import Filled, wait_until
from fastapi.testclient import TestClient

QUESTION = {"question": "How tall is the tower?"}


@pytest.fixture
def client(filled: Filled) -> TestClient:
    """Give a client of an installation with one document."""
    return filled.client


@pytest.fixture
def run_id(client: TestClient) -> str:
    """Ask a question and give its run's id."""
    found: str = client.post("/api/v1/ask", json=QUESTION).json()["run_id"]
    return found


def events_of(text: str) -> list[dict[str, Any]]:
    return [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: ")]


def test_runs_are_listed_newest_first(client: TestClient, run_id: str) -> None:
    newest = client.post("/api/v1/ask", json=QUESTION).json()["run_id"]
    listed = client.get("/api/v1/runs?limit=2").json()["runs"]
    assert [run["run_id"] for run in listed] == [newest, run_id]
    assert {run["question"] for run in listed} == {QUESTION["question"]}


def test_a_run_has_its_events_in_order(client: TestClient, run_id: str) -> None:
    events = client.get(f"/api/v1/runs/{run_id}").json()["events"]
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert client.get(f"/api/v1/runs/{run_id}?after=3").json()["events"] == events[3:]


@pytest.mark.parametrize("how", ["after", "last-event-id"])
def test_a_broken_stream_goes_on_where_it_broke(client: TestClient, run_id: str, how: str) -> None:
    events = client.get(f"/api/v1/runs/{run_id}").json()["events"]
    address = f"/api/v1/runs/{run_id}/events"
    whole = client.get(address)
    rest = client.get(f"{address}?after=5") if how == "after" else client.get(address, headers={how: "5"})
    assert whole.headers["content-type"].startswith("text/event-stream")
    assert events_of(whole.text) == events
    assert events_of(rest.text) == events[5:]


def test_a_stream_that_has_ended_does_not_begin_again(client: TestClient, run_id: str) -> None:
    last = len(client.get(f"/api/v1/runs/{run_id}").json()["events"])
    assert client.get(f"/api/v1/runs/{run_id}/events?after={last}").status_code == 204


def test_a_condition_on_a_stream_is_never_met(client: TestClient, run_id: str) -> None:
    reply = client.post(f"/api/v1/runs/{run_id}/events", headers={"if-match": '"x"'})
    assert reply.status_code == 412


def test_a_run_is_followed_while_it_goes_on(server: str, filled: Filled) -> None:
    asked: list[dict[str, Any]] = []
    body = {**QUESTION, "generator": "slow"}
    thread = threading.Thread(
        target=lambda: asked.append(httpx.post(f"{server}/api/v1/ask", json=body).json())
    )
    thread.start()
    wait_until(lambda: filled.grove.runs.runs(1)[0].state == "running")
    run_id = filled.grove.runs.runs(1)[0].run_id
    followed = events_of(httpx.get(f"{server}/api/v1/runs/{run_id}/events").text)
    thread.join()
    assert followed == httpx.get(f"{server}/api/v1/runs/{run_id}").json()["events"]
    assert followed[0]["type"] == "run.started"
    assert followed[-1]["type"] == "answer.finished"
    assert followed[-1]["answer"]["answer"] == asked[0]["answer"]


def test_an_unknown_run_is_not_found(client: TestClient) -> None:
    for address in ("nobody", "nobody/events", "0" * 32, "nobody/events?after=3"):
        reply = client.get(f"/api/v1/runs/{address}")
        assert reply.status_code == 404, address


@pytest.mark.parametrize("after", ["-1", "x", "1.5", "99999999999999999999"])
def test_a_wrong_place_in_a_run_is_refused(client: TestClient, run_id: str, after: str) -> None:
    assert client.get(f"/api/v1/runs/{run_id}?after={after}").status_code == 422
    assert client.get(f"/api/v1/runs/{run_id}/events?after={after}").status_code == 422
    reply = client.get(f"/api/v1/runs/{run_id}/events", headers={"last-event-id": after})
    assert reply.status_code == 422
