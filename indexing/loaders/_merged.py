"""Cells merged with those above them: each of their rows says what they say, and is understood alone.

A chunk may begin in the midst of a table, and an answer reads and cites a single row. Knows no format.
"""

from dataclasses import dataclass, field

__all__ = ["Below", "span_of"]

_MAX_LABEL_CHARS = 80  # longer text is none that names a row, and is said once
_MAX_SPAN = 40  # columns or rows that one cell takes


def span_of(said: str | None) -> int:
    """Give how many columns or rows a cell takes that says so in an attribute.

    >>> span_of("2"), span_of(None), span_of("all"), span_of("9999")
    (2, 1, 1, 40)
    """
    said = (said or "").strip()
    return min(max(int(said[:9]), 1), _MAX_SPAN) if said.isascii() and said.isdecimal() else 1


@dataclass(slots=True)
class Below:
    """What the cells of a table say in the rows below their first one, by column.

    >>> below, row = Below(), ["", "Q2", "20"]
    >>> below.reach(0, until=2, text="North")
    >>> below.fill(row, 2)
    >>> row
    ['North', 'Q2', '20']
    """

    _cells: dict[int, tuple[int, str]] = field(default_factory=dict)  # column -> last row, text

    def reach(self, column: int, *, until: int, text: str) -> None:
        """Let a cell reach down to a row; rows are counted by the caller."""
        self._cells[column] = until, text if len(text) <= _MAX_LABEL_CHARS else ""

    def extend(self, column: int, *, until: int) -> None:
        """Let the last cell of a column reach down to a row."""
        self._cells[column] = until, self._cells.get(column, (0, ""))[1]

    def at(self, column: int, row: int) -> str | None:
        """Give what a cell above says in a row; None where none reaches down to it."""
        until, text = self._cells.get(column, (-1, ""))
        return text if row <= until else None

    def place(self, cells: list[str], text: str, *, row: int, columns: int, rows: int) -> None:
        """Put a cell behind the others of a row, where none above reaches; its further columns are empty.

        >>> below, row = Below(), []
        >>> below.place([], "North", row=0, columns=1, rows=2)
        >>> below.place(row, "Q2", row=1, columns=2, rows=1)
        >>> row
        ['', 'Q2', '']
        """
        while self.at(len(cells), row) is not None:
            cells.append("")
        for number in range(columns):
            said = "" if number else text
            self.reach(len(cells), until=row + rows - 1, text=said)
            cells.append(said)

    def fill(self, cells: list[str], row: int) -> None:
        """Put into the empty cells of a row, if it has any text of its own, what those above say."""
        self._cells = {column: cell for column, cell in self._cells.items() if row <= cell[0]}
        if not any(cells):
            return
        for column, (_, text) in self._cells.items():
            if text:
                cells += [""] * (column + 1 - len(cells))
                cells[column] = cells[column] or text
