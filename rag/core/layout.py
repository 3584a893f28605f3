"""Where a document's characters stand: ranges of the text mapped to pages and boxes.

Knows nothing of any format; loaders fill it, citations read it.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Box", "BoxSpan", "Layout", "PageSpan"]


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on a page, in fractions 0 to 1 of the page after rotation, origin top left."""

    page: int
    x0: float
    y0: float
    x1: float
    y1: float


@dataclass(frozen=True, slots=True)
class PageSpan:
    """The characters of one page."""

    page: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class BoxSpan:
    """The characters of one word or other smallest unit, and the box around them."""

    start: int
    end: int
    box: Box


@dataclass(frozen=True, slots=True)
class Layout:
    """A map from character ranges to pages and boxes; empty for formats without pages.

    >>> layout = Layout((PageSpan(1, 0, 5),), (BoxSpan(0, 2, Box(1, 0.1, 0.1, 0.2, 0.2)),))
    >>> layout.page_at(3), layout.boxes_in(2, 5)
    (1, ())
    """

    pages: tuple[PageSpan, ...] = ()  # ascending, disjoint
    boxes: tuple[BoxSpan, ...] = ()  # ascending, disjoint

    def page_at(self, offset: int) -> int | None:
        """Give the page that holds the character, or the one before it; None without pages."""
        if not self.pages:
            return None
        index = bisect_right(self.pages, offset, key=lambda span: span.start) - 1
        return self.pages[max(index, 0)].page

    def boxes_in(self, start: int, end: int) -> tuple[Box, ...]:
        """Give the boxes of the characters start to end, one for each line of the page."""
        if start >= end:
            return ()
        first = bisect_right(self.boxes, start, key=lambda span: span.end)
        last = bisect_left(self.boxes, end, key=lambda span: span.start)
        return tuple(_lines([span.box for span in self.boxes[first:last]]))


def _lines(boxes: Sequence[Box]) -> list[Box]:
    lines: list[Box] = []
    for box in boxes:
        if lines and _same_line(lines[-1], box):
            lines[-1] = _union(lines[-1], box)
        else:
            lines.append(box)
    return lines


def _same_line(left: Box, right: Box) -> bool:
    overlap = min(left.y1, right.y1) - max(left.y0, right.y0)
    height = min(left.y1 - left.y0, right.y1 - right.y0)
    # To the right of what came before: the next column starts a line of its own.
    return left.page == right.page and overlap > height / 2 and right.x0 >= left.x0


def _union(left: Box, right: Box) -> Box:
    return Box(
        left.page,
        min(left.x0, right.x0),
        min(left.y0, right.y0),
        max(left.x1, right.x1),
        max(left.y1, right.y1),
    )
