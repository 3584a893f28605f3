"""ingest: documents come in from files, folders, buckets and lists of addresses."""

import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.console import Collection, Console, Engine, Home, Index, Json
from api.engines import check_engine
from api.options import command_of
from api.progress import follow_job
from api.reports import exit_code, job_report, job_summary, plan_text, sync_report
from rag.core.errors import InvalidInputError
from rag.core.kinds import kinds_of

if TYPE_CHECKING:
    from indexing.listing import Listing
    from indexing.sync import Synced
    from rag.compose import Grove

__all__ = ["add_commands"]


def add_commands(app: typer.Typer) -> None:
    """Register this group's commands."""
    app.command(name="ingest")(command_of(ingest, IngestOptions))


@dataclass(frozen=True, slots=True)
class IngestOptions:
    """What is taken in, and how."""

    paths: Annotated[
        list[str] | None, typer.Argument(help="Files, folders, and addresses as s3://bucket/folder.")
    ] = None
    manifest: Annotated[
        list[Path] | None,
        typer.Option("--manifest", help="A list of web addresses: one a line, or JSON lines with url."),
    ] = None
    collection: Collection = "default"
    index: Index = None
    sync: Annotated[
        bool,
        typer.Option("--sync", help="Also delete the documents that are no longer at these places."),
    ] = False
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="With --sync: tell what it would do, and do nothing.")
    ] = False
    delete_many: Annotated[
        bool,
        typer.Option("--delete-many", help="Delete also when nothing is found, or most of it is gone."),
    ] = False
    watch: Annotated[
        bool, typer.Option("--watch", help="Go on: follow the paths as --sync does until stopped.")
    ] = False
    detach: Annotated[bool, typer.Option("--detach", help="Queue the job for a worker and return.")] = False
    engine: Engine = None
    home: Home = None
    json: Json = False

    def check(self) -> None:
        """Refuse what can be known to be wrong before anything is begun.

        Raises:
            InvalidInputError: options that do not go together.
        """
        if not self.paths and not self.manifest:
            raise InvalidInputError("nothing to ingest; name files, folders, addresses or a --manifest")
        if self.detach and self.engine:
            raise InvalidInputError(
                "--detach leaves the job to a worker, whose own GROVE_INGESTION__ENGINE counts; give one"
            )
        if self.dry_run and not self.sync:
            raise InvalidInputError("--dry-run goes with --sync: it tells what that would do")
        if self.delete_many and not (self.sync or self.watch):
            raise InvalidInputError("--delete-many goes with --sync or --watch: nothing else deletes")
        if self.watch and any("://" in path for path in self.paths or []):
            raise InvalidInputError(
                "--watch follows files and folders; `rag schedules add` follows addresses"
            )
        if self.watch and (self.json or self.detach or self.manifest):
            raise InvalidInputError(
                "--watch follows folders and has no end: it takes no --json, --detach and --manifest;"
                " use --sync, again and again"
            )


def ingest(options: IngestOptions) -> None:
    """Take documents in; what is already in and unchanged is skipped."""
    options.check()
    from indexing.listing import list_places
    from rag.compose import Grove

    console = Console.open(options.home, options.json)
    if not options.detach:
        check_engine(console.settings, given=options.engine)
    grove = Grove(console.with_engine(options.engine))
    listing = list_places(grove, options.paths or [], manifests=options.manifest or [])
    if options.dry_run:
        _show_plan(console, grove, listing, options)
        return
    if options.watch:
        grove.ensure_collection(options.collection, kinds=kinds_of(options.index))
        _watch(console, grove, options)
        return
    job_id, synced = _submit(grove, listing, options)
    if options.detach:
        text = f"Job {job_id} is queued; `rag jobs` shows how it fares." if job_id else "Nothing to do."
        console.result({"job": job_id, **sync_report(synced)}, text)
        return
    code = _follow(console, grove, job_id, synced)
    if code:
        raise typer.Exit(code)


def _submit(
    grove: "Grove", listing: "Listing", options: IngestOptions
) -> "tuple[str | None, Synced | None]":
    from indexing.submit import submit_listing
    from indexing.sync import submit_sync

    kinds = kinds_of(options.index)
    if not options.sync:
        return submit_listing(grove, listing, collection=options.collection, kinds=kinds), None
    synced = submit_sync(
        grove,
        listing,
        collection=options.collection,
        kinds=kinds,
        may_delete_many=options.delete_many,
    )
    return synced.job_id, synced


def _follow(console: Console, grove: "Grove", job_id: str | None, synced: "Synced | None") -> int:
    started = time.monotonic()
    status = follow_job(console, grove, job_id) if job_id else None
    report = job_report(status, seconds=time.monotonic() - started, synced=synced)
    console.result(report, job_summary(status, report))
    return exit_code(report)


def _show_plan(console: Console, grove: "Grove", listing: "Listing", options: IngestOptions) -> None:
    from indexing.sync import plan_sync

    plan = plan_sync(grove, listing, collection=options.collection, may_delete_many=options.delete_many)
    console.result(asdict(plan), plan_text(asdict(plan)))


def _watch(console: Console, grove: "Grove", options: IngestOptions) -> None:
    from indexing.watch import watch

    console.note("Watching for changes. Ctrl-C stops.")
    paths = [Path(path) for path in options.paths or []]
    many = options.delete_many
    gone = "A folder is gone; nothing is done until it is back."
    for synced in watch(
        grove,
        paths,
        collection=options.collection,
        may_delete_many=many,
        on_gone=lambda: console.note(gone),
    ):
        _follow(console, grove, synced.job_id, synced)
