"""One walk over the elements of an XML document that people read: JATS, DocBook, TEI and their like.

Knows elements by the names that such formats share. Text between elements is inline text of the element
around them; an element with none of its own is a container.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from indexing.loaders._merged import Below, span_of
from indexing.loaders._text import TextBuilder, joined_cells, one_line, raised
from indexing.loaders._xml import Element, local

__all__ = ["PARAGRAPHS", "XmlWalk", "text_of"]

PARAGRAPHS = frozenset("ab formalpara l p para simpara verse-line".split())
_TITLES = frozenset("article-title head subtitle title trans-title".split())
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_LISTS = frozenset(
    "def-list itemizedlist list ol orderedlist ref-list ul variablelist bibliography listBibl".split()
)
_NUMBERED = ("ol", "orderedlist")
_ITEMS = frozenset(
    "bibl biblStruct biblioentry bibliomixed def-item item li list-item listitem ref varlistentry".split()
)
_CODE = frozenset("code eg preformat pre programlisting screen".split())
_FLOATS = frozenset("fig figure informaltable media supplementary-material table-wrap".split())
_TABLES = ("table", "tgroup")
_ROWS = ("row", "tr")
_CELLS = ("cell", "entry", "td", "th")
_CAPTIONS = ("caption", "figDesc", "label", "title", "head")
_BLOCKS = (
    PARAGRAPHS | _LISTS | _CODE | _FLOATS | frozenset((*_TABLES, "boxed-text", "disp-quote", "quote-block"))
)
_LEFT_OUT = frozenset("graphic inline-graphic mediaobject object-id permissions tex-math".split())
_APART = frozenset(
    "break element-citation label lb name string-name surname title".split()
)  # no inline text
_MAX_LEVEL = 6


@dataclass(slots=True)
class XmlWalk:
    """Collects inline text until a block begins or its element ends."""

    builder: TextBuilder
    _words: list[str] = field(default_factory=list)

    def walk(self, element: Element, level: int) -> None:
        """Write all text of an element; the title of the next section below has this level."""
        tag = local(element.tag)
        if tag in _LEFT_OUT:
            return
        if tag in _TITLES or tag in _HEADINGS:
            self._end()
            self.builder.add(text_of(element), "heading", level=_HEADINGS.get(tag, level))
        elif tag in _CODE:
            self._end()
            self.builder.add("".join(element.itertext()), "code")
        elif tag in _TABLES:
            self._end()
            titles = (text_of(child) for child in element if local(child.tag) in _CAPTIONS)
            self.builder.add("\n".join([*filter(None, titles), *_rows(element)]), "table")
        elif tag in _FLOATS:
            self._float(element, level)
        elif tag in _LISTS:
            self._list(element, level)
        else:
            self._walk_inside(element, tag, level)

    def _walk_inside(self, element: Element, tag: str, level: int) -> None:
        has_text = _has_text(element)
        if not any(_is_block(child) for child in element) and (tag in PARAGRAPHS or has_text):
            self._end()
            self.builder.add(text_of(element))
            return
        self._words.append(element.text or "")
        has_title = any(local(child.tag) in _TITLES for child in element)
        label = next((text_of(child) for child in element if local(child.tag) == "label"), "")
        for child in element:
            name = local(child.tag)
            if has_title and name == "label":
                pass
            elif has_title and name in _TITLES:
                self._end()
                title = f"{label} {text_of(child)}".strip()
                self.builder.add(title, "heading", level=min(level, _MAX_LEVEL))
            elif has_text and not _is_block(child):
                self._words.append(_inline(child))
            else:
                self._end()
                self.walk(child, level + has_title)
            self._words.append(child.tail or "")
        self._end()

    def _float(self, element: Element, level: int) -> None:
        """Write label and caption as one paragraph, then what they stand at."""
        self._end()
        captions = [child for child in element if local(child.tag) in _CAPTIONS]
        self.builder.add(" ".join(filter(None, map(text_of, captions))))
        for child in element:
            if local(child.tag) not in _CAPTIONS:
                self.walk(child, level)

    def _list(self, element: Element, level: int) -> None:
        self._end()
        title = next((text_of(child) for child in element if local(child.tag) in _TITLES), "")
        self.builder.add(title, "heading", level=min(level, _MAX_LEVEL))
        items = [child for child in element if local(child.tag) in _ITEMS]
        is_numbered = local(element.tag) in _NUMBERED or element.get("list-type") == "order"
        lines = [line for line in map(text_of, items) if line]
        self.builder.add(
            "\n".join(
                f"{f'{number}.' if is_numbered else '-'} {line}" for number, line in enumerate(lines, 1)
            ),
            "list",
        )
        for child in element:
            if local(child.tag) not in _ITEMS | _TITLES:
                self.walk(child, level + bool(title))

    def _end(self) -> None:
        self.builder.add(one_line("".join(self._words)))
        self._words.clear()


def text_of(element: Element) -> str:
    """Give all text below an element in one line; parts that only their layout parts get spaces."""
    return one_line(_inline(element))


def _inline(element: Element) -> str:
    pieces: list[str] = []
    _collect(element, pieces)
    return "".join(pieces)


def _collect(element: Element, pieces: list[str]) -> None:
    tag = local(element.tag)
    if tag in _LEFT_OUT:
        return
    has_text = _has_text(element)
    is_apart = tag in _APART or _is_block(element) or (len(element) > 1 and not has_text)
    pieces.append(" " if is_apart else "")
    text = element.text or ""
    pieces.append(raised(text) if tag == "sup" else text)
    for child in element:
        _collect(child, pieces)
        pieces.append(child.tail or (" " if is_apart and not has_text else ""))
    pieces.append(" " if is_apart else "")


def _rows(table: Element) -> Iterator[str]:
    specs = (each for each in table.iter() if local(each.tag) == "colspec")
    numbers = {spec.get("colname"): number for number, spec in enumerate(specs)}
    below = Below()
    for number, row in enumerate(each for each in table.iter() if local(each.tag) in _ROWS):
        cells: list[str] = []
        for cell in (each for each in row if local(each.tag) in _CELLS):
            columns, rows = _spans(cell, numbers)
            below.place(cells, text_of(cell), row=number, columns=columns, rows=rows)
        below.fill(cells, number)
        if any(cells):
            yield joined_cells(cells)


def _spans(cell: Element, numbers: Mapping[str | None, int]) -> tuple[int, int]:
    """Give how many columns and rows a cell takes, said as in HTML, TEI or DocBook."""
    first, last = numbers.get(cell.get("namest")), numbers.get(cell.get("nameend"))
    if first is not None and last is not None:
        columns = span_of(str(last - first + 1))
    else:
        columns = span_of(cell.get("colspan") or cell.get("cols"))
    more = cell.get("morerows", "0")
    rows = span_of(more) + 1 if more != "0" else span_of(cell.get("rowspan") or cell.get("rows"))
    return columns, rows


def _is_block(element: Element) -> bool:
    return local(element.tag) in _BLOCKS


def _has_text(element: Element) -> bool:
    """Tell whether text stands directly inside an element, beside or without others."""
    return bool((element.text or "").strip()) or any((child.tail or "").strip() for child in element)
