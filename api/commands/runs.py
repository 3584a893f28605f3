"""runs, explain: what was asked, and how each question was answered."""

from typing import Annotated

import typer

from api.console import Console, Home, Json
from api.json_values import as_json
from api.render import table_text
from api.trail import run_text

__all__ = ["add_commands"]


def add_commands(app: typer.Typer) -> None:
    """Register this group's commands."""
    app.command()(runs)
    app.command()(explain)


def runs(
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="How many, newest first.")] = 20,
    home: Home = None,
    json: Json = False,
) -> None:
    """List the questions that were asked; each can be replayed by `explain`."""
    console = Console.open(home, json)
    listed = console.grove().runs.runs(limit)
    rows = [as_json(run) for run in listed]
    console.result({"runs": rows}, table_text(rows, ["run_id", "state", "created_at", "question"]))


def explain(
    run_id: Annotated[str, typer.Argument(help="As `rag runs` and `rag ask --json` print it.")],
    home: Home = None,
    json: Json = False,
) -> None:
    """Replay a run that ended or waits, step by step: what each step took in, found and chose."""
    console = Console.open(home, json)
    log = console.grove().runs
    run, events = log.run(run_id), log.events(run_id)
    console.result({**as_json(run), "events": as_json(events)}, run_text(run, events))
