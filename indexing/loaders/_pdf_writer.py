"""Rows of words -> one text with blocks, and a map from its characters to boxes.

Knows how print sets paragraphs, headings, lists and tables apart. Does not know PDF.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from indexing.loaders._pdf_words import Word
from indexing.loaders._reading_order import Row
from indexing.loaders._text import clean
from rag.core.layout import Box, BoxSpan, PageSpan
from rag.core.types import Block, BlockKind

__all__ = ["PageWriter", "body_size"]

_MAX_HEADING_CHARS = 150
_MAX_HEADING_ROWS = 4
_HEADING_SCALE = 1.12  # type so much larger than the body's is a heading
_PARAGRAPH_GAP = 1.3  # of the usual distance between lines
_TIGHT_DISTANCE = 1.15  # ... which is no less than this, in font sizes: large type stands further apart
_LINE_DISTANCE = 1.3  # of the font size, where there are too few lines to measure
_INDENT = (0.7, 4.0)  # font sizes by which a first line moves in
_MAX_TABLE_HOLE = 2  # rows of one cell (a group's name, the rest of a label) that may stand inside a table
_ITEM = re.compile(r"(?:[•‣▪●○◦■□➢–—*-]|\(?\d{1,3}[.)]|\(?[a-zA-Z][.)])$")
_LEADS = re.compile(r"[$€£¥(]+$")  # belongs to the cell after it
_TRAILS = re.compile(r"[)%]+$")  # belongs to the cell before it
_SENTENCE_ENDS = ".!?:。！？”\"')]"
_CJK = re.compile(r"[\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]")


@dataclass(frozen=True, slots=True)
class _Group:
    """Rows that make one block."""

    kind: BlockKind
    rows: list[Row]


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
        self._levels = {size: level for level, size in enumerate(heading_sizes, start=1)}
        self.pages: list[PageSpan] = []
        self.boxes: list[BoxSpan] = []
        self.blocks: list[Block] = []
        self._pieces: list[str] = []
        self._length = 0
        self._last: Word | None = None
        self._turn = 0

    @classmethod
    def for_pages(cls, pages: Sequence[Sequence[Row]]) -> "PageWriter":
        """Learn the sizes of body and headings from the whole document."""
        body = body_size(pages)
        sizes = {_half_points(row.size) for rows in pages for row in rows}
        return cls(body, sorted((size for size in sizes if size >= body * _HEADING_SCALE), reverse=True))

    @property
    def text(self) -> str:
        """Give all of it."""
        return "".join(self._pieces)

    def add_page(self, number: int, rows: Sequence[Row]) -> None:
        """Append a page; one without words has an empty span."""
        groups = list(_groups(rows))
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

    def _add_group(self, page: int, group: _Group) -> None:
        start = self._length
        for index, row in enumerate(group.rows):
            if group.kind == "table" or (group.kind == "list" and index and _is_item(row)):
                self._add_row(page, row, before="\n" if index else "", is_table=group.kind == "table")
            else:
                self._add_row(page, row, before=" " if index else "", is_table=False)
        level = self._heading_level(group)
        self.blocks.append(Block("heading" if level else group.kind, start, self._length, level))

    def _add_row(self, page: int, row: Row, *, before: str, is_table: bool) -> None:
        cells = _cells(row) if is_table else [_words(row)]
        for number, cell in enumerate(cells):
            for place, word in enumerate(cell):
                if place == 0:
                    self._put_between(before if number == 0 else " | ", word)
                else:
                    self._put_between(" ", word)
                text = clean(word.text)
                box = BoxSpan(self._length, self._length + len(text), Box(page, *word.shown))
                self.boxes.append(box)
                self._put(text)
                self._last = word

    def _put_between(self, space: str, word: Word) -> None:
        last = self._last
        if last is None or not space:
            return
        if _goes_on(last, word):
            # The hyphen of a word cut at the end of a line goes; that of a compound stays.
            if last.text[-2:-1].islower() and word.text[0].islower():
                self._drop_hyphen()
        elif not (space == " " and _is_cjk(last.text[-1]) and _is_cjk(word.text[0]) and _touch(last, word)):
            self._put(space)

    def _drop_hyphen(self) -> None:
        self._pieces[-1] = self._pieces[-1][:-1]
        self._length -= 1
        self.boxes[-1] = BoxSpan(self.boxes[-1].start, self._length, self.boxes[-1].box)

    def _heading_level(self, group: _Group) -> int:
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
        level = self._levels.get(_half_points(rows[0].size))
        if level is not None:
            return min(level, 6)
        if all(row.bold for row in rows) and rows[0].size >= 0.9 * self._body:
            return min(len(self._levels) + 1, 6)
        return 0

    def _put(self, text: str) -> None:
        self._pieces.append(text)
        self._length += len(text)


def _groups(rows: Sequence[Row]) -> Iterator[_Group]:
    by_region: dict[int, list[Row]] = {}
    for row in rows:
        by_region.setdefault(row.region, []).append(row)
    for region in by_region.values():
        distance = _line_distance(region)
        in_table = _table_rows(region, distance)
        group: list[Row] = []
        for index, row in enumerate(region):
            if group and _starts_group(region, index, in_table, distance):
                yield _group(group, in_table[index - 1])
                group = []
            group.append(row)
        yield _group(group, in_table[-1])


def _group(rows: list[Row], is_table: bool) -> _Group:
    return _Group("table" if is_table else "list" if _is_item(rows[0]) else "paragraph", rows)


def _starts_group(region: Sequence[Row], index: int, in_table: Sequence[bool], distance: float) -> bool:
    above, row = region[index - 1], region[index]
    if in_table[index] or in_table[index - 1]:
        return in_table[index] != in_table[index - 1]
    if _goes_on(_words(above)[-1], row.pieces[0].words[0]):
        return False
    if abs(row.size - above.size) > 0.1 * max(row.size, above.size) or row.bold != above.bold:
        return True
    if row.base - above.base > _PARAGRAPH_GAP * max(distance, _TIGHT_DISTANCE * row.size):
        return True
    if _is_item(row):
        return not _is_item(above) and index > 0 and not _inside_list(region, index)
    return _is_indented(region, index)


def _is_indented(region: Sequence[Row], index: int) -> bool:
    """Tell whether a row moves in as the first line of a paragraph, not as the rest of a hanging one."""
    above, row = region[index - 1], region[index]
    near = region[max(index - 3, 0) : index + 4]
    low, high = (shift * row.size for shift in _INDENT)
    above_moves_in = above.x0 - min(each.x0 for each in near) >= low
    if not low <= row.x0 - above.x0 <= high or above_moves_in or _is_item(above):
        return False
    above_is_full = above.x1 > max(each.x1 for each in near) - 2 * row.size
    return not above_is_full or _words(above)[-1].text[-1] in _SENTENCE_ENDS


def _inside_list(region: Sequence[Row], index: int) -> bool:
    """Tell whether the row above continues an item: it stands further in than the item's mark."""
    row = region[index]
    return region[index - 1].x0 > row.x0 + 0.5 * row.size


def _line_distance(rows: Sequence[Row]) -> float:
    steps = [
        row.base - above.base
        for above, row in pairwise(rows)
        if abs(row.size - above.size) <= 0.1 * row.size
    ]
    if len(steps) < 4:
        return _LINE_DISTANCE * median(row.size for row in rows)
    return min(median(steps), 2.5 * median(row.size for row in rows))


def _table_rows(rows: Sequence[Row], distance: float) -> list[bool]:
    """Tell which rows belong to a table: two or more in a run have several cells."""
    wide = [len(_cells(row)) > 1 for row in rows]
    marks = [False] * len(rows)
    runs: list[list[int]] = []
    for index, is_wide in enumerate(wide):
        if not is_wide:
            continue
        near = runs and index - runs[-1][-1] <= _MAX_TABLE_HOLE + 1
        if near and rows[index].base - rows[runs[-1][-1]].base <= (_MAX_TABLE_HOLE + 2) * distance:
            runs[-1].append(index)
        else:
            runs.append([index])
    for run in runs:
        if len(run) > 1:
            marks[run[0] : run[-1] + 1] = [True] * (run[-1] + 1 - run[0])
    return marks


def _cells(row: Row) -> list[list[Word]]:
    """Give the row's cells: its pieces, with list marks and signs put where they belong."""
    cells: list[list[Word]] = []
    carried: list[Word] = []
    for piece in row.pieces:
        words = carried + piece.words
        carried = []
        while len(words) > 1 and _LEADS.match(words[-1].text):
            carried.insert(0, words.pop())
        is_mark = not cells and _ITEM.match(words[0].text) is not None
        if cells and _TRAILS.match("".join(word.text for word in words)):
            cells[-1] += words
        elif len(words) == 1 and (is_mark or _LEADS.match(words[0].text)):
            carried = words + carried
        else:
            cells.append(words)
    if carried:
        cells.append(carried)
    return cells


def _is_item(row: Row) -> bool:
    words = row.pieces[0].words
    return _ITEM.match(words[0].text) is not None and (len(words) > 1 or len(row.pieces) > 1)


def _words(row: Row) -> list[Word]:
    return [word for piece in row.pieces for word in piece.words]


def _goes_on(last: Word, word: Word) -> bool:
    return word.joined and word.number == last.number + 1


def _is_cjk(letter: str) -> bool:
    return _CJK.match(letter) is not None


def _touch(left: Word, right: Word) -> bool:
    return right.x0 < left.x0 or right.x0 - left.x1 < 0.3 * right.size  # the next line, or no space between


def _half_points(size: float) -> float:
    return round(2 * size) / 2
