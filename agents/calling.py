"""Choosing a tool, writing its arguments, and calling it once that is allowed.

What a rule reads off the question is taken first, for it is certain; then a language model writes JSON of
the tools' schemas, checked, and tried again with the error. Results are data: none is read as a call.
"""

import asyncio
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from agents._arguments import check_arguments
from agents.tools import AgentTool, Effects, ToolResult, ToolScope
from rag.core.errors import InvalidInputError, NotFoundError
from rag.core.protocols import GenerationOptions, Generator, Prompt
from rag.core.types import Passage, Vector
from rag.generation.context import neutralise
from rag.generation.prompts import load_prompt
from rag.generation.writing import text_of
from rag.scoring.tools import Tool

__all__ = ["Call", "PermissionNeeded", "ToolCaller", "ToolRanking"]

_MAX_SPEC_CHARS = 2000  # of one tool in the prompt
_MAX_CALL_TOKENS = 160
_NONE = "none"


class ToolRanking(Protocol):
    """Tools, ranked for a request."""

    def best(self, request: str, k: int, *, earlier: Sequence[str] = ()) -> list[str]:
        """Give the names of at most k tools, best first."""
        ...

    def probabilities(self, request: str) -> Vector:
        """Give (N,): how likely the request wants each tool, in the order that they were given in."""
        ...


@dataclass(frozen=True, slots=True)
class Call:
    """A tool and what it is to be given."""

    tool: str
    arguments: Mapping[str, Any]  # Any: JSON of the tool's schema
    effects: Effects = "none"
    needs_permission: bool = False


@dataclass(frozen=True, slots=True)
class PermissionNeeded:
    """A person must allow this very call first: `ToolCaller.call` takes it back in `allowed`."""

    call: Call


class ToolCaller:
    """The tools of a run: chosen, given arguments, called."""

    def __init__(
        self,
        tools: Sequence[AgentTool],
        scope: ToolScope,
        *,
        ranking: ToolRanking | None = None,
        generator: Generator | None = None,
        num_shown: int = 5,
        max_attempts: int = 3,
    ) -> None:
        """Set what there is to call, once and for all: nothing that is read later adds a tool.

        Args:
            tools: with distinct names.
            scope: what their calls may see.
            ranking: picks those that the model sees; without one they come in their order.
            generator: writes the arguments that no rule reads; without one such tools are not called.
            num_shown: tools that the model sees.
            max_attempts: how often it may try.
        """
        self._tools = {tool.spec.name: tool for tool in tools}
        if len(self._tools) != len(tools):
            names = [tool.spec.name for tool in tools]
            twice = sorted({name for name in names if names.count(name) > 1})
            raise InvalidInputError(f"two tools are called {', '.join(twice)}; rename or disable one")
        self._scope, self._ranking, self._generator = scope, ranking, generator
        self._num_shown, self._max_attempts = num_shown, max_attempts

    def best(self, question: str) -> list[str]:
        """Give the names of the tools that the model would see, best first."""
        if self._ranking is None:
            return list(self._tools)[: self._num_shown]
        return self._ranking.best(question, self._num_shown)

    def fits(self, question: str) -> dict[str, float]:
        """Give the tools that the model would see, best first, with the probability that each is wanted.

        What a rule reads is certain; without a ranking nothing else is known.
        """
        direct = self.direct(question)
        names = [direct.tool] if direct is not None else []
        if self._ranking is None:
            return dict.fromkeys(names, 1.0)
        likely = dict(zip(self._tools, map(float, self._ranking.probabilities(question)), strict=True))
        likely |= dict.fromkeys(names, 1.0)
        shown = dict.fromkeys([*names, *self.best(question)])
        return dict(sorted(((name, likely[name]) for name in shown), key=lambda each: -each[1]))

    def direct(self, question: str) -> Call | None:
        """Give the call that a rule reads off the whole question; None where there is none, or several."""
        found = [
            self._call(tool, arguments)
            for tool in self._tools.values()
            if (arguments := tool.arguments_from(question)) is not None
        ]
        return found[0] if len(found) == 1 else None

    async def plan(self, question: str, names: Sequence[str] | None = None) -> Call | None:
        """Choose one of these tools (by default the best) and its arguments; None where none helps.

        Raises:
            GenerationError: the language model failed.
            OutOfTokensError: the run has no tokens left for its answer.
        """
        if (call := await asyncio.to_thread(self.direct, question)) is not None and (
            names is None or call.tool in names
        ):
            return call
        if self._generator is None or self._generator.capabilities.quotes_verbatim:
            return None
        if names is None:
            names = await asyncio.to_thread(self.best, question)
        shown = [self._tools[name] for name in names if name in self._tools]
        metered = self._scope.meter.over(self._generator)
        return await self._written(question, shown, metered) if shown else None

    async def call(self, call: Call, *, allowed: Collection[Call] = ()) -> ToolResult | PermissionNeeded:
        """Call the tool, or say that a person must allow it first.

        Raises:
            NotFoundError: no such tool.
            InvalidInputError: arguments that its schema, or the tool, refuses.
            UnavailableError: it is down or too slow.
        """
        tool = self._tools.get(call.tool)
        if tool is None:
            raise NotFoundError(f"no tool {call.tool!r}; there is: {', '.join(self._tools) or 'none'}")
        check_arguments(tool.spec, call.arguments)
        # What the call says of itself may come from anywhere; what counts is the tool's own word.
        is_allowed = any((each.tool, each.arguments) == (call.tool, call.arguments) for each in allowed)
        if tool.needs_permission and not is_allowed:
            return PermissionNeeded(self._call(tool, call.arguments))
        return await tool.call(call.arguments, self._scope)

    async def run(self, call: Call) -> list[Passage]:
        """Call a tool that a person has allowed, or that needs no leave, and give its result as passages.

        Raises:
            RagError: as `call`.
        """
        result = await self.call(call, allowed=[call] if call.needs_permission else [])
        if isinstance(result, PermissionNeeded):
            raise InvalidInputError(f"{call.tool} needs permission, and the call says that it does not")
        return list(result.passages)

    def _call(self, tool: AgentTool, arguments: Mapping[str, object]) -> Call:
        return Call(tool.spec.name, dict(arguments), tool.effects, tool.needs_permission)

    async def _written(
        self, question: str, shown: Sequence[AgentTool], generator: Generator
    ) -> Call | None:
        by_name = {tool.spec.name: tool for tool in shown}
        errors: list[str] = []
        for _ in range(self._max_attempts):
            text = await _text(generator, question, shown, errors)
            try:
                chosen, arguments = _read(text)
                if chosen == _NONE:
                    return None
                if chosen not in by_name:
                    raise InvalidInputError(f"no tool {chosen!r}; choose of: {', '.join(by_name)}, {_NONE}")
                check_arguments(by_name[chosen].spec, arguments)
            except InvalidInputError as error:
                errors.append(str(error))
                continue
            return self._call(by_name[chosen], arguments)
        return None


async def _text(
    generator: Generator, question: str, shown: Sequence[AgentTool], errors: Sequence[str]
) -> str:
    said = f"Your last answer was wrong: {neutralise(errors[-1])}" if errors else ""
    specs = "\n".join(_shown(tool.spec) for tool in shown)
    messages = load_prompt("tool_call").render(
        {"tools": specs, "request": neutralise(question), "errors": said}
    )
    options = GenerationOptions(
        _MAX_CALL_TOKENS,
        temperature=min(0.4 * len(errors), 1.0),  # the same prompt again would give the same again
        schema=_schema([tool.spec for tool in shown]) if generator.capabilities.keeps_schema else None,
    )
    return await text_of(generator, Prompt(messages, question), options)


def _shown(spec: Tool) -> str:
    """Give one line of a tool, unable to end the delimiter around all of them."""
    described = {"tool": spec.name, "description": spec.description, "arguments": spec.properties}
    text = " ".join(neutralise(json.dumps(described, ensure_ascii=False)).split())
    return text if len(text) <= _MAX_SPEC_CHARS else f"{text[:_MAX_SPEC_CHARS]}…"


def _schema(specs: Sequence[Tool]) -> dict[str, Any]:
    """Give the schema of an answer: one of these tools with its own arguments, or none."""
    choices = [_object(tool={"const": each.name}, arguments=dict(each.parameters)) for each in specs]
    return _object(call={"anyOf": [*choices, _object(tool={"const": _NONE})]})


def _object(**properties: object) -> dict[str, object]:
    required = list(properties)
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _read(text: str) -> tuple[str, dict[str, Any]]:
    """Read a model's answer, also one with words around the object.

    >>> _read('Sure: {"call": {"tool": "dates", "arguments": {"operation": "weekday"}}}')
    ('dates', {'operation': 'weekday'})
    """
    start = text.find("{")
    try:
        answer, _ = json.JSONDecoder().raw_decode(text[start:]) if start >= 0 else (None, 0)
    except (ValueError, RecursionError) as error:
        raise InvalidInputError(f"that is no JSON object: {error}") from error
    call = answer.get("call", answer) if isinstance(answer, dict) else None
    if not isinstance(call, dict) or not isinstance(call.get("tool"), str):
        raise InvalidInputError('write {"call": {"tool": NAME, "arguments": {...}}}')
    arguments = call.get("arguments", {})
    if not isinstance(arguments, dict):
        raise InvalidInputError('"arguments" is an object')
    return call["tool"], arguments
