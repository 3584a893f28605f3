"""A run that waits, answered over HTTP."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from _http import client_of, serving, wait_until
from _sender import SEND, fill, sent, small, with_sender
from fastapi.testclient import TestClient

from api.main import create_app
from rag.compose import Grove


@pytest.fixture
def grove(tmp_path: Path) -> Iterator[Grove]:
    grove = with_sender(small(tmp_path))
    fill(grove)
    yield grove
    grove.database.close()


@pytest.fixture
def client(grove: Grove) -> TestClient:
    return client_of(grove)


def waiting(client: TestClient) -> str:
    reply = client.post("/api/v1/ask", json={"question": SEND})
    assert reply.status_code == 202
    body = reply.json()
    assert body["permission"]["tool"] == "send"
    assert body["permission"]["arguments"] == {"what": "the report", "to": "Ada"}
    assert [step["step"] for step in body["steps"]] == ["prepare", "retrieve", "route", "plan"]
    return str(body["run_id"])


def test_an_allowed_call_is_answered_as_a_question_is(client: TestClient, grove: Grove) -> None:
    run_id = waiting(client)
    assert client.get(f"/api/v1/runs/{run_id}").json()["run"]["state"] == "waiting"
    answer = client.post(f"/api/v1/runs/{run_id}/permission", json={"allow": True}).json()
    assert (answer["answer"], answer["run_id"]) == ("Sent the report to Ada.", run_id)
    assert sent(grove) == ["the report -> Ada"]
    again = client.post(f"/api/v1/runs/{run_id}/permission", json={"allow": True})
    assert again.status_code == 409


def test_a_forbidden_one_goes_on_as_events(client: TestClient, grove: Grove) -> None:
    run_id = waiting(client)
    with client.stream(
        "POST", f"/api/v1/runs/{run_id}/permission", json={"allow": False, "stream": True}
    ) as reply:
        events = [json.loads(line[6:]) for line in reply.iter_lines() if line.startswith("data: ")]
    assert events[0]["type"] == "permission.answered"
    assert events[-1]["type"] == "answer.finished"
    assert events[-1]["answer"]["missing"]["terms"]
    assert sent(grove) == []


@pytest.mark.parametrize(("is_detached", "state"), [(True, "done"), (False, "cancelled")])
def test_a_permitted_run_goes_on_without_its_connection_where_it_is_detached(
    tmp_path: Path, is_detached: bool, state: str
) -> None:
    grove = with_sender(small(tmp_path), seconds=1)
    fill(grove)
    run_id = waiting(client_of(grove))
    body = {"allow": True, "stream": True, "detach": is_detached}
    with serving(create_app(grove)) as url:
        path = f"{url}/api/v1/runs/{run_id}"
        with httpx.stream("POST", f"{path}/permission", json=body, timeout=30) as reply:
            next(line for line in reply.iter_lines() if "permission.answered" in line)
        wait_until(lambda: httpx.get(path, timeout=30).json()["run"]["state"] != "running", 60)
        assert httpx.get(path, timeout=30).json()["run"]["state"] == state
    assert sent(grove) == (["the report -> Ada"] if is_detached else [])
    grove.database.close()


def test_a_run_that_waits_is_cancelled(client: TestClient) -> None:
    run_id = waiting(client)
    assert client.post(f"/api/v1/runs/{run_id}/cancel").json()["state"] == "cancelled"
    assert client.post(f"/api/v1/runs/{run_id}/cancel").status_code == 409
    assert client.post(f"/api/v1/runs/{run_id}/permission", json={"allow": True}).status_code == 409
    assert client.post("/api/v1/runs/nobody/cancel").status_code == 404


@pytest.mark.parametrize("body", [{}, {"allow": "yes"}, {"allow": 1}, {"allow": True, "always": True}])
def test_a_wrong_answer_is_refused(client: TestClient, body: dict[str, object]) -> None:
    assert client.post("/api/v1/runs/any/permission", json=body).status_code == 422


def test_openais_clients_are_told_who_can_answer(client: TestClient, grove: Grove) -> None:
    body = {"model": "grove", "messages": [{"role": "user", "content": SEND}]}
    text = client.post("/v1/chat/completions", json=body).json()["choices"][0]["message"]["content"]
    assert 'send(what="the report", to="Ada")' in text
    assert "/permission" in text
    assert sent(grove) == []
