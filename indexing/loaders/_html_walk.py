"""One walk over an HTML tree that writes its text as blocks.

Iterative and linear: pages nested a hundred thousand deep exist, by accident and by malice.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass, field

from selectolax.lexbor import LexborNode

from indexing.loaders._html_tables import code_of, layout_tables, line_numbers
from indexing.loaders._merged import Below, span_of
from indexing.loaders._text import TextBuilder, joined_cells, raised
from rag.core.types import BlockKind

__all__ = ["FURNITURE", "HtmlWalk"]

FURNITURE = frozenset(
    "aside footer nav".split()
)  # of a page of the web; a book's or message's are its text
_SKIPPED = frozenset(
    """audio button canvas datalist embed head iframe input noscript object script select style svg
    template textarea video""".split()
)
_INLINE = frozenset(
    """a abbr acronym b bdi bdo big button cite code data del dfn em font i img ins kbd label mark meter
    output picture progress q rp rt ruby s samp slot small source span strike strong sub sup time tt u var
    wbr""".split()
)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_TITLED = frozenset((*_HEADINGS, "dt", "summary"))  # what a button in them opens stands below
_NEAR = 4  # elements around
_CELLS = ("td", "th")
_SPACES = re.compile(r"[ \t\n\r\f\v]+")
_WHOLE = re.compile(r"\s*-?[0-9]{1,9}\s*")
_HIDDEN = re.compile(r"display\s*:\s*none", re.IGNORECASE)


@dataclass(slots=True)
class HtmlWalk:
    """Collects text until an element ends the block it belongs to."""

    builder: TextBuilder
    left_out: frozenset[str] = FURNITURE
    _words: list[str] = field(default_factory=list)  # of the block at hand; "\n" only where there is a <br>
    _items: list[str] = field(default_factory=list)  # of the list at hand
    # Of the lists around, the number of the latest item and what the next one has more; None: not numbered.
    _counters: list[tuple[int, int] | None] = field(default_factory=list)
    _mark: str = ""  # of the item at hand, until its first text
    _rows: list[str] | None = None  # of the table at hand
    _cells: list[str] = field(default_factory=list)  # of the row at hand
    _span: tuple[int, int] = (1, 1)  # columns and rows of the cell at hand
    _row: int = 0  # number of the row at hand
    _below: Below = field(default_factory=Below)
    _inner: int = 0  # tables inside that table, whose text is that of a cell
    _layout: set[int] = field(default_factory=set)  # elements that say nothing about what is in them
    _line_numbers: set[int] = field(default_factory=set)
    _titles: set[int] = field(default_factory=set)  # buttons

    def walk(self, root: LexborNode) -> None:
        """Write all text below an element."""
        self._layout, self._line_numbers = layout_tables(root), line_numbers(root)
        self._titles = _titles(root)
        path: list[str] = []
        parents: list[LexborNode] = []
        node = root.first_child
        while node is not None or parents:
            if node is None:
                closing = parents.pop()
                self._leave(path.pop())
                node = closing.next
                continue
            tag = node.tag or "-"
            if self._enter(node, tag):
                parents.append(node)
                path.append(tag)
                node = node.first_child
            else:
                node = node.next
        self._end_block()
        self._end_list()

    def _enter(self, node: LexborNode, tag: str) -> bool:
        """Take in an element's start; tell whether to go into it."""
        if tag == "-text":
            text = _SPACES.sub(" ", node.text_content or "")
            is_raised = node.parent is not None and node.parent.tag == "sup"
            self._words.append(raised(text) if is_raised else text)
        elif tag == "br":
            self._words.append("\n")
        elif tag == "math":
            self._words.append(_formula(node))
        elif self._is_left_out(node, tag):
            pass
        elif tag == "pre" and self._rows is None and node.mem_id not in self._layout:
            self._end_block()
            self._end_list()
            self.builder.add(code_of(node), "code")
        else:
            if tag not in _INLINE:
                self._open(node, tag)
            return True
        return False

    def _is_left_out(self, node: LexborNode, tag: str) -> bool:
        if node.mem_id in self._line_numbers:
            return True
        is_named = tag in _SKIPPED or tag in self.left_out or not tag[0].isalpha()
        says_who = tag == "footer" and _near(node, ("blockquote",)) is not None
        return (is_named and not says_who and node.mem_id not in self._titles) or _is_hidden(node)

    def _open(self, node: LexborNode, tag: str) -> None:
        if self._rows is not None:
            self._open_in_table(node, tag)
            return
        self._end_block()
        if tag in ("ul", "ol", "menu", "dl"):
            self._counters.append(_counter(node) if tag == "ol" else None)
        elif tag in ("li", "dt", "dd"):
            self._mark = self._next_mark(node, tag)
        else:
            if tag in _HEADINGS or not self._counters:
                self._end_list()
            if tag == "table" and node.mem_id not in self._layout:
                self._end_list()
                self._rows, self._row, self._below = [], 0, Below()

    def _open_in_table(self, node: LexborNode, tag: str) -> None:
        self._words.append(" ")
        said = node.attributes
        if tag == "table":
            self._inner += 1
        elif tag in _CELLS and not self._inner:
            self._span = span_of(said.get("colspan")), span_of(said.get("rowspan"))

    def _leave(self, tag: str) -> None:
        if tag in _INLINE:
            return
        if self._rows is not None:
            self._leave_in_table(tag)
            return
        self._end_block(_HEADINGS.get(tag, 0))
        if tag in ("ul", "ol", "menu", "dl") and self._counters:
            self._counters.pop()
            if not self._counters:
                self._end_list()

    def _leave_in_table(self, tag: str) -> None:
        assert self._rows is not None
        if self._inner:
            self._inner -= tag == "table"
            self._words.append(" ")
        elif tag in _CELLS:
            columns, rows = self._span
            text = self._take_words(one_line=True)
            self._below.place(self._cells, text, row=self._row, columns=columns, rows=rows)
        elif tag in ("tr", "caption"):
            cells = [*self._cells, *([rest] if (rest := self._take_words(one_line=True)) else [])]
            if tag == "tr":
                self._below.fill(cells, self._row)
                self._row += 1
            self._cells.clear()
            if any(cells):
                self._rows.append(joined_cells(cells))
        elif tag == "table":
            rest = self._take_words(one_line=True)
            self.builder.add("\n".join([*self._rows, rest]), "table")
            self._rows = None
        else:
            self._words.append(" ")

    def _end_block(self, level: int = 0) -> None:
        text = self._take_words(one_line=level > 0)
        if not text:
            return
        if level or not self._counters:
            self._end_list()
            kind: BlockKind = "heading" if level else "paragraph"
            self.builder.add(text, kind, level=level)
            return
        indent = "  " * min(len(self._counters) - 1, 8)
        self._items.append(indent + (self._mark or "  ") + text)
        self._mark = ""

    def _end_list(self) -> None:
        self.builder.add("\n".join(self._items), "list")
        self._items.clear()

    def _next_mark(self, node: LexborNode, tag: str) -> str:
        if tag != "li" or not self._counters:
            return "" if tag == "dt" else "- "
        if (counter := self._counters[-1]) is None:
            return "- "
        count, step = counter
        number = _whole(node, "value", count + step)
        self._counters[-1] = number, step
        return f"{number}. "

    def _take_words(self, *, one_line: bool) -> str:
        text = "".join(self._words)
        self._words.clear()
        lines = (" ".join(line.split(" ")).strip() for line in text.split("\n"))
        return (" " if one_line else "\n").join(_SPACES.sub(" ", line) for line in lines if line)


def _whole(node: LexborNode, name: str, default: int) -> int:
    """Give the number that an attribute says."""
    match = _WHOLE.fullmatch(node.attributes.get(name) or "")
    return int(match[0]) if match else default


def _counter(ordered: LexborNode) -> tuple[int, int]:
    """Give what stands before a list's first number, and the step to the next one."""
    if "reversed" not in ordered.attributes:
        return _whole(ordered, "start", 1) - 1, 1
    return _whole(ordered, "start", sum(item.tag == "li" for item in ordered.iter())) + 1, -1


def _near(node: LexborNode, tags: Collection[str]) -> LexborNode | None:
    """Give the nearest of such elements around, if it is near."""
    around = node.parent
    for _ in range(_NEAR):
        if around is None or around.tag in tags:
            return around
        around = around.parent
    return None


def _titles(root: LexborNode) -> set[int]:
    """Give the buttons that are the title of what they open: a heading is in them, or all of its words."""
    found: set[int] = set()
    in_headings: dict[int, tuple[LexborNode, list[LexborNode]]] = {}
    for button in root.css("button"):
        if button.css_first(", ".join(_HEADINGS)) is not None:
            found.add(button.mem_id)
        elif (heading := _near(button, _TITLED)) is not None:
            in_headings.setdefault(heading.mem_id, (heading, []))[1].append(button)
    for heading, buttons in in_headings.values():
        if _num_letters(heading) == sum(map(_num_letters, buttons)):
            found |= {button.mem_id for button in buttons}
    return found


def _num_letters(node: LexborNode) -> int:
    return sum(map(str.isalnum, node.text()))


def _formula(math: LexborNode) -> str:
    """Give what the author wrote for those who cannot see it, or its signs in a row."""
    if text := math.attributes.get("alttext"):
        return text
    if (source := math.css_first('annotation[encoding="application/x-tex"]')) is not None:
        return source.text()
    return " ".join(filter(None, (_sign(node) for node in math.css("mi, mn, mo, ms, mtext"))))


def _sign(node: LexborNode) -> str:
    text = node.text().strip()
    if node.css_matches("mfrac > :last-child"):
        return f"/ {text}"
    return raised(text) if node.css_matches("msup > :last-child") else text


def _is_hidden(node: LexborNode) -> bool:
    attributes = node.attributes
    if "hidden" in attributes or attributes.get("role") == "navigation":
        return True
    if (attributes.get("class") or "") == "katex-html":  # the formula before it, to look at
        return True
    is_shown = _HIDDEN.search(attributes.get("style") or "") is None
    # Wikipedia hides formulas behind pictures of them.
    return not is_shown and (node.first_child is None or node.first_child.tag != "math")
