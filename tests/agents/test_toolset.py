"""The tools of an installation: built in, of its servers, and without those that are down or disabled."""

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest
from _http import client_of, small_settings
from _tools import EMPTY_SCOPE, ScriptedModel

from agents.tools import TOOLS
from agents.toolset import Toolset, toolset_of
from rag.compose import Grove
from rag.core.errors import InvalidInputError
from rag.core.tool_settings import ToolServer, ToolSettings

SCRIPT = str(Path(__file__).parents[1] / "helpers" / "_mcp_server.py")


BUILT_IN = [name for name in TOOLS.names() if name != "sql"]  # which is there with a database alone


def grove(home: Path, **settings: Any) -> Grove:
    return Grove(small_settings(home, tools=ToolSettings(**settings)))


def test_a_server_that_is_down_takes_no_other_tool_with_it(tmp_path: Path) -> None:
    servers = {
        "down": ToolServer(url="http://127.0.0.1:9/mcp"),
        "weather": ToolServer(command=(sys.executable, SCRIPT, "stdio"), tools=("forecast",)),
    }
    toolset = Toolset(grove(tmp_path, servers=servers))

    async def use() -> None:
        found = [(each.name, each.source) for each in await toolset.summaries()]
        assert found == [*((name, "built in") for name in BUILT_IN), ("weather__forecast", "weather")]
        assert list(toolset.failures) == ["down"]
        answer = '{"call": {"tool": "weather__forecast", "arguments": {"city": "Rome"}}}'
        model = ScriptedModel([answer])
        caller = await toolset.caller(EMPTY_SCOPE, generator=model)
        call = await caller.plan("Give the weather forecast of Rome.")
        assert call is not None
        assert call.needs_permission
        assert [each.text for each in await caller.run(call)] == ["Rome: rain for 1 days."]
        await toolset.close()

    asyncio.run(use())


def test_tools_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    toolset = Toolset(
        grove(tmp_path, servers={"weather": ToolServer(command=(sys.executable, SCRIPT, "stdio"))})
    )

    async def use() -> None:
        assert "weather__forecast" in [tool.spec.name for tool in await toolset.tools()]
        await toolset.close()

    asyncio.run(use())
    assert toolset.failures == {
        "weather": "of its tools these cannot be used, by name or schema: 'ends with a space '"
    }


def test_a_disabled_tool_is_not_there(tmp_path: Path) -> None:
    toolset = Toolset(grove(tmp_path, disabled=("grep", "fetch")))
    names = [each.name for each in asyncio.run(toolset.summaries())]
    assert names == [name for name in BUILT_IN if name not in ("grep", "fetch")]


def test_disabling_what_there_is_not_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="disable grepp; built in are: calculator"):
        Toolset(grove(tmp_path, disabled=("grepp",)))


def test_the_model_sees_the_tools_that_fit_the_question(tmp_path: Path) -> None:
    toolset = Toolset(grove(tmp_path, num_shown=2))

    async def use() -> list[str]:
        caller = await toolset.caller(EMPTY_SCOPE, generator=ScriptedModel(["{}"]))
        return caller.best("the difference between two calendar dates in days")

    names = asyncio.run(use())
    assert names[0] == "dates"
    assert len(names) == 2


def test_a_tool_that_a_rule_reads_is_certain_and_the_others_are_likely_or_not(tmp_path: Path) -> None:
    toolset = Toolset(grove(tmp_path))

    async def use() -> dict[str, float]:
        caller = await toolset.caller(EMPTY_SCOPE, generator=ScriptedModel(["{}"]))
        return caller.fits("What is 6 * 7?")

    fits = asyncio.run(use())
    assert next(iter(fits)) == "calculator"
    assert fits["calculator"] == 1.0
    assert all(0 < likely < 1 for name, likely in fits.items() if name != "calculator")
    assert list(fits.values()) == sorted(fits.values(), reverse=True)


def test_without_a_model_only_what_a_rule_reads_fits(tmp_path: Path) -> None:
    caller = asyncio.run(Toolset(grove(tmp_path)).caller(EMPTY_SCOPE))
    assert caller.fits("What is 6 * 7?") == {"calculator": 1.0}
    assert caller.fits("Give the weather forecast of Rome.") == {}


def test_an_installation_has_one_toolset(tmp_path: Path) -> None:
    one, other = grove(tmp_path), grove(tmp_path)
    assert toolset_of(one) is toolset_of(one)
    assert toolset_of(one) is not toolset_of(other)


def test_over_http_a_person_sees_what_there_is(tmp_path: Path) -> None:
    down = {"down": ToolServer(url="http://127.0.0.1:9/mcp")}
    reply = client_of(grove(tmp_path, servers=down, disabled=("grep",))).get("/api/v1/tools")
    assert reply.status_code == 200
    tools = {each["name"]: each for each in reply.json()["tools"]}
    assert sorted(tools) == [name for name in BUILT_IN if name != "grep"]
    assert tools["calculator"]["parameters"]["required"] == ["expression"]
    assert list(reply.json()["failures"]) == ["down"]


@pytest.mark.parametrize(
    ("servers", "message"),
    [
        ({"weather": {}}, 'give "command" or "url"'),
        ({"weather": {"command": ["a"], "url": "http://a"}}, 'give "command" or "url"'),
        ({"weather": {"url": "ftp://a"}}, "starts with http://"),
        ({"a__b": {"command": ["a"]}}, "a server's name has 1 to 32 of"),
        ({"Built in": {"command": ["a"]}}, "a server's name has 1 to 32 of"),
    ],
)
def test_a_wrong_server_is_refused(servers: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ToolSettings.model_validate({"servers": servers})
