"""Which parts an upload may have: what nobody reads is refused, so that nothing is left out in silence."""

from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request

from rag.core.errors import InvalidInputError

__all__ = ["only_fields"]


def only_fields(*once: str, many: str | None = None) -> Callable[[Request], Coroutine[Any, Any, None]]:
    """Give what a route depends on that takes these fields once at most, and one of them many times."""
    known = [*once, *([] if many is None else [many])]

    async def check(request: Request) -> None:
        counts = Counter(name for name, _ in (await request.form()).multi_items())
        if unknown := sorted(set(counts) - set(known)):
            raise InvalidInputError(f"no field {', '.join(unknown)!s:.200}; known are: {', '.join(known)}")
        for name in once:
            if counts[name] > 1:
                raise InvalidInputError(f"{name}: one is taken, got {counts[name]}; send each by itself")

    return check
