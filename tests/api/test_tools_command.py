"""`rag tools` as a person or a script runs it."""

import json
import sys
from pathlib import Path

import _rag
import pytest
from _rag import Finished

SCRIPT = Path(__file__).parents[1] / "helpers" / "_mcp_server.py"
WEATHER = {
    "weather": {
        "command": [sys.executable, str(SCRIPT), "stdio"],
        "tools": ["announce"],
        "timeout_seconds": 120,
    }
}
DOWN = {"down": {"url": "http://127.0.0.1:9/mcp"}}


def rag(home: Path, *arguments: str, servers: object = None, said: str = "") -> Finished:
    variables = {"GROVE_ENCODER__KIND": "hashing"}
    if servers is not None:
        variables["GROVE_TOOLS__SERVERS"] = json.dumps(servers)
    return _rag.rag(*arguments, "--json", "--home", home, said=said, variables=variables)


def test_the_tools_are_listed_and_a_server_that_is_down_is_named(tmp_path: Path) -> None:
    done = rag(tmp_path, "tools", servers=DOWN)
    assert done.code == 3
    tools = {each["name"]: each for each in done.json["tools"]}
    assert (tools["calculator"]["source"], tools["calculator"]["needs_permission"]) == ("built in", False)
    assert "All connection attempts failed" in done.json["failures"]["down"]


def test_a_tool_is_called_by_hand(tmp_path: Path) -> None:
    done = rag(tmp_path, "tools", "call", "calculator", '{"expression": "6 * 7"}')
    assert done.code == 0
    assert done.json == {"tool": "calculator", "text": "6 * 7 = 42", "data": {"value": "42"}}


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("calculator", '{"sum": "6 * 7"}'), 2, "('sum' was unexpected); it takes: expression"),
        (("calculator", "6 * 7"), 2, "the arguments are no JSON"),
        (("abacus",), 1, "no tool 'abacus'; there is: calculator"),
    ],
)
def test_a_wrong_call_says_what_is_wrong(
    tmp_path: Path, arguments: tuple[str, ...], code: int, message: str
) -> None:
    done = rag(tmp_path, "tools", "call", *arguments)
    assert done.code == code
    assert message in done.json["error"]["message"]


def test_what_may_change_something_asks_and_takes_no_for_an_answer(tmp_path: Path) -> None:
    call = ("tools", "call", "weather__announce", '{"text": "hello"}')
    refused = rag(tmp_path, *call, servers=WEATHER, said="n\n")
    assert refused.code == 1
    assert 'weather__announce may change something. Call it with {"text": "hello"}?' in refused.err
    assert "was not called" in refused.json["error"]["message"]
    allowed = rag(tmp_path, *call, servers=WEATHER, said="y\n")
    assert allowed.json["text"] == "sent 'hello'"
    unasked = rag(tmp_path, *call, "--yes", servers=WEATHER)
    assert unasked.json["text"] == "sent 'hello'"
    assert "may change" not in unasked.err


def test_nobody_to_ask_is_no(tmp_path: Path) -> None:
    done = rag(tmp_path, "tools", "call", "weather__announce", '{"text": "hello"}', servers=WEATHER)
    assert (done.code, done.json["error"]["type"]) == (1, "ConflictError")
