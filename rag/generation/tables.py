"""Reading a table's row by its header: which cell a question asks for.

Knows the loaders' rows, cells between marks; pure functions.
"""

from collections import Counter
from collections.abc import Sequence

from rag.generation.features import CELL_MARK, Unit
from rag.scoring.words import content_words

__all__ = ["asked_cell"]


def asked_cell(question: str, unit: Unit, header: str) -> tuple[int, int] | None:
    """Give the cell of a row that a question asks for, as offsets into the passage's text.

    The row's own words in the question say which row it is; of the other cells it is the one whose column
    the question names best. None if no column stands out, or the rows are not of the same table.

    Args:
        question: what is asked.
        unit: the row.
        header: the table's first row.
    """
    heads, cells = header.split(CELL_MARK), unit.text.split(CELL_MARK)
    if len(heads) != len(cells) or header == unit.text:
        return None
    asked = set(content_words(question))
    is_label = [bool(asked & set(content_words(cell))) for cell in cells]
    if not any(is_label):
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


def _named(head: str, asked: set[str], rare: Counter[str]) -> float:
    """Weigh the question's words in a column's head by how few heads have them."""
    return sum(1 / rare[word] for word in set(content_words(head)) & asked)


def _place(unit: Unit, cells: Sequence[str], column: int) -> tuple[int, int]:
    start = unit.start + sum(len(cell) + len(CELL_MARK) for cell in cells[:column])
    cell = cells[column]
    start += len(cell) - len(cell.lstrip())
    return start, start + len(cell.strip())
