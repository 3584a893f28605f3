"""What a request is called in metrics, logs and traces: names of which there are few."""

from starlette.types import Scope

__all__ = ["method_of", "route_of"]

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def route_of(scope: Scope) -> str:
    """Give the template of the route: addresses themselves are without number, and tell too much."""
    return getattr(scope.get("route"), "path", None) or "unmatched"


def method_of(scope: Scope) -> str:
    """Give the method, `other` for those that somebody made up."""
    method: str = scope["method"]
    return method if method in _METHODS else "other"
