"""Rows of cells -> blocks of text: one line a row, cells joined by ` | `, the header row first.

An empty row ends a table; lone cells right above it are its caption. Knows no format.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import dropwhile, islice

from indexing.loaders._pages import Pages
from indexing.loaders._text import TextBuilder, finish, one_line
from rag.core.errors import UnreadableDocumentError
from rag.core.types import Attribute, ParsedDocument

__all__ = ["MAX_COLUMNS", "TableWriter", "read_sheets"]

MAX_COLUMNS = 16_384  # a spreadsheet has no more
_MAX_CHARACTERS = 200_000_000
_SEPARATOR = "\x1f"  # white space to `str.split`, therefore in no cell


class TableWriter:
    """Write the rows of one sheet to a builder; `end` writes what is still held."""

    def __init__(self, builder: TextBuilder, *, name: str, max_characters: int = _MAX_CHARACTERS) -> None:
        self._builder = builder
        self._name = name
        self._num_left = max_characters
        self._lines: list[str] = []
        self._lone: list[int] = []  # the columns of the first rows, as long as those have one cell each
        self._filled: set[int] = set()

    def add(self, cells: Sequence[str]) -> None:
        """Take a row; cells may hold white space of any kind.

        Raises:
            UnreadableDocumentError: the row has too many cells, or the table too much text.
        """
        if len(cells) > MAX_COLUMNS:
            raise UnreadableDocumentError(
                f"{self._name!r}: a row has {len(cells)} cells; at most {MAX_COLUMNS} are read:"
                " is its delimiter the right one? Split the table by columns otherwise"
            )
        clean = [" ".join(cell.split()) if cell else "" for cell in cells]
        filled = [column for column, cell in enumerate(clean) if cell]
        if not filled:
            self.end()
            return
        line = _SEPARATOR.join(clean[: filled[-1] + 1])
        self._num_left -= len(line)
        if self._num_left < 0:
            raise UnreadableDocumentError(
                f"{self._name!r}: its tables hold more than {_MAX_CHARACTERS} characters,"
                " the most that is read; split the file"
            )
        if len(filled) == 1 and len(self._lone) == len(self._lines):
            self._lone.append(filled[0])
        self._filled.update(filled)
        self._lines.append(line)

    def end(self) -> None:
        """Write the table that the rows since the last empty one make up."""
        lines, filled, lone = self._lines, sorted(self._filled), self._lone
        self._lines, self._filled, self._lone = [], set(), []
        if not lines:
            return
        captions = [column for column in lone if column == filled[0]]
        num_captions = len(captions) if len(filled) > 1 and captions == lone else 0
        for line in lines[:num_captions]:
            self._builder.add(line.strip(_SEPARATOR))
        rows = [_row(line, filled) for line in lines[num_captions:]]
        self._builder.add("\n".join(rows), "table" if len(rows) > 1 or len(filled) > 1 else "paragraph")


def read_sheets(
    sheets: Iterable[tuple[str, Iterable[Sequence[str]]]],
    *,
    name: str,
    title: str,
    metadata: Mapping[str, Attribute],
) -> ParsedDocument:
    """Give a spreadsheet as a document: a page for each (name, rows), the name as its heading.

    Raises:
        UnreadableDocumentError: no cell holds text, or one sheet too much.
    """
    builder = TextBuilder()
    pages = Pages(builder)
    left = _MAX_CHARACTERS
    for sheet, rows in sheets:
        writer = TableWriter(builder, name=name, max_characters=left)
        filled = dropwhile(_is_blank, rows)
        for first in islice(filled, 1):
            builder.add(one_line(sheet) or f"Sheet {pages.num_pages + 1}", "heading", level=1)
            writer.add(first)
        for row in filled:
            writer.add(row)
        writer.end()
        pages.end_page()
        left = _MAX_CHARACTERS - builder.length
    return finish(
        builder.text,
        name=name,
        title=title,
        blocks=builder.blocks,
        metadata={**metadata, "pages": pages.num_pages},
        layout=pages.layout,
    )


def _is_blank(row: Sequence[str]) -> bool:
    return not any(cell.strip() for cell in row)


def _row(line: str, columns: list[int]) -> str:
    """Give the line of a row, without the columns that no row fills."""
    if len(columns) == columns[-1] + 1:
        return line.replace(_SEPARATOR, " | ")
    cells = line.split(_SEPARATOR)
    return " | ".join(cells[column] for column in columns if column < len(cells))
