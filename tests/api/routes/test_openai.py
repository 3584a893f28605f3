"""Checked with OpenAI's own client, and by hand where it would not send what is wrong."""

from pathlib import Path
from typing import Any

import openai
import pytest
from _http import Filled, client_of, ingested, serving, small_settings, wait_until
from fastapi.testclient import TestClient

from api.main import create_app
from rag.compose import Grove
from rag.core.settings import GenerationSettings, Part

ASKED: list[Any] = [{"role": "user", "content": "How tall is the tower?"}]
ANSWER = "The tower in Paris is 300 metres tall."


@pytest.fixture
def client(filled: Filled) -> TestClient:
    """Give a client of an installation with one document."""
    return filled.client


def test_models_are_listed_and_described(official: openai.OpenAI) -> None:
    names = [model.id for model in official.models.list()]
    assert names[0] == "grove"
    assert {"echo", "extractive", "slow"} < set(names)
    assert "default" not in names
    assert official.models.retrieve("echo").id == "echo"
    with pytest.raises(openai.NotFoundError, match="choose one of: grove"):
        official.models.retrieve("gpt-4")


def test_a_completion_is_cited(official: openai.OpenAI, filled: Filled, server: str) -> None:
    completion = official.chat.completions.create(model="grove", messages=ASKED)
    message = completion.choices[0].message
    assert (message.content, completion.choices[0].finish_reason) == (ANSWER, "stop")
    assert message.annotations is not None
    citation = message.annotations[0].url_citation
    assert ANSWER[citation.start_index : citation.end_index] == ANSWER
    assert citation.title == "tower"
    assert citation.url == f"{server}/api/v1/documents/{filled.document_id}"
    assert completion.usage is not None
    assert completion.usage.completion_tokens == 8
    assert completion.usage.total_tokens == completion.usage.prompt_tokens + 8
    assert completion.model_extra is not None
    assert completion.model_extra["citations"][0]["quote"] == ANSWER


def test_a_turn_without_content_says_nothing(client: TestClient) -> None:
    called: dict[str, Any] = {"role": "assistant", "content": None, "tool_calls": []}
    reply = client.post(
        "/v1/chat/completions", json={"model": "grove", "messages": [*ASKED, called, *ASKED]}
    )
    assert reply.status_code == 200, reply.text


@pytest.mark.parametrize(
    "more",
    [{"functions": [{"name": "f"}]}, {"modalities": ["text", "audio"]}, {"audio": {"voice": "alloy"}}],
)
def test_what_would_change_the_reply_is_refused(client: TestClient, more: dict[str, Any]) -> None:
    reply = client.post("/v1/chat/completions", json={"model": "grove", "messages": ASKED, **more})
    assert reply.status_code in (400, 422), reply.text
    assert next(iter(more)) in reply.text


def test_the_link_of_an_annotation_leads_to_the_document(
    official: openai.OpenAI, client: TestClient
) -> None:
    completion = official.chat.completions.create(model="grove", messages=ASKED)
    annotations = completion.choices[0].message.annotations
    assert annotations is not None
    path = "/" + annotations[0].url_citation.url.split("/", 3)[3]
    assert ANSWER in client.get(path).json()["text"]


def test_a_streamed_completion_says_the_same(official: openai.OpenAI) -> None:
    chunks = list(
        official.chat.completions.create(
            model="echo", messages=ASKED, stream=True, stream_options={"include_usage": True}
        )
    )
    assert len({chunk.id for chunk in chunks}) == 1
    assert {chunk.model for chunk in chunks} == {"echo"}
    with_choice = [chunk for chunk in chunks if chunk.choices]
    assert "".join(chunk.choices[0].delta.content or "" for chunk in with_choice) == ANSWER
    assert [chunk.choices[0].finish_reason for chunk in with_choice if chunk.choices[0].finish_reason] == [
        "stop"
    ]
    last = with_choice[-1]
    assert last.choices[0].delta.model_extra is not None
    assert last.choices[0].delta.model_extra["annotations"][0]["type"] == "url_citation"
    assert last.model_extra is not None
    assert last.model_extra["citations"][0]["quote"] == ANSWER
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == 8


def test_closing_a_stream_cancels_the_run(official: openai.OpenAI, filled: Filled) -> None:
    with official.chat.completions.create(model="slow", messages=ASKED, stream=True) as stream:
        next(iter(stream))
    wait_until(lambda: filled.grove.runs.runs(1)[0].state == "cancelled")


def test_earlier_turns_are_history_and_other_roles_are_left_out(
    official: openai.OpenAI, filled: Filled
) -> None:
    turns = [
        {"role": "system", "content": "Be brief."},
        {
            "role": "user",
            "content": [{"type": "text", "text": "Tell me of "}, {"type": "text", "text": "the tower."}],
        },
        {"role": "assistant", "content": "Gladly."},
        {"role": "user", "content": "Who built it?"},
    ]
    completion = official.chat.completions.create(model="grove", messages=turns, temperature=0.7)  # type: ignore[arg-type]
    run_id = completion.id.removeprefix("chatcmpl-")
    summary = filled.client.get(f"/api/v1/runs/{run_id}").json()["events"][2]["summary"]
    assert summary["searched"] == "Tell me of the tower. Who built the tower?"


def test_another_collection_is_asked_by_an_extra_field(official: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match="no collection 'nobody'"):
        official.chat.completions.create(model="grove", messages=ASKED, extra_body={"collection": "nobody"})


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("change", "status", "param"),
    [
        ({"messages": []}, 422, "messages"),
        ({"messages": None}, 422, "messages"),
        ({"messages": [{"role": "assistant", "content": "x"}]}, 422, None),
        ({"messages": [{"role": "system", "content": "x"}]}, 422, None),
        ({"messages": [{"role": "user", "content": " "}]}, 422, None),
        ({"messages": [{"role": "tool", "content": "x"}]}, 422, "messages.0.role"),
        ({"messages": [{"role": "user", "content": "a\x00"}]}, 422, None),
        ({"model": "gpt-4"}, 404, None),
        ({"model": 5}, 422, "model"),
        ({"n": 2}, 422, "n"),
        ({"logprobs": True}, 422, "logprobs"),
        ({"tools": [{"type": "function"}]}, 422, "tools"),
        ({"response_format": {"type": "json_object"}}, 422, "response_format.type"),
        ({"collection": "nobody"}, 404, None),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_a_wrong_request_is_refused_in_the_words_of_openai(
    client: TestClient, change: dict[str, Any], status: int, param: str | None, stream: bool
) -> None:
    reply = client.post("/v1/chat/completions", json={"messages": ASKED, "stream": stream, **change})
    assert reply.status_code == status
    assert reply.headers["content-type"] == "application/json"
    error = reply.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert (error["type"], error["param"]) == ("invalid_request_error", param)
    assert error["message"]


@pytest.mark.parametrize(
    ("content", "place", "message"),
    [
        (5, "messages.0.content", "Input should be a valid string or a valid list, got 5"),
        ([{"type": "text"}], "messages.0.content.0.text", "Field required"),
        (
            [{"type": "text", "text": []}],
            "messages.0.content.0.text",
            "Input should be a valid string, got []",
        ),
    ],
)
def test_a_fault_is_named_by_its_place_in_the_request(
    client: TestClient, content: object, place: str, message: str
) -> None:
    body = {"model": "grove", "messages": [{"role": "user", "content": content}]}
    error = client.post("/v1/chat/completions", json=body).json()["error"]
    assert (error["param"], error["message"]) == (place, f"{place}: {message}")


def test_an_unknown_address_is_refused_in_the_words_of_openai(client: TestClient) -> None:
    assert client.post("/v1/images/generations", json={}).json()["error"]["code"] == "not_found"
    assert client.get("/v1/chat/completions").json()["error"]["code"] == "method_not_allowed"


def test_a_run_that_fails_is_an_error_also_in_a_stream(grove_home: Path) -> None:
    generation = GenerationSettings(timeout_seconds=0.01)
    generator = Part(kind="echo", options={"delay_seconds": 0.02})
    grove = Grove(small_settings(grove_home, generation=generation, generator=generator))
    ingested(client_of(grove), grove)
    with serving(create_app(grove)) as url:
        official = openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0)
        with pytest.raises(openai.InternalServerError) as failed:
            official.chat.completions.create(model="grove", messages=ASKED)
        assert failed.value.status_code == 503
        stream = official.chat.completions.create(model="grove", messages=ASKED, stream=True)
        with pytest.raises(openai.APIError, match="took longer"):
            list(stream)
