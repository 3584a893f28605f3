"""Calls that SmolLM2 writes: held to the tools' schemas or not, with one attempt or three.

Requests of tools_bfcl that need one call, each with the two or three functions that the set offers for it.
`called`: a call that keeps the schema came out; `tool`: of the right function; `exact`: with arguments that
the set allows, too. The other rows: the tool that the ranking puts first, and the first one offered.
`python -m benchmarks.tool_calls --requests N` takes another number of requests.
"""

import argparse
import asyncio
import gzip
import json
import os
import tempfile
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from agents.calling import ToolCaller
from agents.tools import Effects, ToolResult, ToolScope
from benchmarks._machine import machine
from rag.compose import Grove
from rag.core.protocols import Delta, GenerationOptions, Generator, GeneratorCapabilities, Prompt
from rag.core.settings import Settings
from rag.core.types import SearchResult
from rag.db.catalog import StoredDocument
from rag.scoring.tools import Tool

DATA = Path(os.environ.get("GROVE_SHARED", Path(__file__).parents[2] / "shared")) / "data" / "tools_bfcl"
_TYPES = {"dict": "object", "float": "number", "tuple": "array", "double": "number", "long": "integer"}
_MAX_OFFERED = 3
_MAX_CHARS = 2500  # of the functions offered, as JSON: what SmolLM2's context holds with room to spare


@dataclass(frozen=True, slots=True)
class Request:
    """A request, what is offered for it, and the call that answers it."""

    text: str
    offered: tuple[Tool, ...]
    tool: str
    allowed: Mapping[str, Sequence[object]]  # values of each argument; "" among them: may be left out


@dataclass(frozen=True, slots=True)
class Offered:
    """A function that is never called here."""

    spec: Tool
    effects: Effects = "none"
    needs_permission: bool = False

    def arguments_from(self, question: str) -> None:
        """Give none: only the model is measured."""

    async def call(self, arguments: Mapping[str, object], scope: ToolScope) -> ToolResult:
        """Refuse."""
        raise AssertionError("calls are written here, not made")


@dataclass(frozen=True, slots=True)
class Unheld:
    """A generator that does not keep schemas, though it could."""

    generator: Generator

    @property
    def capabilities(self) -> GeneratorCapabilities:
        """Say so."""
        return replace(self.generator.capabilities, keeps_schema=False)

    def count_tokens(self, text: str) -> int:
        """Count as it does."""
        return self.generator.count_tokens(text)

    def stream(self, prompt: Prompt, options: GenerationOptions) -> AsyncGenerator[Delta, None]:
        """Write as it does."""
        return self.generator.stream(prompt, options)


def run(*, quick: bool, count: int = 40) -> dict[str, Any]:
    """Measure `count` requests, evenly spread; `quick` 6, which says little."""
    count = 6 if quick else count
    found = requests()
    chosen = found[:: len(found) // count][:count]
    with tempfile.TemporaryDirectory() as home:
        grove = Grove(Settings(home=Path(home)))
        held: Generator = grove.generator("transformers")
        rows = [_ranked(grove, chosen), _first(chosen)]
        for name, generator in (("held to the schemas", held), ("free", Unheld(held))):
            for attempts in (1, 3):
                rows.append(asyncio.run(_written(name, generator, attempts, chosen)))
    return {"machine": machine(), "settings": {"requests": len(chosen), "model": "SmolLM2"}, "rows": rows}


def requests() -> list[Request]:
    """Give the requests that need one call of two or three short functions, in the set's order."""
    with gzip.open(DATA / "corpus.jsonl.gz", "rt") as lines:
        tools = {row["id"]: tool_of(row["function"]) for row in map(json.loads, lines)}
    found = []
    for row in map(json.loads, (DATA / "queries.jsonl").read_text().splitlines()):
        offered = [tools[name] for name in row["candidates"] if name in tools]
        size = sum(len(json.dumps(each.parameters)) for each in offered)
        if len(row["calls"]) == 1 and 1 < len(offered) <= _MAX_OFFERED and size <= _MAX_CHARS:
            ((tool, allowed),) = row["calls"][0].items()
            found.append(Request(row["text"], tuple(offered), tool, allowed))
    return found


def is_exact(arguments: Mapping[str, object], allowed: Mapping[str, Sequence[object]]) -> bool:
    """Tell whether every argument has an allowed value, and only those are missing that may be.

    >>> is_exact({"city": "rome"}, {"city": ["Rome"], "days": ["", 1]})
    True
    """
    is_known = all(
        name in allowed and _plain(value) in [_plain(each) for each in allowed[name]]
        for name, value in arguments.items()
    )
    return is_known and all(name in arguments or "" in values for name, values in allowed.items())


async def _written(
    name: str, generator: Generator, attempts: int, chosen: Sequence[Request]
) -> dict[str, Any]:
    called = tool = exact = 0
    started = time.perf_counter()
    for each in chosen:
        offered = [Offered(spec) for spec in each.offered]
        caller = ToolCaller(offered, _SCOPE, generator=generator, max_attempts=attempts)
        call = await caller.plan(each.text)
        if call is not None:
            called += 1
            tool += call.tool == each.tool
            exact += call.tool == each.tool and is_exact(call.arguments, each.allowed)
    seconds = (time.perf_counter() - started) / len(chosen)
    return _row(f"SmolLM2, {name}", attempts, (called, tool, exact), len(chosen), seconds)


def _ranked(grove: Grove, chosen: Sequence[Request]) -> dict[str, Any]:
    right = sum(grove.tool_index(each.offered).best(each.text, 1) == [each.tool] for each in chosen)
    return _row("the ranking's first, no arguments", 0, (0, right, 0), len(chosen), 0.0)


def _first(chosen: Sequence[Request]) -> dict[str, Any]:
    right = sum(each.offered[0].name == each.tool for each in chosen)
    return _row("the first one offered, no arguments", 0, (0, right, 0), len(chosen), 0.0)


def _row(
    way: str, attempts: int, counts: tuple[int, int, int], total: int, seconds: float
) -> dict[str, Any]:
    called, tool, exact = (round(count / total, 3) for count in counts)
    return {
        "way": way,
        "attempts": attempts,
        "called": called,
        "tool": tool,
        "exact": exact,
        "seconds": round(seconds, 2),
        "n": total,
    }


def tool_of(function: Mapping[str, Any]) -> Tool:
    """Give a function of the set as a tool."""
    return Tool(function["name"], function["description"], _schema(function["parameters"]))


def _schema(given: Mapping[str, Any]) -> dict[str, Any]:
    """Give the JSON schema that the set means by its own names of types."""
    schema: dict[str, Any] = {}
    for key, value in given.items():
        if key == "type" and value != "any":
            schema[key] = _TYPES.get(value.lower(), value.lower())
        elif key == "properties":
            schema[key] = {name: _schema(each) for name, each in value.items()}
        elif key == "items":
            schema[key] = _schema(value)
        elif key in ("description", "required", "enum"):
            schema[key] = value
    return schema


def _plain(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return json.dumps(value, sort_keys=True).lower().replace(" ", "")


def _no_document(document_id: str) -> StoredDocument:
    raise AssertionError(f"no tool runs here, and none reads {document_id}")


_SCOPE = ToolScope(
    "default",
    None,
    lambda text, k: SearchResult([], {}),
    lambda: iter(()),
    lambda: iter(()),
    _no_document,
    date.today,
)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=40)
    print(json.dumps(run(quick=False, count=parser.parse_args().requests), indent=1))
