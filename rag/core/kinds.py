"""The kinds of index that a collection can have. Every one has `dense` and words; others stand beside them.

A further kind is a name here, its encoder's fingerprint in rag/compose/, what it keeps of a chunk in
indexing/embed.py and a retriever; tables, settings and commands take it as it is.
"""

import shlex
from collections.abc import Iterable, Mapping, Sequence

from rag.core.errors import ConflictError, InvalidInputError

__all__ = ["DENSE", "KINDS", "LATE", "LONG", "check_index", "kinds_of", "parse_kinds"]

DENSE = "dense"  # one vector a chunk
LATE = "late"  # one vector a token
LONG = "long"  # one vector a section, over the chunks inside it
KINDS = (DENSE, LATE, LONG)


def parse_kinds(names: str | Iterable[str]) -> tuple[str, ...]:
    """Give the kinds that are named, in a fixed order, `dense` among them.

    >>> parse_kinds("late, dense")
    ('dense', 'late')

    Raises:
        InvalidInputError: a name that is no kind, or no `dense`.
    """
    given = {name.strip() for name in (names.split(",") if isinstance(names, str) else names)}
    if unknown := sorted(given - set(KINDS)):
        raise InvalidInputError(
            f"no kind of index is called {', '.join(unknown)}; there is: {', '.join(KINDS)}"
        )
    if DENSE not in given:
        raise InvalidInputError(f"every collection has a {DENSE} index; name it too: dense,late")
    return tuple(kind for kind in KINDS if kind in given)


def kinds_of(names: str | Iterable[str] | None) -> tuple[str, ...] | None:
    """Give the kinds that are named; None where nothing is said."""
    return None if names is None else parse_kinds(names)


def check_index(
    collection: str, indexed: Mapping[str, str], now: Mapping[str, str], *, kinds: Sequence[str] | None
) -> None:
    """Compare a collection's index with what is wanted of it.

    Args:
        collection: its name.
        indexed: its kinds, each with the fingerprint of the encoder that made it.
        now: the same kinds, with the fingerprints of the settings.
        kinds: that were asked for; none: whatever it has.

    Raises:
        ConflictError: they differ.
    """
    advice = f"`rag reindex --collection {shlex.quote(collection)}"
    if kinds is not None and set(kinds) != set(indexed):
        raise ConflictError(
            f"collection {collection!r} has the kinds of index {','.join(indexed)}, not {','.join(kinds)};"
            f" {advice} --index {','.join(kinds)}` changes that"
        )
    if different := [kind for kind in indexed if indexed[kind] != now[kind]]:
        raise ConflictError(
            f"collection {collection!r} was indexed with {indexed[different[0]]}, the settings say"
            f" {now[different[0]]}; choose another collection, or {advice}`"
        )
