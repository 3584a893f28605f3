"""Which chunks of a document make a section: those under one heading."""

from collections.abc import Sequence
from itertools import takewhile

from rag.core.types import Chunk

__all__ = ["sections"]

_MAX_CHUNKS = 32  # about 8,000 tokens, what one vector is made of
_Heading = tuple[str, ...]


def sections(chunks: Sequence[Chunk], *, unit: str) -> list[range]:
    """Give the chunks of each section, in order; every chunk is in one.

    Args:
        chunks: of a document, in order.
        unit: `section`: chunks under the same topmost heading, at most 32, where a heading over the whole
            document does not count; `document`: all of them; `chunk`: each alone.
    """
    if not chunks or unit == "document":
        return [range(len(chunks))] if chunks else []
    headings = [chunk.heading for chunk in chunks]
    depth = _depth(headings)
    starts = [
        place
        for place in range(len(chunks))
        if unit == "chunk" or place == 0 or _is_left(headings[place - 1][:depth], headings[place])
    ]
    whole = [range(start, end) for start, end in zip(starts, [*starts[1:], len(chunks)], strict=True)]
    return [part for section in whole for part in _halves(section)]


def _is_left(former: _Heading, heading: _Heading) -> bool:
    """Tell whether a chunk is no longer under the heading of the one before it.

    A chunk that begins with its heading is itself under the one above: what follows goes with it.
    """
    return heading[: len(former)] != former


def _depth(headings: Sequence[_Heading]) -> int:
    """Give the first level at which headings differ."""
    above = {heading[:level] for heading in headings for level in range(len(heading))}
    innermost = [heading for heading in headings if heading not in above]
    shared = takewhile(lambda level: len(set(level)) == 1, zip(*innermost, strict=False))
    return 1 + len(list(shared))


def _halves(section: range) -> list[range]:
    """Halve what is too long until nothing is."""
    if len(section) <= _MAX_CHUNKS:
        return [section]
    middle = len(section) // 2
    return [*_halves(section[:middle]), *_halves(section[middle:])]
