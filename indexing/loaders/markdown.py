"""Markdown, its text kept as written: a quote is found in the file, letter for letter.

Knows headings (both kinds), fenced code, lists, tables and front matter. Inline marks stay.
"""

import re
from collections.abc import Iterator
from itertools import pairwise

from indexing.loaders._lines import Line, grouped, lines_of
from indexing.loaders._text import decode, finish
from rag.core.types import Attribute, Block, BlockKind, ParsedDocument

__all__ = ["Markdown"]

_HEADING = re.compile(r" {0,3}(#{1,6})[ \t]+\S")
_UNDERLINE = re.compile(r" {0,3}(=+|-+)\s*$")
_FENCE = re.compile(r"\s*(```+(?=[^`]*$)|~~~+)")
_ITEM = re.compile(r"\s*(?:[-*+]|\d{1,9}[.)])\s")
_TABLE_RULE = re.compile(r"[-|: \t]+$")
_FRONT_MATTER = re.compile(r"---[ \t]*\n((?:.*\n)*?)(?:---|\.\.\.)[ \t]*(?:\n|$)")
_FIELD = re.compile(r"([A-Za-z][\w -]*):(?:[ \t]+(.*))?$")
_ENTRY = re.compile(r"\s*-\s+(.+)")


class Markdown:
    """Read Markdown."""

    suffixes = (".md", ".markdown")

    def load(self, content: bytes, *, name: str) -> ParsedDocument:
        """Give the text as it is; the title is that of the front matter or the first heading.

        Raises:
            UnreadableDocumentError: the bytes are not text, or blank.
        """
        text = decode(content, name=name)
        metadata, start = _front_matter(text)
        front = [Block("table", 0, len(text[:start].rstrip()))] if start else []
        blocks = [*front, *_blocks(text, start)]
        title = metadata.get("title") or _first_heading(text, blocks)
        return finish(
            text,
            name=name,
            title=title if isinstance(title, str) else None,
            blocks=blocks,
            metadata=metadata,
        )


def _front_matter(text: str) -> tuple[dict[str, Attribute], int]:
    """Give the fields between the lines of dashes at the start, and where the text goes on.

    Takes the part of YAML that such fields are written in: plain values and lists of them.
    """
    front = _FRONT_MATTER.match(text)
    lines = front[1].splitlines() if front else []
    fields: dict[str, Attribute] = {}
    last = ""
    for line in lines:
        field, entry = _FIELD.match(line), _ENTRY.match(line)
        if field is not None:
            last = field[1].strip().lower()
            fields[last] = _value((field[2] or "").strip())
        elif entry is not None and last:
            before = fields[last]
            fields[last] = (*(before if isinstance(before, tuple) else ()), _plain(entry[1]))
    is_front = front is not None and bool(fields)  # else a rule: a text may start with one
    if front is None or not is_front:
        return {}, 0
    return {name: value for name, value in fields.items() if value not in ("", ())}, front.end()


def _value(text: str) -> Attribute:
    if text.startswith("[") and text.endswith("]"):
        return tuple(_plain(part) for part in text[1:-1].split(",") if part.strip())
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    if re.fullmatch(r"-?\d{1,15}", text):
        return int(text)
    return float(text) if re.fullmatch(r"-?\d{1,15}\.\d{1,15}", text) else _plain(text)


def _plain(text: str) -> str:
    text = text.strip()
    is_quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "\"'"
    return text[1:-1] if is_quoted else text


def _first_heading(text: str, blocks: list[Block]) -> str | None:
    heading = next((block for block in blocks if block.kind == "heading"), None)
    if heading is None:
        return None
    return text[heading.start : heading.end].partition("\n")[0].strip().strip("#").strip()


def _blocks(text: str, start: int) -> Iterator[Block]:
    waiting: list[Line] = []
    lines = [line for line in lines_of(text) if line.start >= start]
    index = 0
    while index < len(lines):
        line = lines[index]
        heading = _HEADING.match(line.text)
        if _FENCE.match(line.text):
            yield from _grouped(waiting)
            waiting = []
            last = _fence_end(lines, index)
            yield Block("code", line.start, lines[last].end)
            index = last
        elif heading is not None:
            yield from _grouped(waiting)
            waiting = []
            yield Block("heading", line.start, line.end, len(heading[1]))
        elif _is_underlined(lines, index, waiting):
            yield from _grouped(waiting)
            waiting = []
            index += 1
            yield Block("heading", line.start, lines[index].end, 1 if "=" in lines[index].text else 2)
        else:
            waiting.append(line)
        index += 1
    yield from _grouped(waiting)


def _grouped(lines: list[Line]) -> Iterator[Block]:
    in_table: set[int] = set()  # where the lines start that belong to a table without bars at its sides
    for above, line in pairwise(lines):
        is_rule = "|" in line.text and "-" in line.text and _TABLE_RULE.match(line.text) is not None
        if is_rule and "|" in above.text:
            in_table |= {above.start, line.start}
        elif above.start in in_table and "|" in line.text:
            in_table.add(line.start)
    return grouped(lines, lambda line: "table" if line.start in in_table else _kind_of(line))


def _fence_end(lines: list[Line], index: int) -> int:
    opening = _FENCE.match(lines[index].text)
    assert opening is not None
    for last in range(index + 1, len(lines)):
        closing = lines[last].text.strip()
        if closing.startswith(opening[1]) and not closing.strip(opening[1][0]):
            return last
    return len(lines) - 1


def _is_underlined(lines: list[Line], index: int, before: list[Line]) -> bool:
    line = lines[index]
    return (
        index + 1 < len(lines)
        and not line.is_blank
        and _kind_of(line) == "paragraph"
        and (not before or before[-1].is_blank)
        and _UNDERLINE.match(lines[index + 1].text) is not None
    )


def _kind_of(line: Line) -> BlockKind:
    if line.text.lstrip().startswith("|"):
        return "table"
    if _ITEM.match(line.text):
        return "list"
    return "code" if line.text.startswith(("    ", "\t")) else "paragraph"
