"""Paths below /v1/vector_stores, where a name may hold slashes, sent as %2F, and parts follow it."""

from typing import Any
from urllib.parse import unquote

from fastapi.routing import APIRoute
from starlette.routing import Match
from starlette.types import Scope

__all__ = ["StoreRoute", "store_path"]

_STORES = "/v1/vector_stores/"
_SLASH = "\0"  # no address holds it: the guards refuse %00


class StoreRoute(APIRoute):
    """A route whose parameters may hold slashes, those that were sent as %2F."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Tell whether the path is one of this route, and what its parameters are."""
        match, found = super().matches({**scope, "path": store_path(scope)})
        params: dict[str, Any] = found.get("path_params", {})  # Any: as the router has it
        named = {name: value.replace(_SLASH, "/") for name, value in params.items()}
        return match, {**found, "path_params": named} if found else found


def store_path(scope: Scope) -> str:
    r"""Give the path of a request; below /v1/vector_stores each slash within a name is a NUL.

    >>> path = "/v1/vector_stores/team/files"
    >>> store_path({"path": path, "raw_path": b"/v1/vector_stores/team%2Ffiles"})
    '/v1/vector_stores/team\x00files'
    """
    path: str = scope["path"]
    if not path.startswith(_STORES) or "raw_path" not in scope:
        return path
    raw: str = scope["raw_path"].decode("ascii", "replace")
    return unquote(raw.replace("%2F", "%00").replace("%2f", "%00"))
