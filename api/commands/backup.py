"""export, import: backup and restore, and the way from one database and store to another."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import Progress

from api.console import Console, Home, Json

if TYPE_CHECKING:
    from rag.compose import Grove
    from rag.db.archive import Archive, ArchiveCounts

__all__ = ["add_commands"]


def add_commands(app: typer.Typer) -> None:
    """Register this group's commands."""
    app.command("export")(export)
    app.command("import")(import_)


def export(
    file: Annotated[Path, typer.Argument(help="A file that does not exist yet.")],
    conversations: Annotated[
        bool, typer.Option(help="Also questions with their answers, conversations and feedback.")
    ] = True,
    originals: Annotated[bool, typer.Option(help="Also the files as they were received.")] = True,
    home: Home = None,
    json: Json = False,
) -> None:
    """Write documents, vectors, conversations, originals and settings into one file.

    Keys and other secrets, the audit log, schedules and the queue of jobs stay.
    """
    wanted = {"conversations": conversations, "originals": originals}
    from rag.db.archive import PARTS

    console, grove, archive = _open(home, json)
    with Progress(console=console.err) as progress:
        task = progress.add_task("exporting", total=None)
        counts = archive.export(
            file,
            settings=grove.settings.changed(),
            parts=[part for part in PARTS if wanted[part]],
            on_rows=lambda done, total: progress.update(task, completed=done, total=total),
        )
    size = file.stat().st_size
    console.result(
        {
            "file": str(file),
            "bytes": size,
            "collections": counts.collections,
            "documents": counts.documents,
            "chunks": counts.chunks,
            "conversations": counts.conversations,
            "originals": counts.originals,
        },
        f"Wrote {_told(counts)} to {file}, {size:,} bytes.",
    )


def import_(
    file: Annotated[Path, typer.Argument(help="What `rag export` wrote.")],
    home: Home = None,
    json: Json = False,
) -> None:
    """Take in what `rag export` wrote: all of it or, when anything is wrong, nothing.

    Into any database and store. The settings are not changed: those that differ are printed.
    """
    console, grove, archive = _open(home, json)
    with Progress(console=console.err) as progress:
        task = progress.add_task("importing", total=None)
        counts = archive.restore(
            file, on_rows=lambda done, total: progress.update(task, completed=done, total=total)
        )
    now = grove.settings.changed()
    settings = {name: value for name, value in counts.settings.items() if now.get(name) != value}
    if settings:
        console.note("It was exported with these settings, which differ from those of now:")
        for name, value in settings.items():
            console.note(f"  {name}={value}")
    console.result(
        {
            "collections": counts.collections,
            "documents": counts.documents,
            "chunks": counts.chunks,
            "conversations": counts.conversations,
            "originals": counts.originals,
            "settings": settings,
        },
        f"Took in {_told(counts)}.",
    )


def _told(counts: "ArchiveCounts") -> str:
    return (
        f"{counts.documents} documents ({counts.chunks} chunks) of {counts.collections} collections,"
        f" {counts.originals} originals and {counts.conversations} conversations"
    )


def _open(home: Path | None, is_json: bool) -> "tuple[Console, Grove, Archive]":
    from rag.db.archive import Archive

    console = Console.open(home, is_json)
    grove = console.grove()
    return console, grove, Archive(grove.database, grove.store, grove.access, originals=grove.originals)
