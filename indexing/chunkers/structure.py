"""Cuts a document where its structure does: headings, then paragraphs and rows, then sentences.

Measures in the encoder's own tokens, so that no chunk is cut off when it is encoded.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from indexing.chunkers._long_words import with_long_words
from indexing.chunkers._pieces import Pieces, Span
from indexing.chunkers._sections import Section, sections, table_caption, table_header
from rag.core.types import Chunk, ParsedDocument

__all__ = ["Structure"]


@dataclass(frozen=True, slots=True)
class Structure:
    """Pack whole blocks into chunks of at most `max_tokens`; time is linear in the text.

    1. A heading opens a section; it stands at the front of the section's first chunk, and all headings
       above are the chunk's context. So is the header of a table for those of its rows that stand in a
       later chunk.
    2. Blocks of a section are packed in order while they fit. One that does not fit alone is cut into
       lines (tables, lists, code) or sentences, and those into words at worst.
    3. A chunk takes in the sections below its own heading while they fit whole. Across a heading of its
       own level or a higher one it does so only when it, or that section, has under `min_tokens`.

    Text that is all one word of more than `max_tokens` is cut at token starts; eight characters of a word
    that is too long to be a token count as one.
    """

    token_starts: Callable[[str], Sequence[int]]
    max_tokens: int = 200
    min_tokens: int = 30

    def __post_init__(self) -> None:
        if self.max_tokens < 1:
            raise ValueError(f"max_tokens is at least 1, got {self.max_tokens}")
        if not 0 <= self.min_tokens <= self.max_tokens:
            raise ValueError(f"min_tokens is 0 to max_tokens ({self.max_tokens}), got {self.min_tokens}")

    def chunk(self, document: ParsedDocument) -> list[Chunk]:
        """Cut the document; chunks ascend, are disjoint and cover all that is not white space."""
        text = document.text
        starts = with_long_words(self.token_starts(text), text)
        pieces = Pieces(text, starts, max_tokens=self.max_tokens, min_tokens=self.min_tokens)
        drafts = [
            draft for section in sections(text, document.blocks) for draft in _drafts(section, pieces, text)
        ]
        return [
            Chunk(draft.start, draft.end, text[draft.start : draft.end], draft.heading)
            for draft in self._merged(drafts, starts)
        ]

    def _merged(self, drafts: Sequence["_Draft"], starts: Sequence[int]) -> Iterator["_Draft"]:
        open_draft: _Draft | None = None
        for draft in drafts:
            if open_draft is not None and self._belongs(open_draft, draft, starts):
                level = min(open_draft.level, draft.level)
                open_draft = _Draft(open_draft.start, draft.end, open_draft.heading, level, draft.is_whole)
                continue
            if open_draft is not None:
                yield open_draft
            open_draft = draft
        if open_draft is not None:
            yield open_draft

    def _belongs(self, draft: "_Draft", following: "_Draft", starts: Sequence[int]) -> bool:
        if not following.is_whole or _count(starts, draft.start, following.end) > self.max_tokens:
            return False
        sizes = (_count(starts, each.start, each.end) for each in (draft, following))
        return following.level > draft.level or min(sizes) < self.min_tokens


@dataclass(frozen=True, slots=True)
class _Draft:
    """A chunk that may yet take in its neighbour."""

    start: int
    end: int
    heading: tuple[str, ...]
    level: int  # of the highest heading in it, or of the section that it continues
    is_whole: bool  # all of a section, heading and blocks


def _drafts(section: Section, pieces: Pieces, text: str) -> Iterator[_Draft]:
    spans = pieces.packed(section.blocks)
    headers = _headers(section, spans, text)
    for index, (start, end) in enumerate(spans):
        # The first chunk has the section's own heading in its text, the others in their context.
        heading = section.path if index else section.above
        yield _Draft(start, end, heading + headers.get(index, ()), section.level, len(spans) == 1)


def _headers(section: Section, spans: Sequence[Span], text: str) -> dict[int, tuple[str, ...]]:
    """Give the table captions and headers of the spans that start inside a table."""
    starts = [start for start, _ in spans]
    headers: dict[int, tuple[str, ...]] = {}
    for above, block in pairwise([None, *section.blocks]):
        if block is not None and block.kind == "table":
            inside = range(bisect_right(starts, block.start), bisect_left(starts, block.end))
            if inside:
                caption = table_caption(text, above) if above else ""
                header = table_header(text[block.start : block.end])
                headers |= dict.fromkeys(inside, (caption, *header) if caption else header)
    return headers


def _count(starts: Sequence[int], start: int, end: int) -> int:
    return bisect_left(starts, end) - bisect_left(starts, start)
