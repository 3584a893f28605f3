"""Cutting lists into pages: one item more than a page holds says that there is another."""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from rag.core.errors import InvalidInputError, NotFoundError
from rag.db.pages import Position

__all__ = ["behind", "cursor_of", "named_page", "page_of", "position_of"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CURSOR = re.compile(r"(\d{1,17})-([\w-]{1,100})", re.ASCII)

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


def named_page(
    items: Sequence[_Item], limit: int, after: str | None, name_of: Callable[[_Item], str]
) -> tuple[list[_Item], str | None]:
    """Give the page of those whose names are behind this one, and the `after` of the next page.

    They are sorted here: databases sort by the rules of a language, and then some would be on no page.

    >>> named_page(["a", "B", "b"], 2, None, str), named_page(["a", "B", "b"], 2, "a", str)
    ((['B', 'a'], 'a'), (['b'], None))
    """
    later = [item for item in items if after is None or name_of(item) > after]
    return page_of(sorted(later, key=name_of), limit, name_of)


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


def cursor_of(time: datetime, row_id: str) -> str:
    """Spell a position, in microseconds and by an id: the row may be gone, or elsewhere, by the next page.

    >>> cursor_of(datetime(2026, 5, 1, tzinfo=UTC), "ab")
    '1777593600000000-ab'
    """
    return f"{(time - _EPOCH) // timedelta(microseconds=1)}-{row_id}"


def position_of(cursor: str) -> Position:
    """Read a position.

    >>> position_of("1777593600000000-ab").time.isoformat()
    '2026-05-01T00:00:00+00:00'

    Raises:
        InvalidInputError: it is none.
    """
    match = _CURSOR.fullmatch(cursor)
    if match is None:
        raise InvalidInputError(f"after: {cursor!r:.80} is no position; take the `next` of the page before")
    return Position(_EPOCH + timedelta(microseconds=int(match[1])), match[2])
