"""Cuts a document where its structure does: headings, then paragraphs and rows, then sentences.

Measures in the encoder's own tokens, so that no chunk is cut off when it is encoded.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from rag.core.types import Block, Chunk, ParsedDocument
from rag.scoring.sentences import sentence_spans

__all__ = ["Structure"]

_Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Structure:
    """Pack whole blocks into chunks of at most `max_tokens`, never across a heading.

    1. A heading opens a section; it stands at the front of the section's first chunk, and all headings
       above are the chunk's context.
    2. Blocks of a section are packed in order while they fit.
    3. A block that does not fit alone is cut into lines (tables, lists, code) or sentences, and those into
       words at worst.
    """

    token_starts: Callable[[str], Sequence[int]]
    max_tokens: int = 200

    def __post_init__(self) -> None:
        if self.max_tokens < 1:
            raise ValueError(f"max_tokens is at least 1, got {self.max_tokens}")

    def chunk(self, document: ParsedDocument) -> list[Chunk]:
        """Cut the document; chunks ascend, are disjoint and cover all that is not white space."""
        text = document.text
        pieces = _Pieces(text, self.token_starts(text), self.max_tokens)
        chunks: list[Chunk] = []
        for above, blocks in _sections(text, document.blocks):
            own = tuple(_title(text, block) for block in blocks if block.kind == "heading")
            spans = [span for block in blocks for span in pieces.of(block)]
            for index, (start, end) in enumerate(pieces.packed(spans)):
                # The first chunk has the section's own heading in its text, the others in their context.
                heading = (*above, *own) if index else above
                chunks.append(Chunk(start, end, text[start:end], heading))
        return chunks


class _Pieces:
    """Spans of a text that are small enough."""

    def __init__(self, text: str, token_starts: Sequence[int], max_tokens: int) -> None:
        self._text = text
        self._starts = token_starts
        self._max_tokens = max_tokens

    def of(self, block: Block) -> Iterator[_Span]:
        """Give the block whole when it fits, else its lines or sentences, else runs of words."""
        span = _trimmed(self._text, block.start, block.end)
        if self._fits(*span):
            yield from [span] if span[0] < span[1] else []
            return
        by_line = block.kind in ("table", "list", "code")
        for start, end in (
            _lines(self._text, *span) if by_line else sentence_spans(self._text, start=span[0], end=span[1])
        ):
            yield from self._words(start, end)

    def packed(self, spans: Sequence[_Span]) -> Iterator[_Span]:
        """Join neighbours while they fit together."""
        begin = end = -1
        for start, stop in spans:
            if begin >= 0 and self._fits(begin, stop):
                end = stop
                continue
            if begin >= 0:
                yield begin, end
            begin, end = start, stop
        if begin >= 0:
            yield begin, end

    def _words(self, start: int, end: int) -> Iterator[_Span]:
        while not self._fits(start, end):
            first = bisect_left(self._starts, start)
            limit = self._starts[first + self._max_tokens]
            space = max(self._text.rfind(" ", start + 1, limit), self._text.rfind("\n", start + 1, limit))
            stop = space if space > start else limit
            yield _trimmed(self._text, start, stop)
            start = _trimmed(self._text, stop, end)[0]
        if start < end:
            yield start, end

    def _fits(self, start: int, end: int) -> bool:
        return bisect_left(self._starts, end) - bisect_left(self._starts, start) <= self._max_tokens


def _sections(text: str, blocks: Sequence[Block]) -> Iterator[tuple[tuple[str, ...], list[Block]]]:
    """Give each heading's own blocks, the heading among them, with the headings above it."""
    path: list[tuple[int, str]] = []
    above: tuple[str, ...] = ()
    section: list[Block] = []
    for block in _complete(text, blocks):
        if block.kind != "heading":
            section.append(block)
            continue
        if any(each.kind != "heading" for each in section):
            yield above, section
            section = []
        path = [(level, title) for level, title in path if level < block.level]
        if not section:
            above = tuple(title for _, title in path)
        path.append((block.level, _title(text, block)))
        section.append(block)
    if section:
        yield above, section


def _title(text: str, block: Block) -> str:
    # Without the marks of markup: underlines, and the # before a title.
    lines = (line.strip("# \t") for line in text[block.start : block.end].splitlines())
    return " ".join(line for line in lines if any(map(str.isalnum, line)))


def _complete(text: str, blocks: Sequence[Block]) -> Iterator[Block]:
    """Give the blocks and, as paragraphs, any text that stands between them."""
    position = 0
    for block in (*blocks, Block("paragraph", len(text), len(text))):
        if text[position : block.start].strip():
            yield from (
                Block("paragraph", start, end) for start, end in _paragraphs(text, position, block.start)
            )
        if block.start < block.end:
            yield block
        position = block.end


def _paragraphs(text: str, start: int, end: int) -> Iterator[_Span]:
    while start < end:
        gap = text.find("\n\n", start, end)
        stop = end if gap < 0 else gap
        if text[start:stop].strip():
            yield _trimmed(text, start, stop)
        start = stop + 2


def _lines(text: str, start: int, end: int) -> Iterator[_Span]:
    while start < end:
        gap = text.find("\n", start, end)
        stop = end if gap < 0 else gap
        if text[start:stop].strip():
            yield _trimmed(text, start, stop)
        start = stop + 1


def _trimmed(text: str, start: int, end: int) -> _Span:
    piece = text[start:end]
    stripped = piece.strip()
    begin = start + len(piece) - len(piece.lstrip())
    return begin, begin + len(stripped)
