"""Tables among the rows of a page, and their cells.

Knows that a cell's text stands apart from its neighbours', row after row at the same places. Does not
see ruled lines: most tables have none that a PDF tells from other drawing.
"""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from indexing.loaders._pdf_columns import Cell, in_columns
from indexing.loaders._pdf_words import Word
from indexing.loaders._reading_order import Row

__all__ = ["cells_of", "cells_of_table", "is_list_mark", "table_rows"]

_MAX_TABLE_HOLE = 3  # rows of one cell (a group's name, the rest of a label) that may stand inside a table
_CELL_GAP = 0.45  # font sizes between cells, where all rows leave the place free; a space takes 0.28
_MAX_CROSSING = 0.2  # share of a table's rows that may write across the gap between two columns
_ITEM = re.compile(r"(?:[•‣▪●○◦■□➢–—*-]|\(?\d{1,3}[.)]|\(?[a-zA-Z][.)])$")
_LEADS = re.compile(r"[$€£¥(]+$")  # belongs to the cell after it
_TRAILS = re.compile(r"[)%]+$")  # belongs to the cell before it
_BEGINS_AMOUNT = re.compile(r"[$€£¥(]*[\d.–—-]")
_ENDS_AMOUNT = re.compile(r"[\d)–—-]$")
_LABEL_LINE = 1.7  # font sizes between the lines of one label, at most
_CELL_LINE = 1.35  # ... of one cell of words: tables set rows further apart
_ALIGNED = 0.2  # font sizes by which lines of a cell may start apart
_HANGING = 2.0  # font sizes by which the rest of a label may be set in
_FULL = 0.7  # of the longest label's width, which a label reaches before it is broken
_SPACE = 0.25  # font sizes
_OPEN_WORDS = frozenset(("a", "an", "and", "at", "by", "for", "from", "in", "of", "on", "or", "the", "to"))


def table_rows(rows: Sequence[Row], distance: float) -> list[bool]:
    """Tell which rows belong to a table: two or more in a run have several cells."""
    wide = [len(cells_of(row)) > 1 for row in rows]
    marks = [False] * len(rows)
    runs: list[list[int]] = []
    for index, is_wide in enumerate(wide):
        if not is_wide:
            continue
        near = runs and index - runs[-1][-1] <= _MAX_TABLE_HOLE + 1
        reach = (_MAX_TABLE_HOLE + 2) * max(distance, rows[index].size)
        if near and rows[index].base - rows[runs[-1][-1]].base <= reach:
            runs[-1].append(index)
        else:
            runs.append([index])
    for run in runs:
        if len(run) > 1:
            end = _end_of_cells(rows, run)
            marks[run[0] : end] = [True] * (end - run[0])
    return marks


def _end_of_cells(rows: Sequence[Row], run: Sequence[int]) -> int:
    """Give where the last row of a table ends: behind the further lines of its cells, labels excepted."""
    starts = {round(cell[0].x0) for index in run for cell in cells_of(rows[index])[1:]}
    end = run[-1] + 1
    while (
        end < len(rows)
        and rows[end].base - rows[end - 1].base <= _CELL_LINE * rows[end].size
        and any(abs(start - rows[end].x0) <= _ALIGNED * rows[end].size for start in starts)
    ):
        end += 1
    return end


def cells_of(row: Row) -> list[Cell]:
    """Give the row's cells: its pieces, with list marks and signs put where they belong."""
    return _put_signs([piece.words for piece in row.pieces])


def cells_of_table(rows: Sequence[Row]) -> list[list[Cell]]:
    """Give the cells of each row of a table, cut also at narrow gaps that the other rows share.

    A label of several lines is one cell, whichever of its lines the numbers stand on; so is a header's
    name of a column, and a row that skips a column has an empty cell there. The lines of a cell may stand
    around the middle of its row.
    """
    gaps = _column_gaps(rows)
    lines = _with_lines_above(
        [_put_signs([cell for piece in row.pieces for cell in _cut(piece.words, gaps)]) for row in rows]
    )
    labels = _Labels.of(lines)
    table: list[list[Cell]] = []
    for line in lines:
        column = labels.continued(table[-1], line) if table else None
        if column is None:
            table.append(line)
        else:
            table[-1][column] += line[0]
            table[-1] += line[1:]
    return in_columns(table)


def is_list_mark(text: str) -> bool:
    """Tell whether a word is a bullet or an item's number."""
    return _ITEM.match(text) is not None


@dataclass(frozen=True, slots=True)
class _Labels:
    """Where the labels of a table end: how far the longest goes, and where the next column begins."""

    stop: float
    room: float

    @classmethod
    def of(cls, lines: Sequence[Sequence[Cell]]) -> "_Labels":
        room = min((line[1][0].x0 for line in lines if len(line) > 1), default=0.0)
        stops = [line[0][-1].x1 for line in lines if line[0][-1].x1 <= room]
        return cls(max(stops, default=0.0), room)

    def continued(self, above: Sequence[Cell], line: Sequence[Cell]) -> int | None:
        """Give the column in which the line's first cell is the rest of the cell above it, if any is."""
        word = line[0][0]
        if (len(above) > 1 and len(line) > 1) or is_list_mark(word.text):
            return None
        column = min(range(len(above)), key=lambda index: abs(above[index][0].x0 - word.x0))
        first, last = above[column][0], above[column][-1]
        if not -0.5 <= (word.x0 - first.x0) / word.size <= _HANGING:
            return None
        if word.base - last.base > _LABEL_LINE * word.size:
            return None
        if word.text[0].islower() or last.text in _OPEN_WORDS:
            return column
        had_room = last.x1 + _SPACE * word.size + (word.x1 - word.x0) <= self.room
        is_short = last.x1 - first.x0 < _FULL * (self.stop - first.x0)
        return None if len(above) > 1 or had_room or is_short or last.text.endswith(":") else column


def _with_lines_above(lines: Sequence[list[Cell]]) -> list[list[Cell]]:
    """Put the lines that stand closer to the row below, right of its label, into their cell there."""
    table: list[list[Cell]] = []
    held: list[Cell] = []  # lines of one cell
    for line, following in zip(lines, [*lines[1:], []], strict=True):
        if len(line) == 1:
            held.append(line[0])
            continue
        above = table[-1][-1][-1].base if table else -math.inf
        start = _start_above(held, line, above)
        below = following[0][0] if len(following) == 1 else None
        row = _with_cell(line, held[start:], below) if start < len(held) else None
        table += [[cell] for cell in (held if row is None else held[:start])]
        table.append(line if row is None else row)
        held = []
    return [*table, *([cell] for cell in held)]


def _start_above(held: Sequence[Cell], line: Sequence[Cell], above: float) -> int:
    """Give the first of the lines that are of a cell of the row below; how many there are, if none is."""
    start, below = len(held), line[0][0].base
    while start and below - held[start - 1][0].base <= _CELL_LINE * held[start - 1][0].size:
        start -= 1
        below = held[start][0].base
    first = held[start][0] if start < len(held) else line[0][0]
    is_apart = start > 0 or below - above > _CELL_LINE * first.size
    is_even = all(abs(cell[0].x0 - first.x0) <= _ALIGNED * first.size for cell in held[start:])
    return start if is_apart and is_even and first.x0 > line[0][-1].x1 else len(held)


def _with_cell(line: Sequence[Cell], above: Sequence[Cell], below: Word | None) -> list[Cell] | None:
    """Put lines in front of the row's cell below them, or where it has none and the cell goes on below it.

    None if they do not fit.
    """
    words = [word for lines in above for word in lines]
    first, stop = words[0], max(word.x1 for word in words)
    place = sum(cell[0].x0 < first.x0 - _ALIGNED * first.size for cell in line)
    rest = list(line[place:])
    if rest and abs(rest[0][0].x0 - first.x0) <= _ALIGNED * first.size:
        words += rest.pop(0)
    elif line[place - 1][-1].x1 > first.x0 or (rest and rest[0][0].x0 < stop):
        return None
    elif below is None or abs(below.x0 - first.x0) > _ALIGNED * first.size:
        return None
    return [*line[:place], words, *rest]


def _put_signs(parts: Sequence[Cell]) -> list[Cell]:
    """Put signs beside amounts, and list marks beside what they mark; a lone "$" may name a column."""
    cells: list[Cell] = []
    carried: Cell = []
    for part in parts:
        if carried and _LEADS.match(carried[0].text) and not _BEGINS_AMOUNT.match(part[0].text):
            cells.append(carried)
            carried = []
        words = carried + part
        carried = []
        while len(words) > 1 and _LEADS.match(words[-1].text):
            carried.insert(0, words.pop())
        is_mark = not cells and is_list_mark(words[0].text)
        is_sign = cells and _ENDS_AMOUNT.search(cells[-1][-1].text)
        if is_sign and _TRAILS.match("".join(word.text for word in words)):
            cells[-1] += words
        elif len(words) == 1 and (is_mark or _LEADS.match(words[0].text)):
            carried = words + carried
        else:
            cells.append(words)
    if carried:
        cells.append(carried)
    return cells


def _cut(words: Cell, gaps: Sequence[tuple[float, float]]) -> Iterator[Cell]:
    cell: Cell = []
    for word in words:
        if (
            cell
            and word.x0 - cell[-1].x1 >= _CELL_GAP * word.size
            and any(cell[-1].x1 <= right and left <= word.x0 for left, right in gaps)
        ):
            yield cell
            cell = []
        cell.append(word)
    yield cell


def _column_gaps(rows: Sequence[Row]) -> list[tuple[float, float]]:
    """Give the strips that (nearly) no row of the table writes in."""
    edges: list[tuple[float, int]] = []
    for row in rows:
        for start, stop in _written(row):
            edges += [(start, 1), (stop, -1)]
    edges.sort()
    gaps: list[tuple[float, float]] = []
    depth, allowed = 0, int(_MAX_CROSSING * len(rows))
    open_since: float | None = None
    for x, change in edges:
        depth += change
        if depth > allowed:
            if open_since is not None and x > open_since:
                gaps.append((open_since, x))
            open_since = None
        elif open_since is None and change < 0:
            open_since = x
    return gaps


def _written(row: Row) -> Iterator[tuple[float, float]]:
    """Give from where to where the row writes without a gap as wide as between cells."""
    start, stop = row.x0, row.x0
    for word in sorted((word for piece in row.pieces for word in piece.words), key=lambda word: word.x0):
        if word.x0 - stop >= _CELL_GAP * word.size:
            yield start, stop
            start = word.x0
        stop = max(stop, word.x1)
    yield start, stop
