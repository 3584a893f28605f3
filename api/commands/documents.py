"""ingest, delete, collections, documents, show: what is in the library."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.console import Collection, Console, Home, Index, Json, as_json, kinds_of
from api.progress import follow_job
from api.render import table_text
from api.reports import exit_code, job_report, job_summary
from rag.core.errors import InvalidInputError

if TYPE_CHECKING:
    from rag.compose import Grove

__all__ = ["add_commands"]


def add_commands(app: typer.Typer) -> None:
    """Register this group's commands."""
    for command in (ingest, delete, collections, documents, show):
        app.command()(command)


def ingest(
    paths: Annotated[list[Path], typer.Argument(help="Files and folders.")],
    collection: Collection = "default",
    index: Index = None,
    detach: Annotated[
        bool, typer.Option("--detach", help="Queue the job for a worker and return.")
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Go on: follow the paths as --sync does until stopped.")
    ] = False,
    sync: Annotated[
        bool,
        typer.Option("--sync", help="Also delete the documents whose files are gone from these paths."),
    ] = False,
    home: Home = None,
    json: Json = False,
) -> None:
    """Take documents in; what is already in and unchanged is skipped."""
    if detach and (sync or watch):
        raise InvalidInputError(
            "--sync and --watch go on when the job is done; --detach does not wait for it"
        )
    if watch and json:
        raise InvalidInputError(
            "--watch has no end and so no result for --json; use --sync, again and again"
        )
    console, grove = _open(home, json)
    from indexing.submit import delete_vanished, submit_paths

    started = time.monotonic()
    job_id = submit_paths(grove, paths, collection=collection, kinds=kinds_of(index))
    if detach:
        console.result({"job": job_id}, f"Job {job_id} is queued; `rag jobs` shows how it fares.")
        return
    status = follow_job(console, grove, job_id)
    deleted = delete_vanished(grove, paths, collection=collection) if sync or watch else []
    report = job_report(status, seconds=time.monotonic() - started, deleted=deleted)
    console.result(report, job_summary(status, report))
    if watch:
        _watch(console, grove, paths, collection)
    if code := exit_code(report):
        raise typer.Exit(code)


def delete(
    collection: Collection,
    source: Annotated[str | None, typer.Option("--source", help="Only this document.")] = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """Delete a document, or all of a collection; it cannot be found from then on."""
    console, grove = _open(home, json)
    num_documents, num_chunks = grove.publisher.delete_documents(collection, source=source)
    console.result(
        {"documents": num_documents, "chunks": num_chunks},
        f"Deleted {num_documents} documents ({num_chunks} chunks).",
    )


def collections(home: Home = None, json: Json = False) -> None:
    """List the collections."""
    console, grove = _open(home, json)
    rows = as_json(grove.catalog.collections())
    console.result({"collections": rows}, table_text(rows, ["name", "documents", "chunks", "created_at"]))


def documents(
    collection: Collection = "default",
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="How many at most.")] = 1000,
    home: Home = None,
    json: Json = False,
) -> None:
    """List the documents of a collection."""
    console, grove = _open(home, json)
    rows = as_json(grove.catalog.documents(collection, limit=limit))
    columns = ["document_id", "source", "status", "chunks", "error"]
    console.result({"documents": rows}, table_text(rows, columns))


def show(
    document_id: Annotated[str, typer.Argument(help="As `rag documents` prints it.")],
    home: Home = None,
    json: Json = False,
) -> None:
    """Show one document: its text, pages and chunks."""
    console, grove = _open(home, json)
    document = grove.catalog.document(document_id)
    fields = {
        "document_id": document.document_id,
        "version": document.version,
        "source": document.source,
        "title": document.title,
        "metadata": document.metadata,
        "text": document.text,
        "pages": document.layout.pages,
        "chunks": document.chunks,
    }
    console.result(fields, f"{document.title} ({document.source})\n\n{document.text}")


def _open(home: Path | None, is_json: bool) -> "tuple[Console, Grove]":
    from rag.compose import Grove

    console = Console.open(home, is_json)
    return console, Grove(console.settings)


def _watch(console: Console, grove: "Grove", paths: list[Path], collection: str) -> None:
    from indexing.watch import watch

    console.note("Watching for changes. Ctrl-C stops.")
    for changes in watch(grove, paths, collection=collection):
        started = time.monotonic()
        status = follow_job(console, grove, changes.job_id) if changes.job_id else None
        report = job_report(status, seconds=time.monotonic() - started, deleted=changes.deleted)
        console.result(report, job_summary(status, report))
