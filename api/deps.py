"""What routes are given, as annotated types."""

from typing import Annotated

from fastapi import Depends, Query, Request

from api.events import Guard
from rag.compose import Grove

__all__ = ["GroveDep", "GuardDep", "Limit"]


def _grove(request: Request) -> Grove:
    grove: Grove = request.app.state.grove
    return grove


def _guard(request: Request) -> Guard:
    guard: Guard = request.app.state.guard
    return guard


GroveDep = Annotated[Grove, Depends(_grove)]
GuardDep = Annotated[Guard, Depends(_guard)]
Limit = Annotated[int, Query(ge=1, le=1000, description="How many at most.")]
