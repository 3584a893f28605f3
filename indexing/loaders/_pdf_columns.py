"""The rows of a table -> a grid: each cell in its column, the lines above the numbers as one header row.

Knows where on the page cells stand; a header's cell may stand above several columns. Does not find tables
(_pdf_tables.py).
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from indexing.loaders._pdf_words import Word

__all__ = ["Cell", "in_columns"]

_AMOUNT = re.compile(r"[$€£¥(–—-]*(?!(?:19|20)\d\d$)\d[\d.,]*[)%]*|[–—-]+")
_NUMERIC = re.compile(r"[$€£¥(]*\d|[–—-]+$|[$€£¥]$")  # also years and ranges
_LEAST_SHIFT = 0.6  # font sizes by which a further column must centre a header's cell better
_LEAST_OVERLAP = 0.5  # font sizes that a cell and a column share
_AMID = 0.35  # of the distance of two columns: how far from their middle a cell may stand
_LEAST_FULL = 0.2  # share of the rows that have a cell in each column
_LEAST_AMOUNTS = (
    0.5  # share of the cells beyond the labels: less is a table of words, which says its columns
)
Cell = list[Word]


def in_columns(lines: Sequence[Sequence[Cell]]) -> list[list[Cell]]:
    """Give the rows with an empty cell wherever they skip a column, headers of several lines as one row.

    A header's words are in the cell of every column that they stand above, lines from top to bottom. Rows
    that fit no column, and tables without a column of labels or with few numbers, come back as they are.
    """
    columns = _Columns.of(lines)
    if columns is None:
        return [list(line) for line in lines]
    grid: list[list[Cell]] = []
    held: list[Sequence[Cell]] = []
    for line in lines:
        if columns.is_header(line, follows_header=bool(held)):
            held.append(line)
            continue
        if held:
            grid += columns.header(held)
            held = []
        grid.append(columns.placed(line))
    return [*grid, *(columns.header(held) if held else [])]


@dataclass(frozen=True, slots=True)
class _Columns:
    """From where to where each column of a table is written, labels first."""

    spans: tuple[tuple[float, float], ...]

    @classmethod
    def of(cls, lines: Sequence[Sequence[Cell]]) -> "_Columns | None":
        rows = [line for line in lines if len(line) > 1 and any(map(_is_amount, line[1:]))]
        if not rows:
            return None
        widths = Counter(map(len, rows))
        count = max(width for width, times in widths.items() if times >= _LEAST_FULL * len(rows))
        full = [line for line in rows if len(line) == count and not _is_amount(line[0])]
        amounts = sum(_NUMERIC.match(cell[0].text) is not None for line in full for cell in line[1:])
        if count < 2 or not full or amounts < _LEAST_AMOUNTS * len(full) * (count - 1):
            return None
        spans = tuple(
            (min(line[n][0].x0 for line in full), max(line[n][-1].x1 for line in full))
            for n in range(count)
        )
        is_apart = all(left[1] <= right[0] for left, right in pairwise(spans))
        return cls(spans) if is_apart else None

    def is_header(self, line: Sequence[Cell], *, follows_header: bool) -> bool:
        """Tell a line that names columns: no amounts, and no label unless lines of the header are above."""
        if any(_is_amount(cell) for cell in line):
            return False
        has_label = line[0][0].x0 < self.spans[0][1]
        return not has_label or (follows_header and len(line) > 1)

    def placed(self, line: Sequence[Cell]) -> list[Cell]:
        """Put a row's cells in their columns; as it is, if two would share one or a cell has two."""
        row: list[Cell] = []
        for cell in line:
            under = self._under(cell)
            if len(under) != 1 or under[0] < len(row):
                return list(line)
            row += [[] for _ in range(under[0] - len(row))]
            row.append(cell)
        return row

    def header(self, lines: Sequence[Sequence[Cell]]) -> list[list[Cell]]:
        """Give the one row that the lines of a header make, or the lines if they do not fit the columns."""
        if len(lines) == len(lines[0]) == 1:  # a title amid the table
            return [list(lines[0])]
        row: list[Cell] = [[] for _ in self.spans]
        for line in lines:
            if len(line) == 1 and line[0][0].text.startswith("("):  # the unit of all columns
                row[0] = row[0] + line[0]
                continue
            above = self._above(line)
            if above is None:
                return [list(each) for each in lines]
            for cell, columns in zip(line, above, strict=True):
                for column in columns:
                    row[column] = row[column] + cell
        while row and not row[-1]:
            row.pop()
        return [row]

    def _above(self, line: Sequence[Cell]) -> Sequence[Sequence[int]] | None:
        """Give the columns that each cell of a header's line names; None if two would share one."""
        width, rest = divmod(len(self.spans) - 1, len(line))
        if width > 1 and not rest:
            groups = [range(1 + width * n, 1 + width * (n + 1)) for n in range(len(line))]
            if all(self._is_amid(cell, group) for cell, group in zip(line, groups, strict=True)):
                return groups
        under = [self._under(cell) for cell in line]
        taken = {column for columns in under for column in columns}
        if len(taken) < sum(map(len, under)):
            return None
        return [self._widened(cell, columns, taken) for cell, columns in zip(line, under, strict=True)]

    def _is_amid(self, cell: Cell, group: Sequence[int]) -> bool:
        """Tell whether a cell stands in the middle of some columns, rather than above one of them."""
        pitch = (self.spans[group[-1]][1] - self.spans[group[0]][1]) / (len(group) - 1)
        middle = self._middle(group[0], group[-1])
        return abs((cell[0].x0 + cell[-1].x1) / 2 - middle) < _AMID * pitch

    def _under(self, cell: Cell) -> list[int]:
        """Give the columns that the cell stands above or in; the nearest, if it is between two."""
        x0, x1 = cell[0].x0, cell[-1].x1
        least = _LEAST_OVERLAP * cell[0].size
        touched = [
            number
            for number, (start, stop) in enumerate(self.spans)
            if min(x1, stop) - max(x0, start) >= min(least, stop - start, x1 - x0)
        ]
        if touched:
            return touched
        middle = (x0 + x1) / 2
        return [min(range(len(self.spans)), key=lambda n: abs(middle - sum(self.spans[n]) / 2))]

    def _widened(self, cell: Cell, columns: Sequence[int], taken: set[int]) -> list[int]:
        """Take in free neighbours as long as the cell stands better in the middle of them all."""
        middle = (cell[0].x0 + cell[-1].x1) / 2
        first, last = min(columns), max(columns)
        while first > 0:
            off = middle - self._middle(first, last)
            wider = (first - 1, last) if off < 0 else (first, last + 1)
            new = wider[0] if off < 0 else wider[1]
            if new < 1 or new >= len(self.spans) or new in taken:
                break
            if abs(middle - self._middle(*wider)) > abs(off) - _LEAST_SHIFT * cell[0].size:
                break
            first, last = wider
        return list(range(first, last + 1))

    def _middle(self, first: int, last: int) -> float:
        return (self.spans[first][0] + self.spans[last][1]) / 2


def _is_amount(cell: Cell) -> bool:
    return _AMOUNT.fullmatch("".join(word.text for word in cell)) is not None
