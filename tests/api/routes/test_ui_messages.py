"""The UI message stream, by the rules of its protocol: there is no client of it in Python."""

import json
from typing import Any

import httpx
import pytest
from _http import Filled
from fastapi.testclient import TestClient

ANSWER = "The tower in Paris is 300 metres tall."
ASKED = [{"id": "1", "role": "user", "parts": [{"type": "text", "text": "How tall is the tower?"}]}]


def parts_of(server: str, **more: Any) -> list[dict[str, Any]]:
    body = {"id": "chat", "trigger": "submit-message", "messages": ASKED, **more}
    reply = httpx.post(f"{server}/api/v1/ui-messages", json=body)
    assert reply.headers["x-vercel-ai-ui-message-stream"] == "v1"
    assert reply.headers["content-type"].startswith("text/event-stream")
    lines = [line.removeprefix("data: ") for line in reply.text.splitlines() if line.startswith("data: ")]
    assert lines[-1] == "[DONE]"
    return [json.loads(line) for line in lines[:-1]]


def test_a_message_is_one_text_with_its_sources(server: str, filled: Filled) -> None:
    parts = parts_of(server)
    kinds = [part["type"] for part in parts if part["type"] != "data-step"]
    assert kinds[0] == "start"
    assert kinds[-1] == "finish"
    assert list(dict.fromkeys(kinds)) == [
        "start",
        "start-step",
        "text-start",
        "text-delta",
        "source-document",
        "data-citation",
        "text-end",
        "finish-step",
        "finish",
    ]
    assert "".join(part["delta"] for part in parts if part["type"] == "text-delta") == ANSWER
    assert len({part["id"] for part in parts if part["type"].startswith("text-")}) == 1
    (source,) = [part for part in parts if part["type"] == "source-document"]
    (citation,) = [part["data"] for part in parts if part["type"] == "data-citation"]
    assert source["sourceId"] == citation["document_id"] == filled.document_id
    assert citation["quote"] == ANSWER[citation["answer_start"] : citation["answer_end"]]
    steps = [part["data"] for part in parts if part["type"] == "data-step"]
    assert {step["step"] for step in steps if step["state"] == "finished"} >= {"retrieve", "cite"}


def test_earlier_messages_are_the_history_and_other_parts_are_left_out(server: str) -> None:
    earlier = [
        {"role": "user", "parts": [{"type": "text", "text": "Hello"}]},
        {"role": "assistant", "parts": [{"type": "data-step", "data": {}}, {"type": "text", "text": "Hi"}]},
    ]
    parts = parts_of(server, messages=[*earlier, *ASKED])
    assert "".join(part["delta"] for part in parts if part["type"] == "text-delta") == ANSWER


@pytest.mark.parametrize(
    "change",
    [
        {"messages": []},
        {"messages": [{"role": "assistant", "parts": []}]},
        {"messages": [{"role": "user", "parts": []}]},
        {"collection": "nobody"},
        {"model": "x"},
    ],
)
def test_a_wrong_request_is_a_problem_and_no_stream(filled: Filled, change: dict[str, Any]) -> None:
    client: TestClient = filled.client
    reply = client.post("/api/v1/ui-messages", json={"messages": ASKED, **change})
    assert reply.status_code in (404, 422)
    assert reply.headers["content-type"] == "application/problem+json"
