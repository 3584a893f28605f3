"""Where a document's characters stand: ranges of the text mapped to pages and boxes.

Knows nothing of any format; loaders fill it, citations read it.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
from numpy.typing import NDArray

__all__ = ["Box", "BoxSpan", "Boxes", "Layout", "PageSpan"]

_DIGITS = 6  # of a coordinate: a millionth of the page


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


class Boxes(Sequence[BoxSpan]):
    """The boxes of a document, kept as arrays: 28 bytes a word instead of 300."""

    def __init__(self, spans: NDArray[np.int32], corners: NDArray[np.float32]) -> None:
        """Keep (W, 3) start, end, page and (W, 4) x0, y0, x1, y1."""
        self.spans = spans
        self.corners = corners

    @classmethod
    def of(cls, boxes: Sequence[BoxSpan]) -> "Boxes":
        """Give the boxes as arrays, the same when they are already."""
        if isinstance(boxes, Boxes):
            return boxes
        spans = [(each.start, each.end, each.box.page) for each in boxes]
        corners = [(each.box.x0, each.box.y0, each.box.x1, each.box.y1) for each in boxes]
        return cls(
            np.array(spans, dtype=np.int32).reshape(-1, 3),
            np.array(corners, dtype=np.float32).reshape(-1, 4),
        )

    def __len__(self) -> int:
        """Count them."""
        return len(self.spans)

    @overload
    def __getitem__(self, index: int) -> BoxSpan: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[BoxSpan, ...]: ...
    def __getitem__(self, index: int | slice) -> BoxSpan | tuple[BoxSpan, ...]:
        """Make the objects of those that are asked for."""
        if isinstance(index, slice):
            corners = self.corners[index].astype(np.float64).round(_DIGITS).tolist()
            return tuple(
                BoxSpan(start, end, Box(page, *corner))
                for (start, end, page), corner in zip(self.spans[index].tolist(), corners, strict=True)
            )
        if not -len(self) <= index < len(self):
            raise IndexError(f"there are {len(self)} boxes, none with the number {index}")
        index %= len(self)
        return self[index : index + 1][0]

    def __iter__(self) -> Iterator[BoxSpan]:
        """Make them all."""
        return iter(self[:])

    def __eq__(self, other: object) -> bool:
        """Compare with any sequence of boxes."""
        if not isinstance(other, Sequence) or len(self) != len(other):
            return False
        return self[:] == tuple(other)

    __hash__ = None  # type: ignore[assignment]  # it holds arrays


@dataclass(frozen=True, slots=True)
class Layout:
    """A map from character ranges to pages and boxes; empty for formats without pages.

    >>> layout = Layout((PageSpan(1, 0, 5),), (BoxSpan(0, 2, Box(1, 0.1, 0.1, 0.2, 0.2)),))
    >>> layout.page_at(3), layout.boxes_in(2, 5)
    (1, ())
    """

    pages: tuple[PageSpan, ...] = ()  # ascending, disjoint
    boxes: Sequence[BoxSpan] = ()  # ascending, disjoint

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
