"""What a request is called in metrics, logs and traces: names of which there are few."""

from starlette.routing import Match
from starlette.types import Scope

__all__ = ["find_route", "method_of", "route_of"]

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def find_route(scope: Scope) -> None:
    """Write into the scope of a request that was refused before the router where it would have led."""
    if "route" in scope:
        return
    for route in scope["app"].routes:
        match, found = route.matches(scope)
        if match is Match.FULL:
            scope["route"], scope["path_params"] = route, found["path_params"]
            return


def route_of(scope: Scope) -> str:
    """Give the template of the route: addresses themselves are without number, and tell too much."""
    return getattr(scope.get("route"), "path", None) or "unmatched"


def method_of(scope: Scope) -> str:
    """Give the method, `other` for those that somebody made up."""
    method: str = scope["method"]
    return method if method in _METHODS else "other"
