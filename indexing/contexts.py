"""What the encoder sees of a chunk: title and headings as context, then the chunk.

Knows tokens by where they start. Does not know where headings come from.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rag.core.types import Chunk

__all__ = ["Contexts"]

_SHARE = 5  # a context of a fifth of the encoder's tokens is never cut; chunks leave so much free


@dataclass(frozen=True, slots=True)
class Contexts:
    """Puts context before chunks, so that an encoder of so many tokens still sees all of the chunk."""

    token_starts: Callable[[str], Sequence[int]]
    max_tokens: int

    def texts(self, title: str, chunks: Sequence[Chunk]) -> list[str]:
        """Give the text of each chunk behind its title and headings, each said once.

        Where a context is too long for the rest of the encoder's tokens, its longest parts end early: a
        header of many columns, say, which leaves the headings whole.
        """
        starts: dict[str, Sequence[int]] = {}
        texts = []
        for chunk in chunks:
            parts = [part for part in dict.fromkeys((title, *chunk.heading)) if part != chunk.text]
            starts |= {part: self.token_starts(part) for part in parts if part not in starts}
            room = self.max_tokens // _SHARE
            if sum(len(starts[part]) for part in parts) > room:
                room = max(room, self.max_tokens - len(self.token_starts(chunk.text)))
                parts = _cut([(part, starts[part]) for part in parts], room)
            texts.append("\n".join((*parts, chunk.text)))
        return texts


def _cut(parts: Sequence[tuple[str, Sequence[int]]], room: int) -> list[str]:
    """Give the parts with at most `room` tokens together: what short ones leave is the longer ones'.

    >>> words = [("Report", [0]), ("one two three four", [0, 4, 8, 14]), ("five six seven", [0, 5, 9])]
    >>> _cut(words, 7)
    ['Report', 'one two three', 'five six seven']
    """
    ends: dict[str, int] = {}
    for rank, (part, starts) in enumerate(sorted(parts, key=lambda pair: len(pair[1]))):
        count = room // (len(parts) - rank)
        ends[part] = starts[count] if count < len(starts) else len(part)
        room -= min(count, len(starts))
    return [part[: ends[part]].rstrip() for part, _ in parts if ends[part]]
