"""keys with create, list and revoke: who may use the server."""

from datetime import timedelta
from typing import Annotated

import typer

from api.console import Console, Home, Json, Tenant
from api.json_values import as_json
from api.render import table_text
from rag.core.errors import InvalidInputError

__all__ = ["add_commands"]

_COLUMNS = ["key_id", "name", "subject", "scopes", "collections", "state", "expires_at"]
_MAX_DAYS = 36_500
_keys = typer.Typer(no_args_is_help=True, help="Make, list and revoke the keys that callers show.")


def add_commands(app: typer.Typer) -> None:
    """Register this group's commands."""
    _keys.command("create")(create)
    _keys.command("list")(list_)
    _keys.command("revoke")(revoke)
    app.add_typer(_keys, name="keys")


def create(
    name: Annotated[str, typer.Argument(help="For people, such as whose it is.")],
    scope: Annotated[
        list[str] | None, typer.Option("--scope", help="read, ask, write or admin; again for more (ask).")
    ] = None,
    collection: Annotated[
        list[str] | None,
        typer.Option("--collection", "-c", help="Only for this one; again for more (all of the tenant)."),
    ] = None,
    user: Annotated[
        str | None, typer.Option("--user", help="Whose questions are asked with it (the key's own).")
    ] = None,
    days: Annotated[float | None, typer.Option("--days", help="Valid for so many days (for ever).")] = None,
    tenant: Tenant = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """Make a key and show its secret, once. From the first key on, the server asks all callers for one."""
    from rag.db.tables import utc_now

    if days is not None and not 0 < days <= _MAX_DAYS:  # nor is it nan
        raise InvalidInputError(f"--days is more than 0 and at most {_MAX_DAYS}, got {days}")
    console = Console.open(home, json)
    expires_at = None if days is None else utc_now() + timedelta(days=days)
    grove = console.grove(tenant)
    made = grove.keys.create(
        name, scopes=scope or ["ask"], collections=collection or None, user=user, expires_at=expires_at
    )
    there = {each.name for each in grove.catalog.collections()} if collection else set()
    if absent := [each for each in collection or () if each not in there]:
        console.note(
            f"There is no collection {', '.join(absent)} yet; `rag collections` lists what there is."
        )
    if not console.is_json:
        console.note("Keep it now; it is not shown again. Callers send it as `Authorization: Bearer KEY`.")
    console.result({"secret": made.secret, "key": made.key}, made.secret)


def list_(
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="How many at most.")] = 100,
    tenant: Tenant = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """List the keys of a tenant, also those that are no longer valid; never their secrets."""
    console = Console.open(home, json)
    rows = as_json(console.grove(tenant).keys.keys(limit))
    console.result({"keys": rows}, table_text(rows, _COLUMNS))


def revoke(
    key_id: Annotated[str, typer.Argument(help="As `rag keys list` prints it.")],
    tenant: Tenant = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """Make a key invalid at once and for good, also at a server that runs."""
    console = Console.open(home, json)
    revoked = console.grove(tenant).keys.revoke(key_id)
    console.result({"key": revoked}, f"Key {revoked.key_id} ({revoked.name}) is revoked.")
