"""Blocks -> spans of a text that are small enough.

Knows tokens by where they start. Does not know headings, but that they stay with what follows.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence

from rag.core.types import Block
from rag.scoring.sentences import sentence_spans

__all__ = ["Pieces", "Span"]

Span = tuple[int, int]
_NOT_SPACE = re.compile(r"\S")


class Pieces:
    """The spans of one text."""

    def __init__(self, text: str, starts: Sequence[int], *, max_tokens: int, min_tokens: int) -> None:
        self._text = text
        self._starts = starts
        self._max_tokens = max_tokens
        self._min_tokens = min_tokens

    def packed(self, blocks: Sequence[Block]) -> list[Span]:
        """Join neighbours while they fit; a heading never stands alone when a block follows it."""
        groups: list[list[Span]] = []
        for span in self._spans(blocks):
            if groups and self._fits(groups[-1][0][0], span[1]):
                groups[-1].append(span)
            else:
                groups.append([span])
        self._balance(groups)
        return [(group[0][0], group[-1][1]) for group in groups]

    def _spans(self, blocks: Sequence[Block]) -> Iterator[Span]:
        num_headings = next((n for n, block in enumerate(blocks) if block.kind != "heading"), len(blocks))
        room = self._max_tokens
        for block in blocks[:num_headings]:
            yield from self._block(block, self._max_tokens)
        if 0 < num_headings < len(blocks):
            # What comes first must fit beside the headings, so that they do not stand alone.
            room -= self._count(blocks[0].start, blocks[num_headings].start)
        for number, block in enumerate(blocks[num_headings:]):
            yield from self._block(block, room if number == 0 and room > 0 else self._max_tokens)

    def _block(self, block: Block, room: int) -> Iterator[Span]:
        """Give the block whole when it fits, else its lines or sentences, else runs of words.

        The first span has at most `room` tokens, the others at most `max_tokens`.
        """
        start, end = self._trimmed(block.start, block.end)
        if self._count(start, end) <= room:
            yield start, end
            return
        by_line = block.kind in ("table", "list", "code")
        parts = self._lines(start, end) if by_line else sentence_spans(self._text, start=start, end=end)
        for part in parts:
            yield from self._words(*part, room)
            room = self._max_tokens

    def _words(self, start: int, end: int, room: int) -> Iterator[Span]:
        while self._count(start, end) > room:
            limit = max(self._starts[bisect_left(self._starts, start) + room], start + 1)
            stop = limit
            while stop > start and not self._text[stop - 1].isspace():
                stop -= 1
            yield self._trimmed(start, stop if stop > start else limit)
            match = _NOT_SPACE.search(self._text, stop if stop > start else limit, end)
            if match is None:
                return
            start, room = match.start(), self._max_tokens
        yield start, end

    def _lines(self, start: int, end: int) -> Iterator[Span]:
        while start < end:
            gap = self._text.find("\n", start, end)
            stop = end if gap < 0 else gap
            span = self._trimmed(start, stop)
            if span[0] < span[1]:
                yield span
            start = stop + 1

    def _balance(self, groups: list[list[Span]]) -> None:
        """Give a tiny last group what the one before it can spare."""
        if len(groups) < 2:
            return
        before, last = groups[-2], groups[-1]
        while len(before) > 1 and self._count(last[0][0], last[-1][1]) < self._min_tokens:
            rest = self._count(before[0][0], before[-2][1])
            if rest < self._min_tokens or not self._fits(before[-1][0], last[-1][1]):
                return
            last.insert(0, before.pop())

    def _fits(self, start: int, end: int) -> bool:
        return self._count(start, end) <= self._max_tokens

    def _count(self, start: int, end: int) -> int:
        return bisect_left(self._starts, end) - bisect_left(self._starts, start)

    def _trimmed(self, start: int, end: int) -> Span:
        while start < end and self._text[start].isspace():
            start += 1
        while end > start and self._text[end - 1].isspace():
            end -= 1
        return start, end
