"""tools: what questions can be answered with besides the documents' text, and calling it by hand."""

import asyncio
import json
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.console import Collection, Console, Home, Json, hand_down
from api.json_values import as_json
from api.render import table_text
from rag.core.errors import ConflictError, InvalidInputError

if TYPE_CHECKING:
    from agents.toolset import ToolSummary

__all__ = ["add_commands"]

tools = typer.Typer(help="List the tools, or call one.", invoke_without_command=True)


def add_commands(app: typer.Typer) -> None:
    """Register this group's commands."""
    app.add_typer(tools, name="tools")


@tools.callback()
def list_tools(context: typer.Context, home: Home = None, json: Json = False) -> None:
    """List the tools, built in and of servers, or call one."""
    hand_down(context, home, json)
    if context.invoked_subcommand is not None:
        return
    console = Console.open(home, json)
    found, failures = asyncio.run(_listed(console))
    rows = [{**as_json(each), "permission": "asked" if each.needs_permission else ""} for each in found]
    table = table_text(rows, ["name", "source", "effects", "permission", "description"])
    notes = [f"{name} has no tools now: {error}" for name, error in failures.items()]
    console.result({"tools": found, "failures": failures}, "\n".join([table, *notes]))
    if failures:
        raise typer.Exit(3)


@tools.command()
def call(
    name: Annotated[str, typer.Argument(help="As `rag tools` prints it.")],
    arguments: Annotated[str, typer.Argument(help="JSON of the tool's schema.")] = "{}",
    collection: Collection = "default",
    yes: Annotated[bool, typer.Option("--yes", help="Allow the call without being asked.")] = False,
    home: Home = None,
    json: Json = False,
) -> None:
    """Call a tool and print what it gives; one that may change something asks first."""
    console = Console.open(home, json)
    text, data = asyncio.run(
        _called(console, name, _decoded(arguments), collection=collection, is_allowed=yes)
    )
    console.result({"tool": name, "text": text, "data": data}, text)


async def _listed(console: Console) -> "tuple[list[ToolSummary], dict[str, str]]":
    from agents.toolset import Toolset

    toolset = Toolset(console.grove())
    try:
        return await toolset.summaries(), toolset.failures
    finally:
        await toolset.close()


async def _called(
    console: Console, name: str, arguments: dict[str, Any], *, collection: str, is_allowed: bool
) -> tuple[str, object]:
    from agents.calling import Call, PermissionNeeded
    from agents.tools import tool_scope
    from agents.toolset import Toolset

    grove = console.grove()
    toolset = Toolset(grove)
    wanted = Call(name, arguments)
    try:
        caller = await toolset.caller(tool_scope(grove, collection=collection))
        result = await caller.call(wanted, allowed=[wanted] if is_allowed else [])
        if isinstance(result, PermissionNeeded):
            _ask(console, result.call.effects, name, arguments)
            result = await caller.call(wanted, allowed=[wanted])
        assert not isinstance(result, PermissionNeeded), "this very call was allowed"
        return result.text, result.data
    finally:
        await toolset.close()


def _ask(console: Console, effects: str, name: str, arguments: dict[str, Any]) -> None:
    may = {"writes": "may change something", "reads": "reads outside of Grove"}.get(effects, "computes")
    console.note(f"{name} {may}. Call it with {json.dumps(arguments)}? [y/N]")
    # Standard output is the result's alone, where typer's own question would write.
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise ConflictError(f"{name} was not called: it was not allowed")


def _decoded(arguments: str) -> dict[str, Any]:
    try:
        decoded = json.loads(arguments)
    except ValueError as error:
        raise InvalidInputError(f"the arguments are no JSON: {error}; write them as in '{{}}'") from error
    if not isinstance(decoded, dict):
        raise InvalidInputError(f"the arguments are a JSON object, got {arguments[:80]}")
    return decoded
