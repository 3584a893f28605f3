import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from _http import TOWER, BrokenEncoder, Filled, client_of, ingested, serving, small_settings, wait_until
from fastapi.testclient import TestClient
from pydantic import TypeAdapter

from api.main import create_app
from api.schemas import RunEvent
from rag.compose import Grove
from rag.core.settings import GenerationSettings, Part

QUESTION = {"question": "How tall is the tower?"}


@pytest.fixture
def client(filled: Filled) -> TestClient:
    """Give a client of an installation with one document."""
    return filled.client


def events_of(lines: Iterator[str]) -> Iterator[dict[str, Any]]:
    """Read a stream as the standard says, and check that fields and data agree."""
    fields: dict[str, str] = {}
    for line in lines:
        if line.startswith(":"):
            continue
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
        elif fields:
            event = json.loads(fields["data"])
            assert (fields["event"], fields["id"]) == (event["type"], str(event["seq"]))
            TypeAdapter(RunEvent).validate_python(event)
            yield event
            fields = {}


def test_an_answer_cites_the_span_it_rests_on(client: TestClient) -> None:
    answer = client.post("/api/v1/ask", json=QUESTION).json()
    assert answer["answer"] == "The tower in Paris is 300 metres tall."
    assert answer["refused"] is False
    (citation,) = answer["citations"]
    assert TOWER[citation["start"] : citation["end"]] == citation["quote"]
    assert answer["answer"][citation["answer_start"] : citation["answer_end"]] == citation["quote"]
    assert [step["step"] for step in answer["steps"]] == [
        "prepare",
        "retrieve",
        "route",
        "read",
        "generate",
        "cite",
    ]
    assert answer["usage"]["completion_tokens"] == 8
    assert answer["timings"]["total"] > 0


def test_a_refusal_shows_the_closest_sentence_and_cites_nothing(grove_home: Path) -> None:
    grove = Grove(small_settings(grove_home, generation=GenerationSettings(min_answerability=1.0)))
    client = client_of(grove)
    document_id = ingested(client, grove)
    answer = client.post("/api/v1/ask", json=QUESTION).json()
    assert (answer["refused"], answer["citations"]) == (True, [])
    closest = answer["missing"]["closest"]
    assert closest["document_id"] == document_id
    assert closest["quote"] == TOWER[closest["start"] : closest["end"]]
    assert closest.keys() == {
        *("document_id", "version", "chunk_id", "source", "title"),
        *("page", "boxes", "start", "end", "quote"),
    }
    kept = client.get(f"/api/v1/runs/{answer['run_id']}").json()["events"]
    assert kept[-1]["answer"]["missing"]["closest"] == closest


def test_the_run_has_ended_when_the_answer_is_there(client: TestClient) -> None:
    run_id = client.post("/api/v1/ask", json=QUESTION).json()["run_id"]
    assert client.get(f"/api/v1/runs/{run_id}").json()["run"]["state"] == "done"


@pytest.mark.parametrize(
    "how", [{"json": {**QUESTION, "stream": True}}, {"headers": {"accept": "text/event-stream"}}]
)
def test_events_tell_the_same_story_as_the_answer(client: TestClient, how: dict[str, Any]) -> None:
    with client.stream("POST", "/api/v1/ask", **{"json": QUESTION, **how}) as reply:
        assert reply.headers["content-type"].startswith("text/event-stream")
        events = list(events_of(reply.iter_lines()))
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert (events[0]["type"], events[-1]["type"]) == ("run.started", "answer.finished")
    answer = events[-1]["answer"]
    assert "".join(event["text"] for event in events if event["type"] == "token") == answer["answer"]
    cited = [event["citation"] for event in events if event["type"] == "citation"]
    assert cited == answer["citations"]
    stored = client.get(f"/api/v1/runs/{answer['run_id']}").json()["events"]
    assert stored == events


def test_earlier_turns_are_part_of_what_is_searched(client: TestClient) -> None:
    history = [
        {"role": "user", "content": "Tell me of the tower."},
        {"role": "assistant", "content": "Gladly."},
    ]
    answer = client.post("/api/v1/ask", json={"question": "Who built it?", "history": history}).json()
    assert answer["steps"][0]["summary"] == {
        "query": "Who built the tower?",
        "searched": "Tell me of the tower. Who built the tower?",
        "rewritten_by": "rules",
    }


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"question": ""}, 422),
        ({"question": "  "}, 422),
        ({"question": "x" * 20_001}, 422),
        ({"question": 1}, 422),
        ({"question": "a\x00?"}, 422),
        ({"collection": "nobody"}, 404),
        ({"retriever": "nobody"}, 422),
        ({"generator": "nobody"}, 422),
        ({"filter": {"a": {"like": 1}}}, 422),
        ({"history": "text"}, 422),
        ({"history": [{"role": "root", "content": "x"}]}, 422),
        ({"history": [{"role": "user", "content": "a\x00"}]}, 422),
        ({"history": [{"role": "user", "content": "x"}] * 201}, 422),
        ({"stream": "yes"}, 422),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_a_wrong_question_has_a_status_of_its_own_also_when_a_stream_was_asked_for(
    client: TestClient, change: dict[str, Any], status: int, stream: bool
) -> None:
    reply = client.post("/api/v1/ask", json={**QUESTION, "stream": stream, **change})
    assert reply.status_code == status
    assert reply.headers["content-type"] == "application/problem+json"
    assert change.get("question", "?") not in [
        run["question"] for run in client.get("/api/v1/runs").json()["runs"]
    ]


def slow(grove_home: Path) -> Grove:
    """Give an installation whose generator takes longer than it may."""
    generation = GenerationSettings(timeout_seconds=0.01)
    generator = Part(kind="echo", options={"delay_seconds": 0.02})
    return Grove(small_settings(grove_home, generation=generation, generator=generator))


def test_a_run_that_fails_is_no_success(grove_home: Path) -> None:
    grove = slow(grove_home)
    client = client_of(grove)
    ingested(client, grove)
    reply = client.post("/api/v1/ask", json=QUESTION)
    assert reply.status_code == 503
    assert reply.json()["type"] == "urn:grove:error:GenerationError"
    assert client.get("/api/v1/runs").json()["runs"][0]["state"] == "failed"


def test_a_stream_that_fails_ends_with_an_error(grove_home: Path) -> None:
    grove = slow(grove_home)
    client = client_of(grove)
    ingested(client, grove)
    with client.stream("POST", "/api/v1/ask", json={**QUESTION, "stream": True}) as reply:
        last = list(events_of(reply.iter_lines()))[-1]
    assert (last["type"], last["error"]) == ("error", "GenerationError")


def test_what_nobody_foresaw_is_an_error_too_and_tells_nothing(grove_home: Path) -> None:
    grove = Grove(small_settings(grove_home), encoder=BrokenEncoder())
    client = client_of(grove)
    ingested(client, grove)
    reply = client.post("/api/v1/ask", json=QUESTION)
    assert reply.status_code == 500
    assert "secret" not in reply.text
    with client.stream("POST", "/api/v1/ask", json={**QUESTION, "stream": True}) as stream:
        events = list(events_of(stream.iter_lines()))
    assert events[-1]["type"] == "error"
    assert events[-1]["seq"] == len(events)
    assert "secret" not in events[-1]["message"]


def test_text_that_breaks_lines_in_some_readers_stays_one_event(grove_home: Path) -> None:
    grove = Grove(small_settings(grove_home))
    ingested(client_of(grove), grove, text="The tower\u2028in\x85Paris\u2029is tall.")
    with serving(create_app(grove)) as url:
        with httpx.stream("POST", f"{url}/api/v1/ask", json={**QUESTION, "stream": True}) as reply:
            events = list(events_of(reply.iter_lines()))
    assert events[-1]["type"] == "answer.finished"


def test_tokens_arrive_while_the_answer_is_written(server: str) -> None:
    body = {**QUESTION, "generator": "slow", "stream": True}
    with httpx.stream("POST", f"{server}/api/v1/ask", json=body) as reply:
        events = events_of(reply.iter_lines())
        first = next(event for event in events if event["type"] == "token")
        run_id = httpx.get(f"{server}/api/v1/runs?limit=1").json()["runs"][0]["run_id"]
        assert httpx.get(f"{server}/api/v1/runs/{run_id}").json()["run"]["state"] == "running"
        rest = list(events)
    assert first["text"] == "The"
    assert rest[-1]["type"] == "answer.finished"


@pytest.mark.parametrize("stream", [True, False])
def test_closing_the_connection_cancels_the_run(server: str, filled: Filled, stream: bool) -> None:
    body = {**QUESTION, "generator": "slow", "stream": stream}
    with suppress(httpx.ReadTimeout), httpx.Client(timeout=httpx.Timeout(10, read=0.25)) as client:
        with client.stream("POST", f"{server}/api/v1/ask", json=body) as reply:
            next(reply.iter_lines())
    wait_until(lambda: filled.grove.runs.runs()[0].state == "cancelled")
    newest = filled.grove.runs.runs()[0]
    events = filled.grove.runs.events(newest.run_id)
    assert "answer.finished" not in {event.type for event in events}


@pytest.mark.parametrize("form", ["anthropic", "anthropic_pages", "anthropic_search_results", "cohere"])
def test_an_answer_is_given_as_a_message_of_another_service_too(filled: Filled, form: str) -> None:
    asked = {"question": "How tall is the tower?", "citation_format": form}
    reply = filled.client.post("/api/v1/ask", json=asked).json()
    assert reply["message"]["content"][0]["text"] == reply["answer"]
    assert reply["citations"][0]["quote"] in str(reply["message"])
    refused = filled.client.post("/api/v1/ask", json={**asked, "stream": True})
    assert (refused.status_code, "citation_format" in refused.json()["detail"]) == (422, True)
