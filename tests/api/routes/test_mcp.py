"""The MCP server by the official client, over streamable HTTP, in the new protocol and the one before."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from _http import TOWER, BrokenEncoder, Filled, client_of, ingested, small_settings
from fastapi.testclient import TestClient
from mcp import Client
from mcp_types import CallToolResult, TextContent

from rag.compose import Grove
from rag.core.errors import OWN_FAULT

HEADERS = {"content-type": "application/json", "accept": "application/json, text/event-stream"}


def talked(server: str, talk: Callable[[Client], Awaitable[Any]], **options: Any) -> Any:
    async def connected() -> Any:
        async with Client(f"{server}/mcp", **options) as client:
            return await talk(client)

    return asyncio.run(connected())


def called(server: str, name: str, arguments: dict[str, Any], **options: Any) -> CallToolResult:
    result: CallToolResult = talked(server, lambda client: client.call_tool(name, arguments), **options)
    return result


def text_of(result: CallToolResult) -> str:
    (item,) = result.content
    assert isinstance(item, TextContent)
    return item.text


def test_the_server_says_its_version(server: str) -> None:
    async def told(client: Client) -> Any:
        return client.server_info

    assert talked(server, told).version == version("grove-rag")


def test_the_tools_are_those_of_connectors_and_only_read(server: str) -> None:
    listed = talked(server, lambda client: client.list_tools())
    assert [tool.name for tool in listed.tools] == ["search", "fetch"]
    assert all(tool.annotations.read_only_hint for tool in listed.tools)


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_what_search_finds_fetch_reads(server: str, filled: Filled, mode: str) -> None:
    found = called(server, "search", {"query": "how tall is the tower"}, mode=mode)
    assert not found.is_error
    url = f"{server}/api/v1/documents/{filled.document_id}"
    expected = {"results": [{"id": filled.document_id, "title": "tower", "url": url}]}
    assert json.loads(text_of(found)) == expected == found.structured_content
    document = json.loads(text_of(called(server, "fetch", {"id": filled.document_id}, mode=mode)))
    assert set(document) == {"id", "title", "text", "url", "metadata"}
    assert (document["id"], document["text"], document["url"]) == (filled.document_id, TOWER, url)
    assert document["metadata"]["source"] == "tower.txt"


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("search", {"query": " "}, "a query has"),
        ("search", {}, "takes query and collection"),
        ("search", {"query": "x", "k": "3"}, "takes query"),
        ("search", {"query": "x", "collection": "nobody's"}, "no collection"),
        ("search", {"query": "x\0"}, "query must not contain NUL"),
        ("fetch", {"id": "none"}, "no document"),
        ("delete", {"id": "x"}, "there are search and fetch"),
    ],
)
def test_a_wrong_call_is_an_error_in_words(
    server: str, name: str, arguments: dict[str, Any], words: str
) -> None:
    result = called(server, name, arguments)
    assert result.is_error
    assert words in text_of(result)


def test_an_error_of_our_own_tells_nothing_and_is_logged(
    grove_home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    grove = Grove(small_settings(grove_home), encoder=BrokenEncoder())
    client = client_of(grove)
    ingested(client, grove)
    call = {"name": "search", "arguments": {"query": "fails?"}}
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
    result = client.post("/mcp", json=message, headers=HEADERS).json()["result"]
    assert (result["isError"], result["content"][0]["text"]) == (True, OWN_FAULT)
    assert "a bug with a secret" in caplog.text


@pytest.mark.parametrize(
    ("content", "status"),
    [(b"", 400), (b"[]", 400), (b"{}", 400), (b'{"jsonrpc": "2.0", "method": "x"}', 202), (b"\xff", 400)],
)
def test_what_is_no_message_is_refused(filled: Filled, content: bytes, status: int) -> None:
    assert filled.client.post("/mcp", content=content, headers=HEADERS).status_code == status


@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=x", "text/plain", "application/jsonl", ""])
def test_a_body_of_another_kind_is_refused_as_elsewhere(filled: Filled, kind: str) -> None:
    reply = filled.client.post("/mcp", content=b"{}", headers={"content-type": kind})
    assert (reply.status_code, reply.headers["content-type"]) == (415, "application/problem+json")
    assert "content-type: application/json" in reply.json()["detail"]


def test_a_message_without_a_length_may_be_too_large_too(filled: Filled) -> None:
    pieces = (b" " * 1_000_000 for _ in range(9))
    reply = filled.client.post("/mcp", content=pieces, headers={"content-type": "application/json"})
    assert (reply.status_code, reply.headers["content-type"]) == (413, "application/problem+json")


def test_a_page_of_another_site_is_not_served(filled: Filled) -> None:
    client: TestClient = filled.client
    assert client.post("/mcp", json={}, headers={"origin": "https://evil.example"}).status_code == 403
    assert client.post("/mcp", json={}, headers={"host": "evil.example"}).status_code == 421
