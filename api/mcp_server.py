"""The MCP server over one caller's installation: `search` and `fetch`, as connectors expect them.

Each request is served by a server of its own, made from what its caller may use: none is shared, none has
a session. Knows no HTTP route; api/routes/mcp.py is that.
"""

import asyncio
import json
import logging
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp_types import (
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    TextContent,
    Tool,
    ToolAnnotations,
)
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from api.openai_search import found_passages
from api.schemas import NOT_STORABLE
from api.telemetry.metrics import Metrics
from rag.compose import Grove
from rag.core.errors import OWN_FAULT, DamagedSegmentError, InvalidInputError, NotFoundError, RagError
from rag.core.types import Passage

__all__ = ["McpReply"]

_MAX_RESULTS = 10
_log = logging.getLogger(__name__)
_STRING = {"type": "string"}


def _object(required: list[str], **properties: object) -> dict[str, Any]:
    return {"type": "object", "required": required, "properties": properties, "additionalProperties": False}


_RESULT = _object(["id", "title", "url"], id=_STRING, title=_STRING, url=_STRING)
_READS = ToolAnnotations(read_only_hint=True, open_world_hint=False)
_TOOLS = [
    Tool(
        name="search",
        title="Search the documents",
        description="Finds the documents that a question is about; fetch gives the text of one by its id.",
        input_schema=_object(
            ["query"],
            query={**_STRING, "description": "A question, or words to look for."},
            collection={**_STRING, "description": "Where to look; by default everywhere."},
        ),
        output_schema=_object(["results"], results={"type": "array", "items": _RESULT}),
        annotations=_READS,
    ),
    Tool(
        name="fetch",
        title="Read a document",
        description="Gives the whole text of a document and its metadata.",
        input_schema=_object(["id"], id={**_STRING, "description": "As search gave it."}),
        output_schema=_object(
            ["id", "title", "text", "url", "metadata"],
            id=_STRING,
            title=_STRING,
            text=_STRING,
            url=_STRING,
            metadata={"type": "object"},
        ),
        annotations=_READS,
    ),
]


class McpReply(Response):
    """What the MCP server answers to the request at hand, straight to the connection."""

    def __init__(self, grove: Grove, message: bytes, *, base_url: str, metrics: Metrics) -> None:
        super().__init__()
        self._message = message
        self._tools = _Tools(grove, base_url, metrics)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the request."""
        server: Server[Any] = Server(
            "grove",
            version=version("grove-rag"),
            title="Grove",
            on_list_tools=_list_tools,
            on_call_tool=self._tools.call,
        )
        manager = StreamableHTTPSessionManager(server, stateless=True, json_response=True)
        read = iter([self._message])

        async def again() -> Message:
            # Read before: what is wrong with it would come out of the manager as an error of its own.
            for body in read:
                return {"type": "http.request", "body": body, "more_body": False}
            return await receive()

        async with manager.run():
            await manager.handle_request(scope, again, send)


async def _list_tools(_context: object, _params: object) -> ListToolsResult:
    return ListToolsResult(tools=_TOOLS)


class _Tools:
    def __init__(self, grove: Grove, base_url: str, metrics: Metrics) -> None:
        self._grove, self._base_url, self._metrics = grove, base_url, metrics

    async def call(self, _context: object, params: CallToolRequestParams) -> CallToolResult:
        """Call a tool; what is wrong with the call is told to the model, in words."""
        arguments = params.arguments or {}
        try:
            match params.name:
                case "search":
                    given = _texts(arguments, "query", optional="collection")
                    found = await asyncio.to_thread(self._search, **given)
                case "fetch":
                    found = await asyncio.to_thread(self._fetch, **_texts(arguments, "id"))
                case name:
                    raise InvalidInputError(f"no tool {name!r:.80}; there are search and fetch")
        except RagError as error:
            return _failed(str(error))
        except Exception:  # the library would answer with its message
            _log.exception("the tool %s failed in a way that nobody foresaw", params.name)
            return _failed(OWN_FAULT)
        return CallToolResult(
            content=[TextContent(text=json.dumps(found, ensure_ascii=False))], structured_content=found
        )

    def _search(self, query: str, collection: str | None = None) -> dict[str, Any]:
        names = [each.name for each in self._grove.catalog.collections()]
        where = names if collection is None else [collection]
        passages: list[Passage] = []
        failures: list[RagError] = []
        for name in where:
            try:
                passages += found_passages(
                    self._grove, [query], [name], k=4 * _MAX_RESULTS, metrics=self._metrics
                )
            except (NotFoundError, DamagedSegmentError) as error:  # deleted since, or one's own trouble
                failures.append(error)
        if failures and len(failures) == len(where):
            raise failures[0]
        for failure in failures:
            _log.warning("a collection was left out of a search of all: %s", failure)
        titles: dict[str, str] = {}
        for passage in sorted(passages, key=lambda each: -each.score):
            titles.setdefault(passage.document_id, passage.title)
        results = [
            {"id": document_id, "title": title, "url": self._url(document_id)}
            for document_id, title in titles.items()
        ]
        return {"results": results[:_MAX_RESULTS]}

    def _fetch(self, id: str) -> dict[str, Any]:
        document = self._grove.catalog.document(id)
        return {
            "id": id,
            "title": document.title,
            "text": document.text,
            "url": self._url(id),
            "metadata": {**document.metadata, "collection": document.collection, "source": document.source},
        }

    def _url(self, document_id: str) -> str:
        return f"{self._base_url}api/v1/documents/{document_id}"


def _failed(why: str) -> CallToolResult:
    return CallToolResult(content=[TextContent(text=why)], is_error=True)


def _texts(arguments: Mapping[str, object], needed: str, *, optional: str | None = None) -> dict[str, str]:
    known = [needed] if optional is None else [needed, optional]
    texts = {name: value for name, value in arguments.items() if isinstance(value, str) and name in known}
    if needed not in texts or len(texts) != len(arguments):
        raise InvalidInputError(
            f"takes {' and '.join(known)} as text, {needed!r} at least; got {json.dumps(arguments)!s:.200}"
        )
    for name, text in texts.items():
        if NOT_STORABLE.search(text):
            raise InvalidInputError(
                f"{name} must not contain NUL or half of a surrogate pair: {text!r:.80}"
            )
    return texts
