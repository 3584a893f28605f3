"""Tools of servers of the Model Context Protocol, by its own SDK: a process of this machine, or over HTTP.

Knows one connection a server, opened at its first use. A server's tools are those that it named then: a
later change of its mind changes nothing here. What it says is data (agents/_foreign.py).
"""

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TextIO, TypeVar, cast

import httpx2
from mcp import Client, MCPError, StdioServerParameters, stdio_client
from mcp.client import Transport
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CONNECTION_CLOSED, INVALID_REQUEST, PARSE_ERROR, REQUEST_TIMEOUT
from mcp_types import Tool as ServerTool

from agents._foreign import result_text, spec_of
from agents.tools import Effects, ToolResult, ToolScope
from rag.core.errors import InvalidInputError, UnavailableError
from rag.core.tool_settings import ToolServer
from rag.generation.context import neutralise
from rag.scoring.tools import Tool

__all__ = ["McpServer", "McpTool"]

Found = TypeVar("Found")
_MAX_PAGES = 100  # of a list of tools
_MAX_ERROR_CHARS = 500
_MAX_BODY_BYTES = 20_000_000
# Errors that are no answer of a tool, but of the transport, or of a session that has ended.
_OF_CONNECTIONS = (CONNECTION_CLOSED, REQUEST_TIMEOUT, INVALID_REQUEST, PARSE_ERROR)
# How a connection fails: the program, the network, the protocol, or several of them at once.
_FAILURES = (OSError, MCPError, httpx2.HTTPError, ValueError, RuntimeError, ExceptionGroup)


@dataclass(frozen=True, slots=True)
class McpTool:
    """One tool of a server."""

    server: "McpServer"
    name: str  # as the server calls it
    spec: Tool
    effects: Effects
    needs_permission: bool

    def arguments_from(self, question: str) -> Mapping[str, object] | None:
        """Give none: what a foreign schema means takes a language model."""
        return None

    async def call(self, arguments: Mapping[str, object], scope: ToolScope) -> ToolResult:
        """Call it; the server sees the arguments alone, nothing of the scope.

        Raises:
            InvalidInputError: the tool says that it failed, or the server that it refuses, in their words.
            UnavailableError: the server is down, too slow, or breaks the protocol.
        """
        text, data = await self.server.call(self.name, arguments)
        return ToolResult.of(self.spec.name, text, data=data)


class McpServer:
    """One server and the connection to it."""

    def __init__(self, name: str, settings: ToolServer) -> None:
        self._name, self._settings = name, settings
        self._connection: _Connection | None = None
        self.left_out: list[str] = []  # tools that cannot be used safely

    async def tools(self) -> list[McpTool]:
        """Give the tools that the settings allow; what cannot be used safely is left out and named.

        Raises:
            UnavailableError: the server is down, too slow, or breaks the protocol.
            InvalidInputError: the settings allow a tool that it does not have.
        """
        found = await self._asked(_list_tools)
        if missing := sorted(set(self._settings.tools or ()) - {each.name for each in found}):
            raise InvalidInputError(
                f"the server {self._name!r} has no tool {', '.join(missing)}; it has:"
                f" {neutralise(', '.join(each.name for each in found))[:_MAX_ERROR_CHARS]}"
            )
        kept = [each for each in found if self._settings.tools is None or each.name in self._settings.tools]
        tools: dict[str, McpTool] = {}
        self.left_out = []
        for each in kept:
            if (spec := spec_of(self._name, each)) is None:
                self.left_out.append(each.name)
            else:
                is_reader = each.annotations is not None and bool(each.annotations.read_only_hint)
                asks = {"always": True, "writes": not is_reader, "never": False}[self._settings.ask]
                tools[spec.name] = McpTool(self, each.name, spec, "reads" if is_reader else "writes", asks)
        return list(tools.values())

    async def call(self, tool: str, arguments: Mapping[str, object]) -> tuple[str, object]:
        """Give the text of a tool's result, and its data where they are as short as a text may be.

        Raises:
            InvalidInputError: the tool says that it failed.
            UnavailableError: the server is down, too slow, or breaks the protocol.
        """
        result = await self._asked(lambda client: client.call_tool(tool, dict(arguments)))
        text = result_text(result, max_chars=self._settings.max_result_chars)
        if result.is_error:
            raise InvalidInputError(f"{self._name}: {tool} failed: {neutralise(text)[:_MAX_ERROR_CHARS]}")
        data = result.structured_content
        is_short = len(json.dumps(data)) <= self._settings.max_result_chars
        return text, data if is_short else None

    async def close(self) -> None:
        """End the connection, and the process if it is one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def _asked(self, ask: Callable[[Client], Awaitable[Found]]) -> Found:
        seconds = self._settings.timeout_seconds
        if self._connection is None or not self._connection.is_open:
            self._connection = _Connection(self._settings)
        connection = self._connection
        try:
            async with asyncio.timeout(seconds):
                return await connection.answer(ask)
        except TimeoutError as error:
            if connection.is_silent:
                await self._drop(connection)
            raise UnavailableError(
                f"the tool server {self._name!r} took longer than {seconds:g} s; raise its timeout_seconds"
            ) from error
        except _FAILURES as error:
            if isinstance(error, MCPError) and connection.is_ready and error.code not in _OF_CONNECTIONS:
                raise InvalidInputError(f"{self._name} refused: {_reason(error)}") from error
            said = connection.last_words()
            await self._drop(connection)
            raise UnavailableError(
                f"the tool server {self._name!r} failed: {_reason(error)}{said}"
            ) from error

    async def _drop(self, connection: "_Connection") -> None:
        if self._connection is connection:  # else another call has opened the next
            self._connection = None
        await connection.close()


class _Connection:
    """A client in a task of its own, for the task that opens a connection must be the one to close it."""

    def __init__(self, settings: ToolServer) -> None:
        self._settings = settings
        self._loop = asyncio.get_running_loop()
        self._client: asyncio.Future[Client] = self._loop.create_future()
        self._closing = asyncio.Event()
        self._num_waiting = 0
        self._num_answers = 0
        self.is_silent = False  # nothing was answered while a call waited that was the last to give up
        errors = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")
        self._errors = cast(TextIO, errors)
        self._task = self._loop.create_task(self._live())

    @property
    def is_open(self) -> bool:
        return self._loop is asyncio.get_running_loop() and not self._task.done()

    @property
    def is_ready(self) -> bool:
        return self._client.done() and self._client.exception() is None

    async def answer(self, ask: Callable[[Client], Awaitable[Found]]) -> Found:
        before = self._num_answers
        self._num_waiting += 1
        try:
            found = await ask(await asyncio.shield(self._client))
            self._num_answers += 1
        except MCPError:
            self._num_answers += 1
            raise
        finally:
            self._num_waiting -= 1
            self.is_silent = self._num_answers == before and not self._num_waiting
        return found

    async def close(self) -> None:
        if self.is_open:
            self._closing.set()
            if not self._client.done():
                self._task.cancel()
            await asyncio.wait([self._task])
        self._errors.close()

    def last_words(self) -> str:
        """Give the end of what a process wrote to its standard error."""
        if self._errors.closed:  # another call has said them
            return ""
        self._errors.seek(0)
        words = " ".join(neutralise(self._errors.read()).split())[-_MAX_ERROR_CHARS:]
        return f"; it wrote: {words}" if words else ""

    async def _live(self) -> None:
        try:
            async with AsyncExitStack() as stack:
                transport = await self._transport(stack)
                client = Client(transport, read_timeout_seconds=self._settings.timeout_seconds + 1)
                self._client.set_result(await stack.enter_async_context(client))
                await self._closing.wait()
        except _FAILURES as error:
            if not self._client.done():
                self._client.set_exception(error)

    async def _transport(self, stack: AsyncExitStack) -> Transport:
        settings = self._settings
        if settings.url is None:
            program, *arguments = settings.command
            process = StdioServerParameters(command=program, args=arguments, env=settings.environment)
            return stdio_client(process, errlog=self._errors)
        headers = {"Authorization": settings.authorization} if settings.authorization else {}
        # No environment proxies: what is contacted is this address and nothing else.
        http = httpx2.AsyncClient(
            headers=headers,
            timeout=settings.timeout_seconds,
            trust_env=False,
            transport=_BoundedTransport(),
        )
        return streamable_http_client(settings.url, http_client=await stack.enter_async_context(http))


class _BoundedTransport(httpx2.AsyncHTTPTransport):
    """HTTP whose replies end with an error when they do not end by themselves."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        response = await super().handle_async_request(request)
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        response.stream = _BoundedStream(response.stream)
        return response


class _BoundedStream(httpx2.AsyncByteStream):
    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        num_bytes = 0
        async for piece in self._stream:
            num_bytes += len(piece)
            if num_bytes > _MAX_BODY_BYTES:
                raise httpx2.ReadError(f"a reply of more than {_MAX_BODY_BYTES} bytes")
            yield piece

    async def aclose(self) -> None:
        await self._stream.aclose()


async def _list_tools(client: Client) -> list[ServerTool]:
    found: list[ServerTool] = []
    cursor = None
    for _ in range(_MAX_PAGES):
        page = await client.list_tools(cursor=cursor)
        found += page.tools
        cursor = page.next_cursor
        if cursor is None:
            break
    return found


def _reason(error: BaseException) -> str:
    if isinstance(error, BaseExceptionGroup):
        return "; ".join(_reason(each) for each in error.exceptions)[:_MAX_ERROR_CHARS]
    message = error.message if isinstance(error, MCPError) else str(error)
    return neutralise(message or type(error).__name__)[:_MAX_ERROR_CHARS]
