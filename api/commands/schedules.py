"""schedules: sources that are synchronised again and again, by whatever worker runs."""

from typing import Annotated

import typer

from api.console import Collection, Console, Home, Json
from api.json_values import as_json
from api.render import table_text

__all__ = ["add_commands"]

ScheduleId = Annotated[str, typer.Argument(help="As `rag schedules list` prints it.")]
_schedules = typer.Typer(
    no_args_is_help=True, help="Synchronise sources again and again; workers run what is due."
)


def add_commands(app: typer.Typer) -> None:
    """Register this group's commands."""
    for command in (add, show, pause, resume, remove, run):
        _schedules.command(name="list" if command is show else None)(command)
    app.add_typer(_schedules, name="schedules")


def add(
    places: Annotated[list[str], typer.Argument(help="Files, folders and addresses.")],
    collection: Collection = "default",
    every: Annotated[str | None, typer.Option("--every", help="Interval, as 30s, 15m, 2h or 1d.")] = None,
    cron: Annotated[
        str | None, typer.Option("--cron", help="Minute, hour, day, month, weekday, in UTC.")
    ] = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """Synchronise places with a collection again and again, as `rag ingest --sync` does."""
    from indexing.schedules import add_schedule, timing_of

    console = Console.open(home, json)
    timing = timing_of(every=every, cron=cron)
    schedule_id = add_schedule(console.grove(), places, collection=collection, timing=timing)
    console.result(
        {"schedule": schedule_id, "timing": timing},
        f"Schedule {schedule_id}: {timing}. `rag serve` or `rag worker` runs it.",
    )


def show(home: Home = None, json: Json = False) -> None:
    """List the schedules, the next one first, with how the last run went."""
    console = Console.open(home, json)
    rows = as_json(console.grove().schedules.list())
    columns = [
        "schedule_id",
        "collection",
        "places",
        "timing",
        "next_run_at",
        "is_paused",
        "last_state",
        "last_result",
    ]
    console.result({"schedules": rows}, table_text(rows, columns))


def pause(schedule_id: ScheduleId, home: Home = None, json: Json = False) -> None:
    """Leave a schedule alone until it is resumed; `rag schedules run` still runs it."""
    console = Console.open(home, json)
    console.grove().schedules.pause(schedule_id)
    console.result({"schedule": schedule_id}, "Paused.")


def resume(schedule_id: ScheduleId, home: Home = None, json: Json = False) -> None:
    """Run a schedule again when it is due; what was missed is made up once."""
    console = Console.open(home, json)
    console.grove().schedules.resume(schedule_id)
    console.result({"schedule": schedule_id}, "Resumed.")


def remove(schedule_id: ScheduleId, home: Home = None, json: Json = False) -> None:
    """Forget a schedule; its documents stay."""
    console = Console.open(home, json)
    console.grove().schedules.remove(schedule_id)
    console.result({"schedule": schedule_id}, "Removed.")


def run(schedule_id: ScheduleId, home: Home = None, json: Json = False) -> None:
    """Queue now what a schedule does, whenever it is due."""
    from indexing.schedules import run_schedule

    console = Console.open(home, json)
    job_id = run_schedule(console.grove(), schedule_id)
    text = f"Job {job_id} is queued; `rag jobs` shows how it fares." if job_id else "No job: see the list."
    console.result({"schedule": schedule_id, "job": job_id}, text)
