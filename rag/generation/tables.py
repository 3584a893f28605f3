"""Reading a table's row by its header: which cell a question asks for.

Knows the loaders' rows, cells between marks; pure functions.
"""

from collections import Counter
from collections.abc import Sequence

from rag.generation.features import CELL_MARK, Unit
from rag.scoring.words import content_words

__all__ = ["asked_cells"]


def asked_cells(question: str, units: Sequence[Unit]) -> dict[int, tuple[int, int] | None]:
    """Give, for the rows of tables of which a question asks for a cell, that cell or None for other rows.

    Of a table that has none there is nothing. The cell's row has every word of the question that any row
    of its table has, or more of them than any other row.

    Args:
        question: what is asked.
        units: sentences and rows; rows under equal headers are of one table.

    Returns:
        Number of a unit -> the cell as offsets into its passage's text.
    """
    asked = frozenset(content_words(question))
    tables: dict[str, list[int]] = {}
    for number, unit in enumerate(units):
        if unit.header:
            tables.setdefault(unit.header, []).append(number)
    found: dict[int, tuple[int, int] | None] = {}
    for header, rows in tables.items():
        most = max(len(asked & units[number].words) for number in rows)
        cells = {
            number: _asked_cell(asked, units[number], header)
            for number in rows
            if len(asked & units[number].words) == most
        }
        if any(cells.values()):
            found |= {number: cells.get(number) for number in rows}
    return found


def _asked_cell(asked: frozenset[str], unit: Unit, header: str) -> tuple[int, int] | None:
    """Give the cell of the column that the question names best, but not one whose own words it has.

    None if no column stands out, or header and row differ in their number of cells.
    """
    heads, cells = header.split(CELL_MARK), unit.text.split(CELL_MARK)
    is_label = [bool(asked & set(content_words(cell))) for cell in cells]
    if len(heads) != len(cells) or not any(is_label):
        return None
    rare = Counter(word for head in heads for word in set(content_words(head)))
    scores = [
        0.0 if is_label[column] or not cell.strip() else _named(head, asked, rare)
        for column, (head, cell) in enumerate(zip(heads, cells, strict=True))
    ]
    best = max(scores)
    if best == 0 or scores.count(best) > 1:
        return None
    return _place(unit, cells, scores.index(best))


def _named(head: str, asked: frozenset[str], rare: Counter[str]) -> float:
    """Weigh the question's words in a column's head by how few heads have them."""
    return sum(1 / rare[word] for word in set(content_words(head)) & asked)


def _place(unit: Unit, cells: Sequence[str], column: int) -> tuple[int, int]:
    start = unit.start + sum(len(cell) + len(CELL_MARK) for cell in cells[:column])
    cell = cells[column]
    start += len(cell) - len(cell.lstrip())
    return start, start + len(cell.strip())
