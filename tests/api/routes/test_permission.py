"""A run that waits, answered over HTTP."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from _http import client_of
from _sender import SEND, fill, sent, small, with_sender
from fastapi.testclient import TestClient

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
