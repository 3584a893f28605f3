"""delete, collections, documents, show: what is in the library."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.console import Collection, Console, Home, Json, as_json
from api.render import table_text

if TYPE_CHECKING:
    from rag.compose import Grove

__all__ = ["add_commands"]


def add_commands(app: typer.Typer) -> None:
    """Register this group's commands."""
    for command in (delete, collections, documents, show):
        app.command()(command)


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
