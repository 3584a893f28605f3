"""Cutting lists into pages: one item more than a page holds says that there is another."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from rag.core.errors import NotFoundError

__all__ = ["behind", "page_of"]

_Item = TypeVar("_Item")
_Name = TypeVar("_Name")


def page_of(
    items: Sequence[_Item], limit: int, name_of: Callable[[_Item], _Name]
) -> tuple[list[_Item], _Name | None]:
    """Give a page, and the `after` of the next one if there is one.

    >>> page_of(["a", "b", "c"], 2, str)
    (['a', 'b'], 'b')
    """
    page = list(items[:limit])
    return page, name_of(page[-1]) if len(items) > limit else None


def behind(items: Sequence[_Item], after: str | None, name_of: Callable[[_Item], str]) -> Sequence[_Item]:
    """Give the items behind the one of this name, or all.

    Raises:
        NotFoundError: there is none of this name.
    """
    if after is None:
        return items
    names = [name_of(item) for item in items]
    if after not in names:
        raise NotFoundError(f"after: there is no {after!r:.80}; take the `next` of the page before")
    return items[names.index(after) + 1 :]
