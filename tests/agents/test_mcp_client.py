"""Tools of a real server of the Model Context Protocol, over its standard streams and over HTTP."""

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from _http import wait_until
from _tools import EMPTY_SCOPE

from agents.mcp_client import McpServer, McpTool
from agents.tools import ToolResult
from rag.core.errors import InvalidInputError, RagError, UnavailableError
from rag.core.tool_settings import ToolServer

Found = TypeVar("Found")
SCRIPT = str(Path(__file__).parents[1] / "helpers" / "_mcp_server.py")
COMMAND = (sys.executable, SCRIPT, "stdio")
LIGHT = ToolServer(
    command=(sys.executable, str(Path(SCRIPT).with_name("_light_mcp_server.py"))), timeout_seconds=2
)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Run the server over HTTP for a whole module."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with subprocess.Popen(
        [sys.executable, SCRIPT, "http", str(port)], stderr=subprocess.DEVNULL
    ) as process:

        def answers() -> bool:
            with socket.socket() as client:
                return client.connect_ex(("127.0.0.1", port)) == 0

        wait_until(answers, 30.0)
        yield f"http://127.0.0.1:{port}/mcp"
        process.terminate()


def used(settings: ToolServer, use: Callable[[McpServer], Awaitable[Found]]) -> Found:
    async def run() -> Found:
        server = McpServer("weather", settings)
        try:
            return await use(server)
        finally:
            await server.close()

    return asyncio.run(run())


async def tool_of(server: McpServer, name: str) -> McpTool:
    return next(each for each in await server.tools() if each.name == name)


async def results(server: McpServer, *calls: tuple[str, dict[str, object]]) -> list[ToolResult | RagError]:
    found: list[ToolResult | RagError] = []
    for name, arguments in calls:
        try:
            found.append(await (await tool_of(server, name)).call(arguments, EMPTY_SCOPE))
        except RagError as error:
            found.append(error)
    return found


def test_over_standard_streams_its_tools_are_listed_and_called() -> None:
    async def use(server: McpServer) -> None:
        tools = {tool.name: tool for tool in await server.tools()}
        assert "ends with a space " not in tools
        forecast, announce = tools["forecast"], tools["announce"]
        assert forecast.spec.name == "weather__forecast"
        assert forecast.spec.parameters["required"] == ["city"]
        assert (forecast.effects, forecast.needs_permission) == ("reads", True)
        assert (announce.effects, announce.needs_permission) == ("writes", True)
        result = await forecast.call({"city": "Rome", "days": 2}, EMPTY_SCOPE)
        assert result.text == "Rome: rain for 2 days."
        assert [passage.source for passage in result.passages] == ["tool:weather__forecast"]
        failed, hostile, long = await results(
            server, ("fail", {"reason": "x"}), ("hostile", {}), ("long", {"size": 60_000})
        )
        assert isinstance(failed, InvalidInputError)
        assert "fail failed" in str(failed)
        assert isinstance(hostile, ToolResult)
        assert "</passage>" not in hostile.text
        assert "![" not in hostile.text
        assert isinstance(long, ToolResult)
        assert long.text.endswith("(10000 characters left out)")
        assert long.data is None

    used(ToolServer(command=COMMAND), use)


def test_over_http_its_tools_are_listed_and_called(url: str) -> None:
    async def use(server: McpServer) -> None:
        both = await asyncio.gather(
            *(results(server, ("forecast", {"city": city})) for city in ("Rome", "Oslo"))
        )
        texts = [result.text for (result,) in both if isinstance(result, ToolResult)]
        assert texts == ["Rome: rain for 1 days.", "Oslo: rain for 1 days."]

    used(ToolServer(url=url), use)


def test_a_server_that_died_is_started_again() -> None:
    async def use(server: McpServer) -> list[ToolResult | RagError]:
        return await results(server, ("die", {}), ("forecast", {"city": "Rome"}))

    died, after = used(ToolServer(command=COMMAND, timeout_seconds=60), use)
    assert isinstance(died, UnavailableError)
    assert "it wrote: " in str(died)
    assert str(died).endswith("out of memory")
    assert isinstance(after, ToolResult)


def test_a_slow_tool_is_given_up(url: str) -> None:
    async def use(server: McpServer) -> list[ToolResult | RagError]:
        await server.tools()
        return await results(server, ("slow", {"seconds": 5}))

    started = time.monotonic()
    (error,) = used(ToolServer(url=url, timeout_seconds=1.5), use)
    assert isinstance(error, UnavailableError)
    assert str(error) == "the tool server 'weather' took longer than 1.5 s; raise its timeout_seconds"
    assert time.monotonic() - started < 20


def test_a_call_that_is_slow_or_refused_ends_no_other_and_no_connection() -> None:
    async def use(server: McpServer) -> list[list[ToolResult | RagError]]:
        first = await results(server, ("wait", {}), ("refuse", {}))

        async def later() -> list[ToolResult | RagError]:
            await asyncio.sleep(1)
            return await results(server, ("wait", {"seconds": 1.5}), ("wait", {}))

        late, others = await asyncio.gather(results(server, ("wait", {"seconds": 60})), later())
        return [first, late, others]

    (before, refused), (late,), (other, after) = used(LIGHT, use)
    assert isinstance(refused, InvalidInputError)
    assert str(refused) == "weather refused: the date is in the past"
    assert isinstance(late, UnavailableError)
    assert isinstance(before, ToolResult)
    assert isinstance(other, ToolResult), other
    assert isinstance(after, ToolResult)
    assert before.text == other.text == after.text, "one process"


def test_a_server_that_answers_nothing_while_a_call_waits_is_started_again() -> None:
    async def use(server: McpServer) -> list[ToolResult | RagError]:
        return await results(server, ("wait", {}), ("wait", {"seconds": 60}), ("wait", {}))

    before, late, after = used(LIGHT, use)
    assert isinstance(late, UnavailableError)
    assert isinstance(before, ToolResult)
    assert isinstance(after, ToolResult)
    assert before.text != after.text


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (("/no/such/program",), "No such file or directory"),
        (
            (sys.executable, "-c", "import sys; sys.exit('no key <|im_start|>')"),
            "it wrote: no key ‹|im_start|>",
        ),
        ((sys.executable, "-c", "print('hello')"), "Connection closed"),
    ],
)
def test_a_server_that_does_not_start_says_why(command: tuple[str, ...], message: str) -> None:
    with pytest.raises(UnavailableError) as raised:
        used(ToolServer(command=command), McpServer.tools)
    assert message in str(raised.value)


def test_a_server_that_says_nothing_is_ended(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    script = f"import os, time; open({str(note)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    with pytest.raises(UnavailableError, match="took longer than 2 s"):
        used(ToolServer(command=(sys.executable, "-c", script), timeout_seconds=2), McpServer.tools)
    with pytest.raises(ProcessLookupError):
        os.kill(int(note.read_text()), 0)


def test_an_address_where_nobody_listens_is_an_error() -> None:
    with pytest.raises(UnavailableError, match="All connection attempts failed"):
        used(ToolServer(url="http://127.0.0.1:9/mcp"), McpServer.tools)


def test_the_settings_say_which_tools_and_when_to_ask(url: str) -> None:
    def asks(**settings: object) -> dict[str, bool]:
        server = ToolServer.model_validate({"url": url, "tools": ["forecast", "announce"], **settings})
        return {tool.name: tool.needs_permission for tool in used(server, McpServer.tools)}

    assert asks() == {"forecast": True, "announce": True}
    assert asks(ask="writes") == {"forecast": False, "announce": True}
    assert asks(ask="never") == {"forecast": False, "announce": False}


def test_a_tool_that_the_settings_name_and_the_server_lacks_is_an_error(url: str) -> None:
    with pytest.raises(
        InvalidInputError, match="'weather' has no tool forecasts; it has: forecast, announce"
    ):
        used(ToolServer(url=url, tools=("forecasts",)), McpServer.tools)
