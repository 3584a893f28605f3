"""The sections of a document: each run of headings with the blocks below it.

Knows blocks, and how markup writes a heading. Knows no tokens.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rag.core.types import Block
from rag.scoring.rows import header_lines

__all__ = ["Section", "sections", "table_caption", "table_header"]

_MAX_HEADER_CHARS = 400
_MAX_CAPTION_CHARS = 200
_UNIT = re.compile(
    r"\(.{0,20}\bin (?:thousands|millions|billions)\b|\bin (?:thousands|millions|billions)\W*$", re.I
)


@dataclass(frozen=True, slots=True)
class Section:
    """Headings that follow each other directly, and what stands below them."""

    above: tuple[str, ...]  # the headings that enclose it, outermost first
    path: tuple[str, ...]  # the headings that enclose what stands below its own
    level: int  # of its highest heading; 0 for what stands before any
    blocks: list[Block]  # never empty; its own headings first


def sections(text: str, blocks: Sequence[Block]) -> Iterator[Section]:
    """Give the sections in order; together they hold all text, also any that no block covers."""
    path: list[tuple[int, str]] = []
    above: tuple[str, ...] = ()
    level = 0
    held: list[Block] = []
    for block in _complete(text, blocks):
        if block.kind != "heading":
            held.append(block)
            continue
        if held and held[-1].kind != "heading":
            yield Section(above, _titles(path), level, held)
            held = []
        path = [entry for entry in path if entry[0] < block.level]
        above, level = (above, min(level, block.level)) if held else (_titles(path), block.level)
        path.append((block.level, _title(text, block)))
        held.append(block)
    if held:
        yield Section(above, _titles(path), level, held)


def table_header(table: str) -> tuple[str, ...]:
    r"""Give the lines of a table that name its columns, none if they are too long to be repeated.

    >>> table_header(" | First half | | Second half\nQuarter | Q1 | Q2 | Q3 | Q4\nSales | 5 | 6 | 7 | 8")
    ('| First half | | Second half', 'Quarter | Q1 | Q2 | Q3 | Q4')
    >>> table_header("| Part | Price |\n|------|-------|\n| Gauge | 410 |")
    ('| Part | Price |',)
    """
    lines = [" ".join(line.split()) for line in table.split("\n")]
    header = [lines[number] for number in header_lines(lines) if any(map(str.isalnum, lines[number]))]
    return tuple(header) if sum(map(len, header)) <= _MAX_HEADER_CHARS else ()


def table_caption(text: str, above: Block) -> str:
    """Give the paragraph above a table if it introduces it or says its unit, else nothing."""
    words = " ".join(text[above.start : above.end].split())
    says_unit = _UNIT.search(words) is not None
    is_caption = above.kind == "paragraph" and (words.endswith(":") or says_unit)
    return words if is_caption and len(words) <= _MAX_CAPTION_CHARS else ""


def _titles(path: Sequence[tuple[int, str]]) -> tuple[str, ...]:
    return tuple(title for _, title in path if title)


def _title(text: str, block: Block) -> str:
    """Give a heading's words, without underlines and number signs.

    >>> _title("## Set-up ##", Block("heading", 0, 12, 2))
    'Set-up'
    """
    lines = text[block.start : block.end].split("\n")
    kept = [line for line in lines if any(letter.isalnum() for letter in line)] or lines
    words = " ".join(kept).split()
    if words and not words[0].strip("#"):
        words = words[1:]
    if words and not words[-1].strip("#"):
        words = words[:-1]
    return " ".join(words)


def _complete(text: str, blocks: Sequence[Block]) -> Iterator[Block]:
    """Give the blocks and, as paragraphs, any text that stands between them."""
    position = 0
    for block in (*blocks, Block("paragraph", len(text), len(text))):
        if text[position : block.start].strip():
            yield from _paragraphs(text, position, block.start)
        if text[block.start : block.end].strip():
            yield block
        position = block.end


def _paragraphs(text: str, start: int, end: int) -> Iterator[Block]:
    while start < end:
        gap = text.find("\n\n", start, end)
        stop = end if gap < 0 else gap
        if text[start:stop].strip():
            yield Block("paragraph", start, stop)
        start = stop + 2
