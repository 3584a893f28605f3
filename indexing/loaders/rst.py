"""reStructuredText, its text kept as written but for simple tables, whose cells get bars between them.

Knows headings by their underlines, lists, literal blocks, tables, and the header fields of a PEP.
Inline marks, roles and directives stay.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from unicodedata import combining, east_asian_width

from indexing.loaders._lines import Line, grouped, lines_of
from indexing.loaders._text import decode, finish
from rag.core.types import Attribute, Block, BlockKind, ParsedDocument
from rag.scoring.rows import is_row

__all__ = ["Rst"]

_ADORNMENT = re.compile(r"([!-/:-@\[-`{-~])\1{2,}\s*$")
_ITEM = re.compile(r"\s*(?:[-*+•]|(?:\d+|[a-zA-Z#])[.)]|\((?:\d+|[a-zA-Z])\))\s")
_TABLE = re.compile(r"\s*(?:\+[-=+]{3,}|\||=+\s+=+)")
_BORDER = re.compile(r"=+(?: +=+)+\s*")  # of a simple table, above and below its header and its rows
_RULE = re.compile(r"[ =-]*")
_LISTS = ("author", "replaces", "requires", "superseded-by", "topic")  # fields of several values
_FIELD = re.compile(r"([A-Z][A-Za-z-]*):[ \t]*(.*)")


class Rst:
    """Read reStructuredText."""

    suffixes = (".rst", ".rest")

    def load(self, content: bytes, *, name: str) -> ParsedDocument:
        """Give the text as it is, with its blocks; header fields become metadata, dates as 2000-06-13.

        Raises:
            UnreadableDocumentError: the bytes are not text, or blank.
        """
        text = _with_rows(decode(content, name=name))
        lines = lines_of(text)
        metadata, num_header_lines = _header(lines)
        blocks = list(_blocks(lines, num_header_lines))
        title = metadata.get("title") or _first_heading(text, blocks)
        if "pep" in metadata:
            title = f"PEP {metadata['pep']} – {title}"
        return finish(
            text,
            name=name,
            title=title if isinstance(title, str) else None,
            blocks=blocks,
            metadata=metadata,
        )


def _with_rows(text: str) -> str:
    r"""Write each simple table as rows, if no cell spans columns.

    >>> _with_rows("=====  =====\nPlan   Price\n=====  =====\nBasic  9\n=====  =====")
    'Plan | Price\nBasic | 9'
    """
    written: list[str] = []
    table: list[str] = []  # of lines below a border that nothing has closed yet
    lines = text.split("\n")
    for line, below in zip(lines, [*lines[1:], ""], strict=True):
        is_border = _BORDER.fullmatch(line) is not None
        if is_border and table and not below.strip():
            written += _rows(table[0], table[1:]) if _is_plain(table) else (*table, line)
            table = []
        elif line.strip() and (table or is_border):
            table.append(line)
        else:
            written += (*table, line)
            table = []
    return "\n".join((*written, *table))


def _is_plain(table: Sequence[str]) -> bool:
    """Say whether each line has text within the columns alone, none of which has bars or wide characters.

    Else cells span columns, which are cut at other places, or cannot be told apart once there are bars.
    """
    gaps = [gap.span() for gap in re.finditer(" +", table[0].rstrip())]
    return all(
        not re.search(r"[\t|]", line)
        and not any(east_asian_width(each) in "WF" or combining(each) for each in line)
        and (line.rstrip() == table[0].rstrip() or not _RULE.fullmatch(line))
        and not any(line[slice(*gap)].strip() for gap in gaps)
        for line in table
    )


def _rows(border: str, lines: Sequence[str]) -> Iterator[str]:
    """Give the rows of a table; a line with nothing in its first column goes on with the row above."""
    starts = [column.start() for column in re.finditer("=+", border)]
    rows: list[list[str]] = []
    for line in lines:
        if _RULE.fullmatch(line):
            continue
        bounds = zip(starts, [*starts[1:], len(line)], strict=True)
        cells = [line[start:stop].strip() for start, stop in bounds]
        if cells[0] or not rows:
            rows.append(cells)
        else:
            rows[-1] = [" ".join(filter(None, both)) for both in zip(rows[-1], cells, strict=True)]
    return (" | ".join("" if cell == "\\" else cell for cell in row) for row in rows)


def _header(lines: list[Line]) -> tuple[dict[str, Attribute], int]:
    """Read the fields before the first blank line; nothing unless every line there is one."""
    fields: dict[str, str] = {}
    last = ""
    for number, line in enumerate(lines):
        field = _FIELD.match(line.text)
        if line.is_blank and fields:
            return {name: _value(name, text) for name, text in fields.items() if text}, number
        if field is not None:
            last = field[1].lower()
            fields[last] = field[2].strip()
        elif last and line.text[:1].isspace():
            fields[last] += f" {line.text.strip()}"
        else:
            break
    return {}, 0


def _value(name: str, text: str) -> Attribute:
    if name == "pep" and text.isdecimal() and len(text) < 10:
        return int(text)
    if name == "created":
        return _iso_date(text)
    return tuple(part.strip() for part in text.split(",") if part.strip()) if name in _LISTS else text


def _iso_date(text: str) -> str:
    """Give 13-Jun-2000 as 2000-06-13, which sorts and compares by time; another form as it is.

    >>> _iso_date("13-Jun-2000")
    '2000-06-13'
    """
    try:
        return datetime.strptime(text, "%d-%b-%Y").date().isoformat()
    except ValueError:
        return text


def _blocks(lines: list[Line], first: int) -> Iterator[Block]:
    if first:
        yield Block("table", lines[0].start, lines[first - 1].end)
    levels: list[str] = []
    waiting: list[Line] = []
    index = first
    while index < len(lines):
        size, style = _heading(lines, index)
        if size:
            yield from grouped(waiting, _kind_of)
            waiting = []
            if style not in levels:
                levels.append(style)
            last = lines[index + size - 1]
            yield Block("heading", lines[index].start, last.end, levels.index(style) + 1)
            index += size
        else:
            waiting.append(lines[index])
            index += 1
    yield from grouped(waiting, _kind_of)


def _heading(lines: list[Line], index: int) -> tuple[int, str]:
    """Give how many lines a heading here takes, and its style; 0 when there is none."""
    line = lines[index]
    following = [each.text.rstrip() for each in lines[index + 1 : index + 3]]
    adorned = _ADORNMENT.match(line.text)
    if adorned and len(following) == 2 and following[0].strip() and following[1] == line.text.rstrip():
        return 3, adorned[1] * 2
    under = _ADORNMENT.match(following[0]) if following else None
    is_title = not line.is_blank and not line.text[0].isspace() and adorned is None
    if under and is_title and len(following[0]) >= min(len(line.text.rstrip()), 4):
        return 2, under[1]
    return 0, ""


def _kind_of(line: Line) -> BlockKind:
    if _TABLE.match(line.text) or is_row(line.text):
        return "table"
    if _ITEM.match(line.text):
        return "list"
    return "code" if line.text.startswith(("    ", "\t")) else "paragraph"


def _first_heading(text: str, blocks: list[Block]) -> str | None:
    heading = next((block for block in blocks if block.kind == "heading"), None)
    lines = text[heading.start : heading.end].split("\n") if heading else []
    return next((line.strip() for line in lines if not _ADORNMENT.match(line)), None)
