"""Rows of words -> one text with blocks, and a map from its characters to boxes.

Knows how print sets paragraphs, headings, lists and tables apart. Does not know PDF.
"""

import re
from array import array
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from indexing.loaders._pdf_groups import Group, goes_on, is_item, row_groups
from indexing.loaders._pdf_tables import cells_of_table
from indexing.loaders._pdf_words import Word
from indexing.loaders._reading_order import Row
from indexing.loaders._text import clean
from rag.core.layout import Boxes, Layout, PageSpan
from rag.core.types import Block

__all__ = ["PageWriter", "body_size"]

_MAX_HEADING_CHARS = 150
_MAX_HEADING_ROWS = 4
_HEADING_SCALE = 1.12  # type so much larger than the body's is a heading
_CJK = re.compile(r"[\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]")


def body_size(pages: Iterable[Sequence[Row]]) -> float:
    """Give the font size in which most characters are set, to half a point."""
    sizes: Counter[float] = Counter()
    for rows in pages:
        for row in rows:
            sizes[_half_points(row.size)] += sum(len(word.text) for word in _words(row))
    return max(sizes, key=lambda size: sizes[size], default=0.0)


class PageWriter:
    """Put pages together to one text and note where each word went."""

    def __init__(self, body: float, heading_sizes: Sequence[float] = ()) -> None:
        self._body = body
        self._heading_sizes = heading_sizes
        self.pages: list[PageSpan] = []
        self._spans = array("i")  # start, end, page of each word
        self._corners = array("f")  # x0, y0, x1, y1 of each word
        self.blocks: list[Block] = []
        self._pieces: list[str] = []
        self._length = 0
        self._last: Word | None = None
        self._turn = 0

    @classmethod
    def for_pages(cls, pages: Sequence[Sequence[Row]]) -> "PageWriter":
        """Learn the sizes of body and headings from the first pages, or all."""
        body = body_size(pages)
        sizes = {_half_points(row.size) for rows in pages for row in rows}
        return cls(body, [size for size in sizes if size >= body * _HEADING_SCALE])

    @property
    def text(self) -> str:
        """Give all of it."""
        return "".join(self._pieces)

    @property
    def layout(self) -> Layout:
        """Give where it all stands."""
        spans = np.array(self._spans, dtype=np.int32).reshape(-1, 3)
        corners = np.array(self._corners, dtype=np.float32).reshape(-1, 4)
        return Layout(tuple(self.pages), Boxes(spans, corners))

    def add_page(self, number: int, rows: Sequence[Row]) -> None:
        """Append a page; one without words has an empty span."""
        groups = list(row_groups(rows))
        if rows:
            self._turn = rows[0].pieces[0].words[0].turn  # the prevailing direction comes first
        if groups and self._length:
            self._put("\n\n")
        start = self._length
        for index, group in enumerate(groups):
            if index:
                self._put("\n\n")
            self._add_group(number, group)
        self.pages.append(PageSpan(number, start, self._length))

    def _add_group(self, page: int, group: Group) -> None:
        start = self._length
        if group.kind == "table":
            for index, cells in enumerate(cells_of_table(group.rows)):
                self._add_cells(page, cells, before="\n" if index else "")
        else:
            for index, row in enumerate(group.rows):
                starts_line = group.kind == "list" and is_item(row)
                before = "" if index == 0 else "\n" if starts_line else " "
                self._add_cells(page, [_words(row)], before=before)
        level = self._heading_level(group)
        self.blocks.append(Block("heading" if level else group.kind, start, self._length, level))

    def _add_cells(self, page: int, cells: Sequence[Sequence[Word]], *, before: str) -> None:
        for number, cell in enumerate(cells):
            space = before if number == 0 else " | "
            if not cell:  # the row skips a column
                self._put(space)
            for place, word in enumerate(cell):
                if place == 0:
                    self._put_between(space, word)
                else:
                    self._put_between(" ", word)
                text = clean(word.text)
                self._spans.extend((self._length, self._length + len(text), page))
                self._corners.extend(word.shown)
                self._put(text)
                self._last = word

    def _put_between(self, space: str, word: Word) -> None:
        last = self._last
        if last is None or not space:
            return
        if goes_on(last, word):
            # The hyphen of a word cut at the end of a line goes; that of a compound stays.
            if last.text[-2:-1].islower() and word.text[0].islower():
                self._drop_hyphen()
        elif not (space == " " and _is_cjk(last.text[-1]) and _is_cjk(word.text[0]) and _touch(last, word)):
            self._put(space)

    def _drop_hyphen(self) -> None:
        self._pieces[-1] = self._pieces[-1][:-1]
        self._length -= 1
        self._spans[-2] = self._length

    def _heading_level(self, group: Group) -> int:
        """Give the level, 0 for what is no heading: large type, or a bold line alone."""
        rows = group.rows
        words = [word for row in rows for word in _words(row)]
        if words[0].turn != self._turn:
            return 0
        num_chars = sum(len(word.text) + 1 for word in words)
        has_letters = any(letter.isalpha() for word in words for letter in word.text)
        if group.kind == "table" or len(rows) > _MAX_HEADING_ROWS or num_chars > _MAX_HEADING_CHARS:
            return 0
        if not has_letters or words[-1].text[-1] in ".,;:":
            return 0
        size = _half_points(rows[0].size)
        if size >= self._body * _HEADING_SCALE:
            num_larger = sum(larger > size for larger in self._heading_sizes)
            return min(num_larger + 1, 6)
        if all(row.bold for row in rows) and rows[0].size >= 0.9 * self._body:
            return min(len(self._heading_sizes) + 1, 6)
        return 0

    def _put(self, text: str) -> None:
        self._pieces.append(text)
        self._length += len(text)


def _words(row: Row) -> list[Word]:
    return [word for piece in row.pieces for word in piece.words]


def _is_cjk(letter: str) -> bool:
    return _CJK.match(letter) is not None


def _touch(left: Word, right: Word) -> bool:
    return right.x0 < left.x0 or right.x0 - left.x1 < 0.3 * right.size  # the next line, or no space between


def _half_points(size: float) -> float:
    return round(2 * size) / 2
