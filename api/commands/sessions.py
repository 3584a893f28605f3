"""sessions with list and revoke: who is signed in on the page."""

from typing import Annotated

import typer

from api.console import Console, Home, Json, Tenant
from api.json_values import as_json
from api.render import table_text

__all__ = ["add_commands"]

_COLUMNS = ["session_id", "name", "subject", "scopes", "created_at", "expires_at"]
_sessions = typer.Typer(no_args_is_help=True, help="List and revoke the sessions of who is signed in.")


def add_commands(app: typer.Typer) -> None:
    """Register this group's commands."""
    _sessions.command("list")(list_)
    _sessions.command("revoke")(revoke)
    app.add_typer(_sessions, name="sessions")


def list_(
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="How many at most.")] = 100,
    tenant: Tenant = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """List who is signed in."""
    console = Console.open(home, json)
    rows = as_json(console.grove(tenant).sessions.sessions(limit))
    console.result({"sessions": rows}, table_text(rows, _COLUMNS))


def revoke(
    session_id: Annotated[str, typer.Argument(help="As `rag sessions list` prints it.")],
    tenant: Tenant = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """Sign somebody out at once, also at a server that runs; the provider may let them in again."""
    console = Console.open(home, json)
    revoked = console.grove(tenant).sessions.revoke(session_id)
    console.result({"session": revoked}, f"Session {revoked.session_id} ({revoked.name}) is over.")
