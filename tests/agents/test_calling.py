"""A question finds its tool, the arguments keep the schema, and nothing with effects runs unasked."""

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest
from _tools import EMPTY_SCOPE, RecordedTool, ScriptedModel

from agents.calling import Call, PermissionNeeded, ToolCaller
from agents.tools import TOOLS, ToolResult
from rag.core.errors import InvalidInputError, NotFoundError, OutOfTokensError, RagError
from rag.generation.meter import Meter

QUESTION = "Will it rain in Rome?"


def answer(tool: str, **arguments: object) -> str:
    return json.dumps({"call": {"tool": tool, "arguments": arguments}})


def caller(*tools: RecordedTool, model: ScriptedModel | None = None, **options: Any) -> ToolCaller:
    return ToolCaller(tools, EMPTY_SCOPE, generator=model, **options)


def test_what_a_rule_reads_is_called_without_asking_a_model() -> None:
    model = ScriptedModel([answer("other", city="Rome")])
    built_in = [TOOLS.load(name)() for name in TOOLS.names() if name != "sql"]  # which needs a database
    tools = ToolCaller([*built_in, RecordedTool("other")], EMPTY_SCOPE, generator=model)
    call = asyncio.run(tools.plan("What is 6 * 7?"))
    assert call == Call("calculator", {"expression": "6 * 7"})
    result = asyncio.run(tools.call(call))
    assert isinstance(result, ToolResult)
    assert result.text == "6 * 7 = 42"
    assert model.prompts == []


def test_two_rules_that_disagree_are_no_rule() -> None:
    tools = caller(RecordedTool("a", reads={"city": "Rome"}), RecordedTool("b", reads={"city": "Rome"}))
    assert tools.direct(QUESTION) is None


def test_a_rule_is_kept_to_the_tools_that_were_chosen() -> None:
    tools = caller(RecordedTool("a", reads={"city": "Rome"}), RecordedTool("b"))
    assert asyncio.run(tools.plan(QUESTION, ["b"])) is None


def test_without_a_model_a_tool_that_no_rule_reads_is_not_called() -> None:
    assert asyncio.run(caller(RecordedTool("forecast")).plan(QUESTION)) is None


def test_a_model_writes_what_no_rule_reads() -> None:
    tools = caller(RecordedTool("forecast"), model=ScriptedModel([answer("forecast", city="Rome")]))
    assert asyncio.run(tools.plan(QUESTION)) == Call("forecast", {"city": "Rome"})


def test_a_model_that_writes_arguments_keeps_to_what_the_run_may_still_write() -> None:
    model = ScriptedModel([answer("forecast", city="Rome")])
    scope = replace(EMPTY_SCOPE, meter=Meter(max_tokens=20))
    tools = ToolCaller([RecordedTool("forecast")], scope, generator=model)
    with pytest.raises(OutOfTokensError, match="more than 20 tokens"):
        asyncio.run(tools.plan(QUESTION))
    assert model.prompts == []


def test_a_model_may_say_that_no_tool_helps() -> None:
    model = ScriptedModel([answer("none")])
    assert asyncio.run(caller(RecordedTool("forecast"), model=model).plan(QUESTION)) is None


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ("It will rain.", 'write {"call"'),
        ('{"call": {"tool": "forecast", "arguments": {"city": "Ro', "no JSON object"),
        ('{"call": {"tool": "forecast", "arguments": ["Rome"]}}', '"arguments" is an object'),
        (answer("forecast", town="Rome"), "town"),
        (answer("forecast", city=5), "5 is not of type 'string'"),
        (answer("weather", city="Rome"), "choose of: forecast, none"),
    ],
)
def test_a_wrong_answer_is_tried_again_with_its_error(wrong: str, error: str) -> None:
    model = ScriptedModel([wrong, answer("forecast", city="Rome")])
    call = asyncio.run(caller(RecordedTool("forecast"), model=model).plan(QUESTION))
    assert call == Call("forecast", {"city": "Rome"})
    assert error not in model.prompts[0]
    assert error in model.prompts[1]


def test_a_model_that_never_gets_it_right_is_asked_so_often_and_no_more() -> None:
    model = ScriptedModel(["no"])
    tools = caller(RecordedTool("forecast"), model=model, max_attempts=4)
    assert asyncio.run(tools.plan(QUESTION)) is None
    assert len(model.prompts) == 4
    assert [options.temperature for options in model.options] == [0.0, 0.4, 0.8, 1.0]


def test_a_model_that_keeps_schemas_is_given_those_of_the_tools_it_sees() -> None:
    model = ScriptedModel([answer("none")], keeps_schema=True)
    tools = caller(RecordedTool("a"), RecordedTool("b"), RecordedTool("c"), model=model, num_shown=2)
    asyncio.run(tools.plan(QUESTION))
    schema = model.options[0].schema
    assert schema is not None
    choices = schema["properties"]["call"]["anyOf"]
    assert [each["properties"]["tool"]["const"] for each in choices] == ["a", "b", "none"]
    assert choices[0]["properties"]["arguments"] == RecordedTool("a").parameters


def test_a_model_that_does_not_is_given_none() -> None:
    model = ScriptedModel([answer("none")])
    asyncio.run(caller(RecordedTool("a"), model=model).plan(QUESTION))
    assert model.options[0].schema is None


def test_a_tool_that_needs_permission_is_not_called_before_that_very_call_is_allowed() -> None:
    tool = RecordedTool("send", effects="writes", needs_permission=True)
    tools = caller(tool)
    call = Call("send", {"city": "Rome"}, "writes", True)
    assert asyncio.run(tools.call(call)) == PermissionNeeded(call)
    for other in (replace(call, arguments={"city": "Oslo"}), replace(call, tool="sent")):
        assert asyncio.run(tools.call(call, allowed=[other])) == PermissionNeeded(call)
    assert tool.calls == []
    assert isinstance(asyncio.run(tools.call(call, allowed=[call])), ToolResult)
    assert tool.calls == [{"city": "Rome"}]


def test_a_call_that_says_it_needs_no_permission_is_not_believed() -> None:
    tool = RecordedTool("send", effects="writes", needs_permission=True)
    tools, forged = caller(tool), Call("send", {"city": "Rome"})
    assert asyncio.run(tools.call(forged)) == PermissionNeeded(
        Call("send", {"city": "Rome"}, "writes", True)
    )
    with pytest.raises(InvalidInputError, match="needs permission"):
        asyncio.run(tools.run(forged))
    assert tool.calls == []


def test_a_run_gives_the_result_as_passages_that_can_be_cited() -> None:
    passages = asyncio.run(
        caller(RecordedTool("forecast", "Rain.")).run(Call("forecast", {"city": "Rome"}))
    )
    assert [(each.source, each.text, each.start, each.end) for each in passages] == [
        ("tool:forecast", "Rain.", 0, 5)
    ]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (Call("forecast", {}), InvalidInputError, "'city' is a required property; it takes: city"),
        (Call("forecast", {"city": "x" * 200_000}), InvalidInputError, "more than 100000 characters"),
        (Call("forecasts", {"city": "Rome"}), NotFoundError, "no tool 'forecasts'; there is: forecast"),
    ],
)
def test_a_wrong_call_says_what_is_wrong(call: Call, error: type[RagError], message: str) -> None:
    with pytest.raises(error, match=message):
        asyncio.run(caller(RecordedTool("forecast")).call(call))


def test_parameters_that_parts_of_a_schema_have_are_shown_and_passed_and_no_others() -> None:
    text = {"type": "string"}
    either = [{"properties": {"city": text}}, {"properties": {"zip": text}}]
    tool = RecordedTool("forecast", parameters={"type": "object", "anyOf": either})
    model = ScriptedModel([answer("forecast", town="Rome"), answer("forecast", zip="00100")])
    tools = caller(tool, model=model)
    assert asyncio.run(tools.plan(QUESTION)) == Call("forecast", {"zip": "00100"})
    assert '"zip"' in model.prompts[0]
    assert "it takes: city, zip" in model.prompts[1]


def test_two_tools_of_one_name_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="two tools are called a; rename"):
        caller(RecordedTool("a"), RecordedTool("a"))
