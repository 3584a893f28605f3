"""What OpenAI's interfaces share: lists in pages, and names that are not known refused."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from fastapi import Depends, Query, Request
from fastapi.dependencies.utils import get_flat_dependant
from fastapi.routing import APIRoute

from rag.core.errors import InvalidInputError

__all__ = ["KNOWN_QUERY", "After", "ListLimit", "Order", "listed"]

ListLimit = Annotated[int, Query(ge=1, le=100, description="How many at most.")]
Order = Annotated[Literal["asc", "desc"], Query(description="By time.")]
After = Annotated[str | None, Query(max_length=300, description="`last_id` of the page before.")]


def listed(items: Sequence[dict[str, Any]], limit: int) -> dict[str, Any]:
    """Give a page of so many items at most; one more says that there is another page."""
    page = list(items[:limit])
    return {
        "object": "list",
        "data": page,
        "first_id": page[0]["id"] if page else None,
        "last_id": page[-1]["id"] if page else None,
        "has_more": len(items) > limit,
    }


def _refuse_unknown(request: Request) -> None:
    route = request.scope["route"]
    assert isinstance(route, APIRoute)
    known = {parameter.alias for parameter in get_flat_dependant(route.dependant).query_params}
    if unknown := sorted(set(request.query_params) - known):
        raise InvalidInputError(
            f"no parameter {', '.join(unknown)!s:.200}; known are: {', '.join(sorted(known)) or 'none'}"
        )


KNOWN_QUERY = Depends(_refuse_unknown)
"""Refuses parameters of the address that the route does not have."""
