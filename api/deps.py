"""What routes are given, as annotated types."""

from typing import Annotated

from fastapi import Depends, Query, Request

from api.events import Guard
from api.paging import position_of
from api.telemetry.metrics import Metrics
from rag.compose import Grove
from rag.core.kinds import kinds_of
from rag.db.pages import Position

__all__ = ["After", "BaseUrl", "Behind", "GroveDep", "GuardDep", "Kinds", "Limit", "MetricsDep", "Version"]


def _grove(request: Request) -> Grove:
    grove: Grove = request.app.state.grove
    # A route that is open to anybody has no access here, and must not ask for it.
    return grove.within(request.state.access)


def _guard(request: Request) -> Guard:
    guard: Guard = request.app.state.guard
    return guard


def _metrics(request: Request) -> Metrics:
    metrics: Metrics = request.app.state.metrics
    return metrics


def _base_url(request: Request) -> str:
    oidc = request.app.state.grove.settings.server.oidc
    return str(request.base_url) if oidc is None else f"{oidc.public_url}/"


def _kinds(
    index: Annotated[
        str | None, Query(description="Kinds of index, with commas: dense, late, long.")
    ] = None,
) -> tuple[str, ...] | None:
    return kinds_of(index)


After = Annotated[str | None, Query(max_length=300, description="`next` of the page before.")]


def _behind(after: After = None) -> Position | None:
    return None if after is None else position_of(after)


GroveDep = Annotated[Grove, Depends(_grove)]
"""The installation as the caller may use it: all reads and writes keep to `grove.access`."""
GuardDep = Annotated[Guard, Depends(_guard)]
MetricsDep = Annotated[Metrics, Depends(_metrics)]
BaseUrl = Annotated[str, Depends(_base_url)]
"""The address that clients are given, with a slash at its end: that of the settings where they have one."""
Kinds = Annotated[tuple[str, ...] | None, Depends(_kinds)]
Behind = Annotated[Position | None, Depends(_behind)]
"""Where a page begins of a list that is newest first."""
Version = Annotated[
    int | None, Query(ge=1, le=2**31 - 1, description="Of the document; by default the present one.")
]
Limit = Annotated[int, Query(ge=1, le=1000, description="How many at most.")]
