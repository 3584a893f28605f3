"""Rows of a page -> the groups that make one block: paragraphs, lists, tables.

Knows how print sets them apart: by space, indent, size and weight. Does not know headings, which only the
whole document's sizes tell.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from indexing.loaders._pdf_tables import is_list_mark, table_rows
from indexing.loaders._pdf_words import Word
from indexing.loaders._reading_order import Row
from rag.core.types import BlockKind

__all__ = ["Group", "goes_on", "is_item", "row_groups"]

_PARAGRAPH_GAP = 1.3  # of the usual distance between lines
_TIGHT_DISTANCE = 1.15  # ... which is no less than this, in font sizes: large type stands further apart
_LINE_DISTANCE = 1.3  # of the font size, where there are too few lines to measure
_INDENT = (0.7, 4.0)  # font sizes by which a first line moves in
_SENTENCE_ENDS = ".!?:。！？”\"')]"


@dataclass(frozen=True, slots=True)
class Group:
    """Rows that make one block."""

    kind: BlockKind
    rows: list[Row]


def row_groups(rows: Sequence[Row]) -> Iterator[Group]:
    """Give the groups in order."""
    by_region: dict[int, list[Row]] = {}
    for row in rows:
        by_region.setdefault(row.region, []).append(row)
    held: Group | None = None
    for region in by_region.values():
        for number, group in enumerate(_groups_of_region(region)):
            if held is not None and number == 0 and _runs_on(held, group):
                held = Group(held.kind, held.rows + group.rows)
                continue
            if held is not None:
                yield held
            held = group
    if held is not None:
        yield held


def _groups_of_region(region: Sequence[Row]) -> Iterator[Group]:
    distance = _line_distance(region)
    in_table = table_rows(region, distance)
    group: list[Row] = []
    for index, row in enumerate(region):
        if group and _starts_group(region, index, in_table, distance):
            yield _group(group, in_table[index - 1])
            group = []
        group.append(row)
    yield _group(group, in_table[-1])


def _runs_on(group: Group, following: Group) -> bool:
    """Tell whether the next column goes on in the middle of a sentence."""
    if group.kind == "table" or following.kind != "paragraph":
        return False
    last, first = group.rows[-1], following.rows[0]
    ends = last.pieces[-1].words[-1].text[-1] in _SENTENCE_ENDS
    is_alike = abs(last.size - first.size) < 0.1 * last.size and last.bold == first.bold
    return is_alike and not ends and first.pieces[0].words[0].text[0].islower()


def _group(rows: list[Row], is_table: bool) -> Group:
    return Group("table" if is_table else "list" if is_item(rows[0]) else "paragraph", rows)


def _starts_group(region: Sequence[Row], index: int, in_table: Sequence[bool], distance: float) -> bool:
    above, row = region[index - 1], region[index]
    if in_table[index] or in_table[index - 1]:
        return in_table[index] != in_table[index - 1]
    if goes_on(above.pieces[-1].words[-1], row.pieces[0].words[0]):
        return False
    if abs(row.size - above.size) > 0.1 * max(row.size, above.size) or row.bold != above.bold:
        return True
    if row.base - above.base > _PARAGRAPH_GAP * max(distance, _TIGHT_DISTANCE * row.size):
        return True
    if is_item(row):
        return not is_item(above) and index > 0 and not _inside_list(region, index)
    return _is_indented(region, index)


def _is_indented(region: Sequence[Row], index: int) -> bool:
    """Tell whether a row moves in as the first line of a paragraph, not as the rest of a hanging one."""
    above, row = region[index - 1], region[index]
    near = region[max(index - 3, 0) : index + 4]
    low, high = (shift * row.size for shift in _INDENT)
    above_moves_in = above.x0 - min(each.x0 for each in near) >= low
    if not low <= row.x0 - above.x0 <= high or above_moves_in or is_item(above):
        return False
    above_is_full = above.x1 > max(each.x1 for each in near) - 2 * row.size
    return not above_is_full or above.pieces[-1].words[-1].text[-1] in _SENTENCE_ENDS


def _inside_list(region: Sequence[Row], index: int) -> bool:
    """Tell whether the row above continues an item: it stands further in than the item's mark."""
    row = region[index]
    return region[index - 1].x0 > row.x0 + 0.5 * row.size


def _line_distance(rows: Sequence[Row]) -> float:
    steps = [
        row.base - above.base
        for above, row in pairwise(rows)
        if abs(row.size - above.size) <= 0.1 * row.size
    ]
    if len(steps) < 4:
        return _LINE_DISTANCE * median(row.size for row in rows)
    return min(median(steps), 2.5 * median(row.size for row in rows))


def goes_on(last: Word, word: Word) -> bool:
    """Tell whether a word is the rest of the one before it, cut at the end of a line."""
    return word.joined and word.number == last.number + 1


def is_item(row: Row) -> bool:
    """Tell whether a row starts with a list mark."""
    words = row.pieces[0].words
    return is_list_mark(words[0].text) and (len(words) > 1 or len(row.pieces) > 1)
