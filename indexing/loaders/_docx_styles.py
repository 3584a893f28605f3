"""What the styles of a Word document say of a paragraph: heading or list item, and how it is numbered.

Styles are named in the language of the program that wrote them, so their outline levels count first.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from docx.document import Document

from indexing.loaders._docx_numbers import Numbers, W, attribute, value

__all__ = ["REMOVED", "Styles", "W"]

REMOVED: Final = (f"{W}del", f"{W}moveFrom")  # tracked: what has it is no longer there
_HEADING = re.compile(r"heading (\d)", re.IGNORECASE)
_BODY_LEVEL = 9
_MAX_CHAIN = 16  # styles are based on each other; a broken file may go round in circles
_Element = Any  # Any: an element of lxml, which has no types


@dataclass(slots=True)
class Styles:
    """Styles by their id, and the numbers of lists."""

    by_id: Mapping[str, _Element]
    numbers: Numbers

    @classmethod
    def of(cls, document: Document) -> "Styles":
        """Read them."""
        styles = document.styles.element.iter(f"{W}style")
        return cls({attribute(style, "styleId"): style for style in styles}, Numbers.of(document))

    def heading_level(self, paragraph: _Element) -> int:
        """Give the level, 1 for a title and 2 for the first level below it; 0 for what is no heading."""
        for element in self._chain(paragraph):
            name = value(element, "name")
            if name.lower() == "title":
                return 1
            outline = value(element, "pPr", "outlineLvl")
            if outline.isdigit():
                return 0 if int(outline) >= _BODY_LEVEL else int(outline) + 2
            if match := _HEADING.fullmatch(name):
                return int(match[1]) + 1
        return 0

    def number(self, paragraph: _Element) -> str:
        """Give the number that Word shows before a paragraph, counting on; empty when there is none."""
        return self.numbers.next(*self._place(paragraph))

    def list_mark(self, paragraph: _Element) -> str:
        """Give the mark of a list item with its indent, counting on; empty for what is no item."""
        list_id, level = self._place(paragraph)
        if not list_id or list_id == "0":
            named = any(
                value(element, "name").lower().startswith("list ") for element in self._chain(paragraph)
            )
            return "- " if named and list_id != "0" else ""
        return f"{'  ' * min(level, 8)}{self.numbers.next(list_id, level) or '-'} "

    def _place(self, paragraph: _Element) -> tuple[str, int]:
        """Give the list that a paragraph belongs to, and its level there."""
        if any(paragraph.find(f"{W}pPr/{W}rPr/{each}") is not None for each in REMOVED):
            return "", 0
        list_id, level = "", ""
        for element in self._chain(paragraph):
            list_id = list_id or value(element, "pPr", "numPr", "numId")
            level = level or value(element, "pPr", "numPr", "ilvl")
        return list_id, int(level) if level.isascii() and level.isdecimal() else 0

    def _chain(self, paragraph: _Element) -> Iterator[_Element]:
        """Give the paragraph, its style, the style that one is based on, and so on."""
        yield paragraph
        style_id = value(paragraph, "pPr", "pStyle")
        for _ in range(_MAX_CHAIN):
            style = self.by_id.get(style_id)
            if style is None:
                return
            yield style
            style_id = value(style, "basedOn")
