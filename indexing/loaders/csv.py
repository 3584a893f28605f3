"""Tables in text files: CSV and its kin, in any encoding, whatever the delimiter.

Knows how to tell the delimiter. Numbers and dates stay as written.
"""

import csv
import io
import re
from collections import Counter
from itertools import islice

from indexing.loaders._tables import TableWriter
from indexing.loaders._text import TextBuilder, decode, finish
from rag.core.errors import UnreadableDocumentError
from rag.core.types import ParsedDocument

__all__ = ["Csv"]

_DELIMITERS = ",;\t|"  # of two that fit equally well, the earlier
_NUM_SAMPLE_ROWS = 200
_SAMPLE_CHARACTERS = 1_000_000
_ESCAPED = re.compile(r'\\(["\\])')
_MAX_OPEN = 131_072  # characters of a cell in a file in which some quotation mark is left open
_MARK = "sep="  # a first line that tells Excel the delimiter


class Csv:
    """Read comma-, semicolon-, tab- and bar-separated values."""

    suffixes = (".csv", ".tab", ".tsv")

    def load(self, content: bytes, *, name: str) -> ParsedDocument:
        """Give the rows, cells joined by ` | `; an empty row ends a table.

        Raises:
            UnreadableDocumentError: no text in any known encoding, a row of far too many cells, a quotation
                mark left open.
        """
        text = decode(content, name=name)
        csv.field_size_limit(max(len(text), _MAX_OPEN))
        text = _without_backslashes(text)
        if text.count('"') % 2:
            csv.field_size_limit(_MAX_OPEN)
        builder = TextBuilder()
        writer = TableWriter(builder, name=name)
        first, _, rest = text.partition("\n")
        if first.lower().startswith(_MARK) and len(first) == len(_MARK) + 1:
            delimiter, text = first[-1], rest
        else:
            delimiter = _delimiter(text)
        rows = csv.reader(io.StringIO(text, newline="\n"), delimiter=delimiter)
        try:
            for row in rows:
                writer.add(row)
        except csv.Error as error:
            raise UnreadableDocumentError(
                f"{name!r}: line {rows.line_num} cannot be read as CSV ({error});"
                " is a quotation mark before it left open?"
            ) from error
        writer.end()
        return finish(builder.text, name=name, title=None, blocks=builder.blocks)


def _without_backslashes(text: str) -> str:
    r"""Give quotation marks behind a backslash, as MySQL writes them, doubled, if more rows then fit.

    >>> _without_backslashes('a,"b \\"c\\", d"\ne,f'), _without_backslashes('a,"C:\\"\ne,f')
    ('a,"b ""c"", d"\ne,f', 'a,"C:\\"\ne,f')
    """
    first = text.find('\\"')
    if first < 0:
        return text
    header = text[: text.find("\n") + 1]
    sample = header + text[text.rfind("\n", 0, first) + 1 :][:_SAMPLE_CHARACTERS]
    shares = [max(_fit(each, mark)[0] for mark in _DELIMITERS) for each in (sample, _doubled(sample))]
    return _doubled(text) if shares[1] > shares[0] else text


def _doubled(text: str) -> str:
    return _ESCAPED.sub(lambda escaped: '""' if escaped[1] == '"' else "\\", text)


def _delimiter(text: str) -> str:
    r"""Give the delimiter by which most rows have the same number of cells, and more than one.

    >>> _delimiter("a;b\n1,5;2,5\n"), _delimiter("name\nBo, Ann\n")
    (';', ',')
    """
    sample = text[:_SAMPLE_CHARACTERS]
    return max(_DELIMITERS, key=lambda delimiter: _fit(sample, delimiter))


def _fit(sample: str, delimiter: str) -> tuple[float, int]:
    """Give the share of rows that have the commonest number of cells above one, and that number."""
    rows = csv.reader(io.StringIO(sample, newline="\n"), delimiter=delimiter)
    try:
        sizes = [len(row) for row in islice(rows, _NUM_SAMPLE_ROWS) if row]
    except csv.Error:
        return 0.0, 0
    common = Counter(size for size in sizes if size > 1).most_common(1)
    if not common:
        return 0.0, 0
    size, times = common[0]
    return times / len(sizes), size
