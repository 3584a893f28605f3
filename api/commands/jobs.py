"""jobs with pause, resume, cancel and retry; reindex: the work that goes on in the background."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.console import Collection, Console, Home, Index, Json, hand_down
from api.engines import check_engine
from api.json_values import as_json
from api.progress import follow_job
from api.render import table_text
from api.reports import exit_code, job_report, job_summary
from rag.core.kinds import kinds_of

if TYPE_CHECKING:
    from rag.compose import Grove

__all__ = ["add_commands"]

JobId = Annotated[str, typer.Argument(help="As `rag jobs` prints it.")]
Detach = Annotated[bool, typer.Option("--detach", help="Leave the job to a worker and return.")]
_steer = typer.Typer(invoke_without_command=True)


def add_commands(app: typer.Typer) -> None:
    """Register this group's commands."""
    app.command()(reindex)
    _steer.callback()(jobs)
    for command in (pause, resume, cancel, retry):
        _steer.command()(command)
    app.add_typer(_steer, name="jobs")


def reindex(
    collection: Collection = "default",
    index: Index = None,
    detach: Detach = False,
    home: Home = None,
    json: Json = False,
) -> None:
    """Rebuild a collection's index from its stored chunks, while the present one serves.

    It repairs damaged segments, moves a collection to the encoders of the settings, and adds or removes
    kinds of index. When it is stopped, the same command goes on where it was.
    """
    from indexing.reindex import submit_reindex

    console = Console.open(home, json)
    grove = console.grove()
    _follow(console, grove, submit_reindex(grove, collection, kinds=kinds_of(index)), is_detached=detach)


def jobs(
    context: typer.Context,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="How many, newest first.")] = 20,
    home: Home = None,
    json: Json = False,
) -> None:
    """List the jobs, or steer one of them."""
    hand_down(context, home, json)
    if context.invoked_subcommand is not None:
        return
    console = Console.open(home, json)
    rows = as_json(console.grove().jobs.jobs(limit))
    columns = ["job_id", "kind", "collection", "state", "files_done", "files_total"]
    columns += ["rate_per_second", "eta_seconds", "created_at"]
    console.result({"jobs": rows}, table_text(rows, columns))


def pause(job_id: JobId, home: Home = None, json: Json = False) -> None:
    """Leave a job alone until it is resumed; what it has done stays."""
    console = Console.open(home, json)
    console.grove().job_control.pause(job_id)
    console.result({"job": job_id, "state": "paused"}, f"Paused; `rag jobs resume {job_id}` goes on.")


def resume(job_id: JobId, detach: Detach = False, home: Home = None, json: Json = False) -> None:
    """Let a paused job go on."""
    console, grove = _open_to_read(home, json, detach=detach)
    grove.job_control.resume(job_id)
    _follow(console, grove, job_id, is_detached=detach)


def cancel(job_id: JobId, home: Home = None, json: Json = False) -> None:
    """End a job for good; what it has done stays."""
    from indexing.control import cancel_job

    console = Console.open(home, json)
    cancel_job(console.grove(), job_id)
    console.result({"job": job_id, "state": "cancelled"}, "Cancelled.")


def retry(job_id: JobId, detach: Detach = False, home: Home = None, json: Json = False) -> None:
    """Try a finished job's failed files again; uploads are kept for that for a week.

    An archive that could not be read is read as it is now; a file that was unpacked, as it was.
    """
    from indexing.control import retry_job

    console, grove = _open_to_read(home, json, detach=detach)
    retry_job(grove, job_id)
    _follow(console, grove, job_id, is_detached=detach)


def _follow(console: Console, grove: "Grove", job_id: str, *, is_detached: bool) -> None:
    if is_detached:
        console.result({"job": job_id}, f"Job {job_id} is queued; `rag jobs` shows how it fares.")
        return
    started = time.monotonic()
    status = follow_job(console, grove, job_id)
    report = job_report(status, seconds=time.monotonic() - started)
    console.result(report, job_summary(status, report))
    if code := exit_code(report):
        raise typer.Exit(code)


def _open_to_read(home: Path | None, is_json: bool, *, detach: bool) -> "tuple[Console, Grove]":
    console = Console.open(home, is_json)
    if not detach:
        check_engine(console.settings)
    return console, console.grove()
