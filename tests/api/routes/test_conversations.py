import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from _http import client_of, ingested, serving, small_settings
from fastapi.testclient import TestClient
from sqlalchemy import update

from api.main import create_app
from rag.compose import Grove
from rag.core.settings import ServerSettings
from rag.db.conversation_tables import ConversationRow

ASK = "/api/v1/ask"
CONVERSATIONS = "/api/v1/conversations"
QUESTION = "How tall is the tower?"


def begun(client: TestClient) -> str:
    made = client.post(CONVERSATIONS, json={})
    assert made.status_code == 201
    conversation_id: str = made.json()["conversation_id"]
    return conversation_id


def ask(client: TestClient, conversation_id: str, question: str = QUESTION, **fields: object) -> str:
    reply = client.post(ASK, json={"question": question, "conversation_id": conversation_id, **fields})
    assert reply.status_code == 200, reply.text
    run_id: str = reply.json()["run_id"]
    return run_id


def turns(client: TestClient, conversation_id: str) -> list[str]:
    return [
        turn["run"]["run_id"] for turn in client.get(f"{CONVERSATIONS}/{conversation_id}").json()["turns"]
    ]


@pytest.mark.usefixtures("document_id")
def test_a_long_question_may_be_followed_up(client: TestClient) -> None:
    conversation_id = begun(client)
    long = "How tall is the tower in Paris? " + "It is said to be tall. " * 850
    asked = [
        ask(client, conversation_id, each) for each in (long, "And when was it built?", "And in Lyon?")
    ]
    assert turns(client, conversation_id) == asked
    last = client.get(f"{CONVERSATIONS}/{conversation_id}").json()["turns"][-1]
    assert last["events"][-1]["type"] == "answer.finished"


@pytest.mark.usefixtures("document_id")
def test_questions_become_turns_and_are_there_again(client: TestClient) -> None:
    conversation_id = begun(client)
    first, second = ask(client, conversation_id), ask(client, conversation_id, "And when was it built?")
    assert turns(client, conversation_id) == [first, second]
    listed = client.get(CONVERSATIONS, params={"q": "built"}).json()
    assert [each["title"] for each in listed["conversations"]] == [QUESTION]
    reply = client.get(f"{CONVERSATIONS}/{conversation_id}").json()
    assert reply["turns"][0]["events"][-1]["type"] == "answer.finished"
    assert reply["turns"][0]["rating"] is None


@pytest.mark.usefixtures("document_id")
def test_of_a_deleted_conversation_no_reply_is_kept_for_a_repeated_request(client: TestClient) -> None:
    kept, gone = begun(client), begun(client)

    def asked(conversation_id: str) -> tuple[int, Any]:
        body = {"question": QUESTION, "conversation_id": conversation_id}
        reply = client.post(ASK, json=body, headers={"idempotency-key": conversation_id})
        return reply.status_code, reply.json()

    first = {each: asked(each) for each in (kept, gone)}
    client.delete(f"{CONVERSATIONS}/{gone}")
    assert asked(gone)[0] == 404
    assert asked(kept) == first[kept]


@pytest.mark.usefixtures("document_id")
def test_a_turn_is_asked_anew_in_its_place(client: TestClient) -> None:
    conversation_id = begun(client)
    first = ask(client, conversation_id)
    ask(client, conversation_id, "And when?")
    edited = ask(client, conversation_id, "How tall is it?", replaces=first)
    assert turns(client, conversation_id) == [edited]


@pytest.mark.usefixtures("document_id")
def test_what_does_not_fit_together_is_refused(client: TestClient) -> None:
    conversation_id = begun(client)
    message = {"role": "user", "content": "?"}
    for fields, status in (
        ({"conversation_id": "nobody"}, 404),
        ({"conversation_id": conversation_id, "replaces": "nobody"}, 404),
        ({"conversation_id": conversation_id, "history": [message]}, 422),
        ({"replaces": "r"}, 422),
    ):
        assert client.post(ASK, json={"question": QUESTION, **fields}).status_code == status, fields
    assert turns(client, conversation_id) == []


@pytest.mark.usefixtures("document_id")
def test_a_conversation_is_renamed_and_deleted(client: TestClient) -> None:
    conversation_id = begun(client)
    run_id = ask(client, conversation_id)
    url = f"{CONVERSATIONS}/{conversation_id}"
    assert client.patch(url, json={"title": "The tower"}).json()["title"] == "The tower"
    assert client.patch(url, json={"title": ""}).status_code == 422
    assert client.delete(url).status_code == 204
    for gone in (url, f"/api/v1/runs/{run_id}"):
        assert client.get(gone).status_code == 404
    assert client.delete(url).status_code == 404


def test_links_are_made_where_they_are_allowed(tmp_path: Path) -> None:
    grove = Grove(small_settings(tmp_path / "strict"))
    grove.ensure_collection("default")
    strict = client_of(grove)
    assert strict.post(f"{CONVERSATIONS}/{begun(strict)}/share").status_code == 404
    server = ServerSettings(share_links=True)
    grove = Grove(small_settings(tmp_path / "open", server=server))
    client = client_of(grove)
    ingested(client, grove)
    conversation_id = begun(client)
    run_id = ask(client, conversation_id)
    shared = client.post(f"{CONVERSATIONS}/{conversation_id}/share").json()
    link = f"/api/v1/shared/{shared['share_token']}"
    assert [turn["run"]["run_id"] for turn in client.get(link).json()["turns"]] == [run_id]
    assert client.delete(f"{CONVERSATIONS}/{conversation_id}/share").json()["share_token"] is None
    assert client.get(link).status_code == 404


@pytest.mark.usefixtures("document_id")
def test_feedback_is_given_listed_and_taken_back(client: TestClient) -> None:
    conversation_id = begun(client)
    run_id = ask(client, conversation_id)
    url = f"/api/v1/runs/{run_id}/feedback"
    assert client.post(url, json={"rating": "down", "reason": "too short"}).json()["reason"] == "too short"
    assert client.get(f"{CONVERSATIONS}/{conversation_id}").json()["turns"][0]["rating"] == "down"
    (listed,) = client.get("/api/v1/feedback").json()["feedback"]
    assert (listed["question"], listed["rating"]) == (QUESTION, "down")
    assert client.post(url, json={"rating": "sideways"}).status_code == 422
    assert client.delete(url).status_code == 204
    assert client.get("/api/v1/feedback").json() == {"feedback": [], "next": None}
    assert client.delete(url).status_code == 404


@pytest.fixture
def url(grove: Grove, client: TestClient) -> Iterator[str]:
    ingested(client, grove)
    with serving(create_app(grove)) as address:
        yield address


def state_after_cut(url: str, *, is_detached: bool) -> tuple[str, list[str]]:
    """Cut a stream at its first event; give the state that the run comes to, and the events behind it."""
    body = {"question": QUESTION, "stream": True, "detach": is_detached, "generator": "slow"}
    with httpx.stream("POST", f"{url}{ASK}", json=body, timeout=30) as stream:
        line = next(line for line in stream.iter_lines() if line.startswith("data: "))
    run_id = json.loads(line.removeprefix("data: "))["run_id"]
    deadline = time.monotonic() + 30
    while (state := httpx.get(f"{url}/api/v1/runs/{run_id}").json()["run"]["state"]) == "running":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    reply = httpx.get(f"{url}/api/v1/runs/{run_id}/events", headers={"last-event-id": "1"})
    types = [line.removeprefix("event: ") for line in reply.text.splitlines() if line.startswith("event: ")]
    return state, types


def test_a_detached_run_goes_on_and_its_stream_is_taken_up(url: str) -> None:
    state, types = state_after_cut(url, is_detached=True)
    assert state == "done"
    assert (types[0], types[-1]) == ("step.started", "answer.finished")


def test_any_other_run_ends_with_its_connection(url: str) -> None:
    state, _ = state_after_cut(url, is_detached=False)
    assert state == "cancelled"


def test_the_server_answers_others_while_a_delete_waits_for_the_database(url: str, grove: Grove) -> None:
    made = httpx.post(f"{url}{CONVERSATIONS}", json={}).json()["conversation_id"]
    with ThreadPoolExecutor(1) as pool:
        with grove.database.write() as session:
            session.execute(update(ConversationRow).values(title="writing"))  # holds the lock
            deleted = pool.submit(httpx.delete, f"{url}{CONVERSATIONS}/{made}", timeout=60)
            for _ in range(10):
                assert httpx.get(f"{url}/health", timeout=20).status_code == 200
                time.sleep(0.1)
            assert not deleted.done()
        assert deleted.result().status_code == 204


@pytest.mark.usefixtures("document_id")
def test_a_turn_is_of_its_conversations_collection_unless_it_names_one(client: TestClient) -> None:
    client.post("/api/v1/collections", json={"name": "empty"})
    made = client.post(CONVERSATIONS, json={"collection": "empty"}).json()
    asked = {"question": QUESTION, "conversation_id": made["conversation_id"]}
    assert client.post(ASK, json=asked).json()["refused"] is True
    assert client.post(ASK, json={**asked, "collection": "default"}).json()["refused"] is False
