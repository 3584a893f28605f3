"""sql: the registered databases, and questions to one of them by hand."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from api.console import Console, Home, Json
from api.json_values import as_json
from api.render import table_text
from rag.core.errors import InvalidInputError, NotFoundError

if TYPE_CHECKING:
    from rag.compose import Grove
    from rag.sql.source import SqlSource

__all__ = ["add_commands"]

_NONE = "no database is registered (GROVE_SQL__SOURCES, docs/sql.md)"
sql = typer.Typer(help="List the databases that answer questions, or ask one.", no_args_is_help=True)


def add_commands(app: typer.Typer) -> None:
    """Register this group's commands."""
    app.add_typer(sql, name="sql")


@sql.command()
def sources(home: Home = None, json: Json = False) -> None:
    """List the registered databases with their tables; exit code 3 when one cannot be read."""
    console = Console.open(home, json)
    found = [source.summary() for source in console.grove().sql_sources.values()]
    rows = [{**as_json(each), "tables": each.error or ", ".join(each.tables)} for each in found]
    text = table_text(rows, ["name", "dialect", "description", "tables"]) if rows else f"{_NONE}."
    console.result({"sources": found}, text)
    if any(each.error for each in found):
        raise typer.Exit(3)


@sql.command()
def ask(
    question: Annotated[str, typer.Argument(help="In words, with the names of tables and columns.")],
    source: Annotated[
        str | None, typer.Option("--source", help="As `rag sql sources` lists it; the only one by default.")
    ] = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """Answer a question with the rows of a database, and show the query."""
    from rag.sql.asking import as_text

    console = Console.open(home, json)
    grove = console.grove()
    answer = asyncio.run(grove.sql_asker.ask(question, _chosen(grove, source)))
    console.result(answer.as_data(), as_text(answer))


def _chosen(grove: "Grove", name: str | None) -> "SqlSource":
    names = list(grove.sql_sources)
    if name is None and not names:
        raise NotFoundError(f"there is nothing to ask: {_NONE}")
    if name is None and len(names) > 1:
        raise InvalidInputError(f"there are several databases; name one with --source: {', '.join(names)}")
    return grove.sql_sources[name or names[0]]
