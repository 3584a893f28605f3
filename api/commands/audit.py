"""audit: what callers of the server did."""

from typing import Annotated

import typer

from api.console import Console, Home, Json, Tenant
from api.json_values import as_json
from api.render import table_text

__all__ = ["add_commands"]


def add_commands(app: typer.Typer) -> None:
    """Register this group's commands."""
    app.command()(audit)


def audit(
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="How many, newest first.")] = 100,
    tenant: Tenant = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """List what was done over HTTP: when, by whom, to what, and how it ended."""
    console = Console.open(home, json)
    rows = as_json(console.grove(tenant).audit.entries(limit))
    console.result(
        {"entries": rows}, table_text(rows, ["seq", "at", "subject", "action", "objects", "status"])
    )
