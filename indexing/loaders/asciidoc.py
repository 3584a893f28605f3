"""AsciiDoc, its text kept as written: a quote is found in the file, letter for letter.

Knows headings, delimited blocks, tables, lists, and the author and attributes below the title. Inline marks
and block attributes stay; includes are not followed.
"""

import re
from collections.abc import Iterator
from itertools import dropwhile, takewhile

from indexing.loaders._lines import Line, grouped, lines_of
from indexing.loaders._text import decode, finish, one_line
from rag.core.types import Attribute, Block, BlockKind, ParsedDocument

__all__ = ["Asciidoc"]

_HEADING = re.compile(r"(={1,6}|#{1,6})[ \t]+(\S.*)")
_DELIMITERS: tuple[tuple[re.Pattern[str], BlockKind], ...] = (
    (re.compile(r"(?:-{4,}|\.{4,}|```+\w*|/{4,}|\+{4,})[ \t]*$"), "code"),
    (re.compile(r"[|,:!]={3,}[ \t]*$"), "table"),
)
_ITEM = re.compile(r"\s*(?:\*{1,5}|-|\.{1,5}|\d+\.|[a-zA-Z]\.|<[\d.]+>)[ \t]+\S|\S.*?(?::{2,4}|;;)(?:\s|$)")
_ROW = re.compile(r"\s*\|")
_ATTRIBUTE = re.compile(r":(!?[\w-]+!?):(?:[ \t]+(.*))?$")
_AUTHOR = re.compile(r"[^\W\d_][^<:=]*?(?:[ \t]*<[^<>]*>)?(?:;[^;]+)*$")
_ADDRESS = re.compile(r"<[^<>]*>")
_MAX_AUTHOR_CHARACTERS = 300
_REVISION = re.compile(r"v?[\d.]+,[ \t]*(\d{4}-\d\d-\d\d)|(\d{4}-\d\d-\d\d)$")


class Asciidoc:
    """Read AsciiDoc."""

    suffixes = (".adoc", ".asciidoc")

    def load(self, content: bytes, *, name: str) -> ParsedDocument:
        """Give the text as it is, with its blocks; the header's author, date and keywords are metadata.

        Raises:
            UnreadableDocumentError: the bytes are not text, or blank.
        """
        text = decode(content, name=name)
        lines = lines_of(text)
        blocks = list(_blocks(lines))
        title, metadata = _header(lines)
        heading = next((text[block.start : block.end] for block in blocks if block.kind == "heading"), "")
        title = title or heading.lstrip("=# ")
        return finish(text, name=name, title=title, blocks=blocks, metadata=metadata)


def _header(lines: list[Line]) -> tuple[str, dict[str, Attribute]]:
    """Read title, author, revision and attributes: the lines down to the first blank one."""
    written = [line.text for line in lines if not line.text.startswith("//")]
    header = list(takewhile(str.strip, dropwhile(lambda text: not text.strip(), written)))
    heading = _HEADING.match(header[0]) if header else None
    title = heading[2].strip() if heading and len(heading[1]) == 1 else ""
    fields: dict[str, str] = {}
    for number, text in enumerate(header):
        attribute, revision = _ATTRIBUTE.match(text), _REVISION.match(text)
        if attribute:
            fields[attribute[1].lower()] = (attribute[2] or "").strip()
        elif title and revision:
            fields["revdate"] = revision[1] or revision[2]
        elif title and number == 1 and _AUTHOR.match(text[:_MAX_AUTHOR_CHARACTERS]):
            fields["author"] = one_line(_ADDRESS.sub("", text))
    found: dict[str, Attribute] = {
        "author": fields.get("author", ""),
        "created": fields.get("revdate", ""),
        "keywords": tuple(filter(None, map(str.strip, fields.get("keywords", "").split(",")))),
    }
    return title, {field: value for field, value in found.items() if value}


def _blocks(lines: list[Line]) -> Iterator[Block]:
    last = {line.text.rstrip(): number for number, line in enumerate(lines)}
    waiting: list[Line] = []
    index = 0
    while index < len(lines):
        heading = _HEADING.match(lines[index].text)
        size, kind = _delimited(lines, index, last)
        if heading or size:
            yield from grouped(waiting, _kind_of)
            waiting = []
        if heading:
            yield Block("heading", lines[index].start, lines[index].end, len(heading[1]))
            index += 1
        elif size:
            yield Block(kind, lines[index].start, lines[index + size - 1].end)
            index += size
        else:
            waiting.append(lines[index])
            index += 1
    yield from grouped(waiting, _kind_of)


def _delimited(lines: list[Line], index: int, last: dict[str, int]) -> tuple[int, BlockKind]:
    """Give how many lines the delimited block here takes, and its kind; 0 when there is none.

    Where each line stands `last` says of a mark that is never closed that it is text, without a search.
    """
    mark = lines[index].text.rstrip()
    kind = next((kind for pattern, kind in _DELIMITERS if pattern.match(mark)), None)
    closing = "```" if mark.startswith("```") else mark
    if kind is None or last.get(closing, 0) <= index:
        return 0, "paragraph"
    end = next(number for number in range(index + 1, len(lines)) if lines[number].text.rstrip() == closing)
    return end - index + 1, kind


def _kind_of(line: Line) -> BlockKind:
    if _ROW.match(line.text):
        return "table"
    return "list" if _ITEM.match(line.text) else "paragraph"
