"""Markdown, its text kept as written: a quote is found in the file, letter for letter.

Knows headings (both kinds), fenced code, lists, tables and front matter. Inline marks stay.
"""

import re
from collections.abc import Iterator
from pathlib import PurePath

from indexing.loaders._lines import Line, grouped, lines_of
from indexing.loaders._text import decode
from rag.core.types import Attribute, Block, BlockKind, ParsedDocument

__all__ = ["Markdown"]

_HEADING = re.compile(r" {0,3}(#{1,6})\s+(.*?)\s*#*\s*$")
_UNDERLINE = re.compile(r" {0,3}(=+|-+)\s*$")
_FENCE = re.compile(r"\s*(```+|~~~+)")
_ITEM = re.compile(r"\s*(?:[-*+]|\d{1,9}[.)])\s")
_FRONT_MATTER = re.compile(r"---\n(.*?\n)?---[ \t]*(?:\n|$)", re.DOTALL)
_FIELD = re.compile(r"([A-Za-z][\w-]*):[ \t]*(.+)")


class Markdown:
    """Read Markdown."""

    suffixes = (".md", ".markdown")

    def load(self, content: bytes, *, name: str) -> ParsedDocument:
        """Give the text as it is, with its blocks; the title is that of the front matter or first heading."""
        text = decode(content, name=name)
        front = _FRONT_MATTER.match(text)
        metadata: dict[str, Attribute] = {}
        start = 0
        if front is not None:
            start = front.end()
            fields = (_FIELD.match(line) for line in (front.group(1) or "").splitlines())
            metadata = {field[1].lower(): field[2].strip(" \"'") for field in fields if field}
        blocks = [
            *([Block("code", 0, len(front.group().rstrip()))] if front else []),
            *_blocks(text, start),
        ]
        headings = [block for block in blocks if block.kind == "heading"]
        title = metadata.get("title") or (
            text[headings[0].start : headings[0].end].split("\n")[0].strip("# ")
            if headings
            else PurePath(name).stem
        )
        return ParsedDocument(text, str(title), blocks=tuple(blocks), metadata=metadata)


def _blocks(text: str, start: int) -> Iterator[Block]:
    waiting: list[Line] = []
    lines = [line for line in lines_of(text) if line.start >= start]
    index = 0
    while index < len(lines):
        line = lines[index]
        heading = _HEADING.match(line.text)
        if _FENCE.match(line.text):
            yield from grouped(waiting, _kind_of)
            waiting = []
            last = _fence_end(lines, index)
            yield Block("code", line.start, lines[last].end)
            index = last
        elif heading is not None:
            yield from grouped(waiting, _kind_of)
            waiting = []
            yield Block("heading", line.start, line.end, len(heading[1]))
        elif _is_underlined(lines, index, waiting):
            yield from grouped(waiting, _kind_of)
            waiting = []
            index += 1
            yield Block("heading", line.start, lines[index].end, 1 if "=" in lines[index].text else 2)
        else:
            waiting.append(line)
        index += 1
    yield from grouped(waiting, _kind_of)


def _fence_end(lines: list[Line], index: int) -> int:
    opening = _FENCE.match(lines[index].text)
    assert opening is not None
    for last in range(index + 1, len(lines)):
        if lines[last].text.strip().startswith(opening[1]):
            return last
    return len(lines) - 1


def _is_underlined(lines: list[Line], index: int, before: list[Line]) -> bool:
    line = lines[index]
    return (
        index + 1 < len(lines)
        and not line.is_blank
        and _kind_of(line) == "paragraph"
        and (not before or before[-1].is_blank)
        and _UNDERLINE.match(lines[index + 1].text) is not None
    )


def _kind_of(line: Line) -> BlockKind:
    if line.text.lstrip().startswith("|"):
        return "table"
    if _ITEM.match(line.text):
        return "list"
    return "code" if line.text.startswith(("    ", "\t")) else "paragraph"
