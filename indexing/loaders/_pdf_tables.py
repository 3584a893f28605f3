"""Tables among the rows of a page, and their cells.

Knows that a cell's text stands apart from its neighbours', row after row at the same places. Does not
see ruled lines: most tables have none that a PDF tells from other drawing.
"""

import re
from collections.abc import Iterator, Sequence

from indexing.loaders._pdf_words import Word
from indexing.loaders._reading_order import Row

__all__ = ["cells_of", "cells_of_table", "is_list_mark", "table_rows"]

_MAX_TABLE_HOLE = 2  # rows of one cell (a group's name, the rest of a label) that may stand inside a table
_CELL_GAP = 0.45  # font sizes between cells, where all rows leave the place free; a space takes 0.28
_MAX_CROSSING = 0.2  # share of a table's rows that may write across the gap between two columns
_ITEM = re.compile(r"(?:[•‣▪●○◦■□➢–—*-]|\(?\d{1,3}[.)]|\(?[a-zA-Z][.)])$")
_LEADS = re.compile(r"[$€£¥(]+$")  # belongs to the cell after it
_TRAILS = re.compile(r"[)%]+$")  # belongs to the cell before it
Cell = list[Word]


def table_rows(rows: Sequence[Row], distance: float) -> list[bool]:
    """Tell which rows belong to a table: two or more in a run have several cells."""
    wide = [len(cells_of(row)) > 1 for row in rows]
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


def cells_of(row: Row) -> list[Cell]:
    """Give the row's cells: its pieces, with list marks and signs put where they belong."""
    return _put_signs([piece.words for piece in row.pieces])


def cells_of_table(rows: Sequence[Row]) -> list[list[Cell]]:
    """Give the cells of each row of a table, cut also at narrow gaps that the other rows share."""
    gaps = _column_gaps(rows)
    return [_put_signs([cell for piece in row.pieces for cell in _cut(piece.words, gaps)]) for row in rows]


def is_list_mark(text: str) -> bool:
    """Tell whether a word is a bullet or an item's number."""
    return _ITEM.match(text) is not None


def _put_signs(parts: Sequence[Cell]) -> list[Cell]:
    cells: list[Cell] = []
    carried: Cell = []
    for part in parts:
        words = carried + part
        carried = []
        while len(words) > 1 and _LEADS.match(words[-1].text):
            carried.insert(0, words.pop())
        is_mark = not cells and is_list_mark(words[0].text)
        if cells and _TRAILS.match("".join(word.text for word in words)):
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
