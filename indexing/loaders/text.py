"""Plain text -> headings, tables and paragraphs.

The text stays as it is, but for a blank line after a heading and for columns that spaces align: they become
rows of cells with a bar between them.
"""

import re
from collections.abc import Iterator, Sequence

from indexing.loaders._text import decode, finish
from rag.core.types import Block, BlockKind, ParsedDocument
from rag.scoring.rows import is_row

__all__ = ["Text"]

_LOG = ".log"  # of which nothing is changed
_PARAGRAPH = re.compile(r"^[^\S\n]*\S[^\n]*(?:\n[^\S\n]*\S[^\n]*)*", re.MULTILINE)
_TITLE = re.compile(  # a short line that begins like a heading and does not end like a sentence or a list
    r"[ ]{0,3}(?P<number>\d+(?:\.\d+)*[.)]?\ )?(?=[^\W\d_])(?=[^a-z])"
    r"(?!.*(?:\t|[ ]{3}|:[ ]|://|[|@]))[^\n]{1,59}(?<![.,;:!…\s])[ ]*",
    re.VERBOSE,
)
_CLOSING = re.compile(
    r"\b(?:regards|sincerely|faithfully|wishes|thanks|cheers|yours|dear)\b", re.IGNORECASE
)
_ITEM = re.compile(r"[ \t]*(?:[-*•–]|\d+[.)])[ \t]")
_CELL = re.compile(r"[^ ]+(?:(?: |(?<=[.?!])  )[^ ]+)*")  # two spaces end a sentence, or else a cell
_MAX_APART = 1  # characters, of the cells of a column
_MIN_ROWS = 3
_MAX_WORDS = 9
_LONG = 60  # characters of a line of prose


class Text:
    """Read plain text in any common encoding."""

    suffixes = (".txt", ".text", _LOG)

    def load(self, content: bytes, *, name: str) -> ParsedDocument:
        """Read a document.

        Raises:
            UnreadableDocumentError: the bytes are not text, or blank.
        """
        text = decode(content, name=name)
        if not name.casefold().endswith(_LOG):
            text = _PARAGRAPH.sub(_parted, text)
        return finish(text, name=name, title=None, blocks=_blocks(text))


def _parted(paragraph: re.Match[str]) -> str:
    """Give a paragraph with a blank line behind its heading, and a table as rows."""
    first, _, rest = paragraph[0].partition("\n")
    below, table = rest.partition("\n")[0], _rows(rest)
    is_above = rest and (len(below) >= _LONG or _is_capital(first) or _ITEM.match(below) or table)
    if is_above and _is_heading(first, below):
        return f"{first}\n\n{table or rest}"
    return _rows(paragraph[0]) or paragraph[0]


def _rows(paragraph: str) -> str:
    """Give the rows of a paragraph in which spaces align the cells of all lines, or nothing."""
    rows = [list(_CELL.finditer(line)) for line in paragraph.split("\n")]
    sizes = {len(row) for row in rows}
    is_table = len(rows) >= _MIN_ROWS and len(sizes) == 1 and sizes != {1} and "|" not in paragraph
    if not is_table or not all(map(_is_aligned, list(zip(*rows, strict=True))[1:])):
        return ""
    return "\n".join(" | ".join(cell[0] for cell in row) for row in rows)


def _is_aligned(column: Sequence[re.Match[str]]) -> bool:
    starts, ends = [cell.start() for cell in column], [cell.end() for cell in column]
    return min(max(starts) - min(starts), max(ends) - min(ends)) <= _MAX_APART


def _blocks(text: str) -> Iterator[Block]:
    paragraphs = list(_PARAGRAPH.finditer(text))
    for paragraph, following in zip(paragraphs, [*paragraphs[1:], None], strict=True):
        line, below = paragraph[0], following[0] if following else ""
        is_above = len(below) >= _LONG or "\n" in below or _is_capital(line)
        if below and is_above and "\n" not in line and _is_heading(line, below.partition("\n")[0]):
            number = (_TITLE.match(line) or paragraph)["number"]
            level = 1 if paragraph.start() == 0 else 2 + (number or "").rstrip(".) ").count(".")
            yield Block("heading", paragraph.start(), paragraph.end(), level)
        else:
            kind: BlockKind = "table" if all(map(is_row, line.split("\n"))) else "paragraph"
            yield Block(kind, paragraph.start(), paragraph.end())


def _is_heading(line: str, below: str) -> bool:
    """Say whether a line may be a heading of the next one, which is no heading itself."""
    if _TITLE.fullmatch(line) is None or len(line.split()) > _MAX_WORDS or _CLOSING.search(line):
        return False
    is_list = _ITEM.match(line) is not None and _ITEM.match(below) is not None
    goes_on = below.lstrip()[:1].islower() or (_is_capital(line) and _is_capital(below))
    return not is_list and not goes_on


def _is_capital(line: str) -> bool:
    return line.isupper() and len(line.split(maxsplit=1)[0]) > 1
