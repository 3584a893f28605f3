"""What routes are given, as annotated types."""

from typing import Annotated

from fastapi import Depends, Query, Request

from api.events import Guard
from rag.compose import Grove
from rag.core.kinds import parse_kinds

__all__ = ["GroveDep", "GuardDep", "Kinds", "Limit"]


def _grove(request: Request) -> Grove:
    grove: Grove = request.app.state.grove
    return grove


def _guard(request: Request) -> Guard:
    guard: Guard = request.app.state.guard
    return guard


def _kinds(
    index: Annotated[
        str | None, Query(description="Kinds of index, with commas: dense, late, long.")
    ] = None,
) -> tuple[str, ...] | None:
    return None if index is None else parse_kinds(index)


GroveDep = Annotated[Grove, Depends(_grove)]
GuardDep = Annotated[Guard, Depends(_guard)]
Kinds = Annotated[tuple[str, ...] | None, Depends(_kinds)]
Limit = Annotated[int, Query(ge=1, le=1000, description="How many at most.")]
