"""Responses by OpenAI's own client against a real server."""

from typing import Any

import openai
import pytest
from _http import Filled
from fastapi.testclient import TestClient
from openai.types.responses import Response

QUESTION = "How tall is the tower?"
ANSWER = "The tower in Paris is 300 metres tall."


@pytest.fixture
def client(filled: Filled) -> TestClient:
    """Give a client of an installation with one document."""
    return filled.client


def answered(official: openai.OpenAI, **more: Any) -> Response:
    response: Response = official.responses.create(**{"model": "grove", "input": QUESTION, **more})
    return response


def test_a_response_has_the_search_and_the_cited_answer(official: openai.OpenAI, filled: Filled) -> None:
    tool = {"type": "file_search", "vector_store_ids": ["default"]}
    response = answered(official, tools=[tool], include=["file_search_call.results"], metadata={"a": "b"})
    assert (response.status, response.output_text, response.metadata) == ("completed", ANSWER, {"a": "b"})
    search, message = response.output
    assert search.type == "file_search_call"
    assert search.queries == [QUESTION]
    assert search.results
    assert search.results[0].file_id == f"file-{filled.document_id}"
    assert ANSWER in (search.results[0].text or "")
    assert message.type == "message"
    assert message.content[0].type == "output_text"
    (citation,) = message.content[0].annotations
    assert citation.type == "file_citation"
    assert (citation.file_id, citation.filename) == (f"file-{filled.document_id}", "tower.txt")
    place = citation.model_extra or {}
    text = filled.grove.catalog.document(filled.document_id).text
    assert ANSWER[place["start_index"] : place["end_index"]] == ANSWER
    assert text[place["quote_start"] : place["quote_end"]] == place["quote"] == ANSWER
    assert citation.index == place["end_index"]
    assert response.usage is not None
    assert response.usage.total_tokens == response.usage.input_tokens + response.usage.output_tokens


def test_the_output_of_a_response_is_input_of_the_next(client: TestClient) -> None:
    first = client.post("/v1/responses", json={"model": "grove", "input": QUESTION}).json()
    asked = [{"role": "developer", "content": "Be brief."}, {"role": "user", "content": QUESTION}]
    further = [*asked, *first["output"], {"role": "user", "content": QUESTION}]
    reply = client.post("/v1/responses", json={"model": "grove", "input": further})
    assert reply.status_code == 200, reply.text
    nobody = client.post("/v1/responses", json={"model": "grove", "input": asked[:1]})
    assert (nobody.status_code, "the user's question" in nobody.text) == (422, True)


def test_fields_that_say_nothing_are_accepted(client: TestClient) -> None:
    nothing = {"tools": None, "instructions": None, "max_output_tokens": None, "reasoning": None}
    plain = {"text": {"format": {"type": "text"}}, "parallel_tool_calls": True, "truncation": "auto"}
    reply = client.post("/v1/responses", json={"model": "grove", "input": QUESTION, **nothing, **plain})
    assert reply.status_code == 200, reply.text


def test_a_stream_ends_with_the_whole_response(official: openai.OpenAI) -> None:
    with official.responses.stream(model="grove", input=QUESTION) as stream:
        events = list(stream)
        final = stream.get_final_response()
    kinds = [event.type for event in events]
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert list(dict.fromkeys(kinds)) == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.file_search_call.in_progress",
        "response.file_search_call.searching",
        "response.file_search_call.completed",
        "response.output_item.done",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.annotation.added",
        "response.output_text.done",
        "response.content_part.done",
        "response.completed",
    ]
    assert "".join(event.delta for event in events if event.type == "response.output_text.delta") == ANSWER
    assert final.output_text == ANSWER
    again = official.responses.retrieve(final.id)
    assert again.id == final.id
    assert again.output_text == ANSWER
    assert again.usage == final.usage


def test_a_response_goes_on_from_the_one_before(official: openai.OpenAI, filled: Filled) -> None:
    first = answered(official)
    second = answered(official, input="And who built it?", previous_response_id=first.id)
    third = answered(official, input="When?", previous_response_id=second.id)
    assert third.previous_response_id == second.id
    assert official.responses.retrieve(third.id).previous_response_id == second.id
    history = filled.grove.responses.history(third.id.removeprefix("resp_"))
    assert [turn.content for turn in history if turn.role == "user"] == [
        QUESTION,
        "And who built it?",
        "When?",
    ]
    assert history[1].content == ANSWER


def test_turns_may_be_given_whole(official: openai.OpenAI) -> None:
    turns = [
        {"role": "user", "content": "Who built it?"},
        {"role": "assistant", "content": [{"type": "output_text", "text": "Eiffel."}]},
        {"role": "user", "content": [{"type": "input_text", "text": QUESTION}]},
    ]
    assert answered(official, input=turns).output_text == ANSWER


def test_a_filter_and_a_store_say_where_to_look(official: openai.OpenAI) -> None:
    elsewhere = {"type": "eq", "key": "source", "value": "other.txt"}
    tool = {"type": "file_search", "vector_store_ids": ["default"], "filters": elsewhere}
    response = answered(official, tools=[tool])
    assert (response.model_extra or {})["refused"] is True
    with pytest.raises(openai.NotFoundError, match="no collection 'x'"):
        answered(official, tools=[{"type": "file_search", "vector_store_ids": ["x"]}])


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        ({"instructions": "Rhyme."}, 422, "instructions"),
        ({"max_output_tokens": 5}, 422, "max_output_tokens"),
        ({"text": {"format": {"type": "json_object"}}}, 422, "text.format"),
        ({"store": False}, 422, "store"),
        ({"background": True}, 422, "background"),
        ({"tools": [{"type": "web_search"}]}, 422, "tools.0.type"),
        ({"tools": [{"type": "file_search", "vector_store_ids": ["a", "b"]}]}, 422, "vector_store_ids"),
        ({"tool_choice": "none"}, 422, "tool_choice"),
        ({"input": []}, 422, "input"),
        ({"input": [{"role": "assistant", "content": "x"}]}, 422, "last message"),
        ({"input": [{"role": "user", "content": [{"type": "input_image"}]}]}, 422, "input"),
        ({"include": ["message.output_text.logprobs"]}, 422, "include"),
        ({"previous_response_id": "resp_none"}, 404, "no run"),
        ({"model": "gpt-5"}, 404, "choose one of"),
    ],
    ids=lambda value: repr(value)[:40],
)
@pytest.mark.parametrize("stream", [False, True])
def test_what_is_not_served_is_refused_by_name(
    client: TestClient, change: dict[str, Any], status: int, words: str, stream: bool
) -> None:
    reply = client.post("/v1/responses", json={"input": QUESTION, "stream": stream, **change})
    assert reply.status_code == status
    assert words in reply.json()["error"]["message"]


@pytest.mark.parametrize(
    ("item", "fault"),
    [
        ({"role": "user"}, "input.0.content: Field required"),
        (
            {"type": "reasoning"},
            "input.0: Input should be an object whose type is 'message' or 'file_search",
        ),
        (7, "input.0: Input should be an object whose type is 'message' or 'file_search_call', got 7"),
    ],
)
def test_a_wrong_item_has_the_one_fault_that_it_has(client: TestClient, item: object, fault: str) -> None:
    reply = client.post("/v1/responses", json={"input": [item]})
    message = reply.json()["error"]["message"]
    assert (reply.status_code, message.startswith(fault), ";" in message) == (422, True, False)


def test_an_unknown_response_is_not_found(client: TestClient) -> None:
    assert client.get("/v1/responses/resp_none").status_code == 404
