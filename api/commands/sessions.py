"""sessions with list and revoke: who is signed in on the page."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.console import Console, Home, Json, as_json
from api.render import table_text

if TYPE_CHECKING:
    from rag.db.sessions import SessionRegister

__all__ = ["add_commands"]

Tenant = Annotated[
    str | None, typer.Option("--tenant", help="Whose sessions [GROVE_TENANT, default].", show_default=False)
]
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
    console, sessions = _open(home, json, tenant)
    rows = as_json(sessions.sessions(limit))
    console.result({"sessions": rows}, table_text(rows, _COLUMNS))


def revoke(
    session_id: Annotated[str, typer.Argument(help="As `rag sessions list` prints it.")],
    tenant: Tenant = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """Sign somebody out at once, also at a server that runs; the provider may let them in again."""
    console, sessions = _open(home, json, tenant)
    revoked = sessions.revoke(session_id)
    console.result({"session": revoked}, f"Session {revoked.session_id} ({revoked.name}) is over.")


def _open(home: Path | None, is_json: bool, tenant: str | None) -> "tuple[Console, SessionRegister]":
    from rag.compose import Grove
    from rag.core.access import Access

    console = Console.open(home, is_json)
    return console, Grove(console.settings).within(Access(tenant or console.settings.tenant)).sessions
