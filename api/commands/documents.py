"""delete, collections, documents, show: what is in the library."""

from typing import Annotated

import typer

from api.console import Collection, Console, Home, Json
from api.json_values import as_json
from api.render import table_text

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
    console = Console.open(home, json)
    num_documents, num_chunks = console.grove().publisher.delete_documents(collection, source=source)
    console.result(
        {"documents": num_documents, "chunks": num_chunks},
        f"Deleted {num_documents} documents ({num_chunks} chunks).",
    )


def collections(home: Home = None, json: Json = False) -> None:
    """List the collections."""
    console = Console.open(home, json)
    rows = as_json(console.grove().catalog.collections())
    console.result({"collections": rows}, table_text(rows, ["name", "documents", "chunks", "created_at"]))


def documents(
    collection: Collection = "default",
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="How many at most.")] = 1000,
    home: Home = None,
    json: Json = False,
) -> None:
    """List the documents of a collection."""
    console = Console.open(home, json)
    rows = as_json(console.grove().catalog.documents(collection, limit=limit))
    columns = ["document_id", "source", "status", "chunks", "error"]
    console.result({"documents": rows}, table_text(rows, columns))


def show(
    document_id: Annotated[str, typer.Argument(help="As `rag documents` prints it.")],
    home: Home = None,
    json: Json = False,
) -> None:
    """Show one document: its text, pages and chunks."""
    console = Console.open(home, json)
    document = console.grove().catalog.document(document_id)
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
