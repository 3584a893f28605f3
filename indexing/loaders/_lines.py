"""Blocks of line-based markup, over the text as it stands, so that offsets are those of the file."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rag.core.types import Block, BlockKind


@dataclass(frozen=True, slots=True)
class Line:
    """A line without its newline, and where it starts."""

    start: int
    text: str

    @property
    def end(self) -> int:
        """Give the offset behind its last character."""
        return self.start + len(self.text)

    @property
    def is_blank(self) -> bool:
        """Tell whether it is only white space."""
        return not self.text.strip()


def lines_of(text: str) -> list[Line]:
    """Cut a text into lines."""
    lines = []
    start = 0
    for line in text.split("\n"):
        lines.append(Line(start, line))
        start += len(line) + 1
    return lines


def grouped(lines: list[Line], kind_of: Callable[[Line], BlockKind]) -> Iterator[Block]:
    """Join neighbouring lines into blocks; a blank line or another kind of line ends one."""
    open_block: Block | None = None
    for line in lines:
        if line.is_blank:
            if open_block is not None:
                yield open_block
            open_block = None
            continue
        kind = kind_of(line)
        if open_block is not None and (kind == open_block.kind or _continues(open_block, line)):
            open_block = Block(open_block.kind, open_block.start, line.end)
            continue
        if open_block is not None:
            yield open_block
        open_block = Block(kind, line.start, line.end)
    if open_block is not None:
        yield open_block


def _continues(block: Block, line: Line) -> bool:
    return block.kind == "list" and line.text[:1].isspace()
