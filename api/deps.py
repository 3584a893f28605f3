"""What routes are given, as annotated types."""

from typing import Annotated

from fastapi import Depends, Query, Request

from rag.compose import Grove

__all__ = ["GroveDep", "Limit"]


def _grove(request: Request) -> Grove:
    grove: Grove = request.app.state.grove
    return grove


GroveDep = Annotated[Grove, Depends(_grove)]
Limit = Annotated[int, Query(ge=1, le=1000, description="How many at most.")]
