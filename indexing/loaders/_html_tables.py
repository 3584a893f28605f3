"""Tables of HTML that hold no data: they place text beside text, or the lines of code beside their numbers.

Knows no format but HTML, and writes nothing.
"""

from collections.abc import Iterator

from selectolax.lexbor import LexborNode

__all__ = ["code_of", "layout_tables", "line_numbers"]

_PARTS = ("tbody", "tfoot", "thead")
_CELLS = ("td", "th")
_LINES = frozenset("div li p tr".split())
_MIN_ROWS = 2  # of data in a table that holds others


def layout_tables(root: LexborNode) -> set[int]:
    """Give those that only place text, by the number of their node; what is in them is text of the page."""
    outer = {_around(table, "table") for table in root.css("table table")}
    return {
        table.mem_id
        for table in root.css("table")
        if (not _is_data(table) if table.mem_id in outer else _is_frame(table) or _is_listing(table))
    } | {_around(table, "pre") for table in root.css("pre table")}


def line_numbers(root: LexborNode) -> set[int]:
    """Give the cells that only number the lines of the code beside them."""
    return {cell.mem_id for table in root.css("table:has(pre)") for cell in _gutters(list(_rows(table)))}


def code_of(node: LexborNode) -> str:
    """Give the text of a `<pre>`, its lines as they are shown."""
    pieces: list[str] = []
    for each in node.traverse(include_text=True):
        if each.tag == "-text":
            pieces.append(each.text_content or "")
        elif each.tag == "br" or (each.tag in _LINES and pieces and not pieces[-1].endswith("\n")):
            pieces.append("\n")
    return "".join(pieces)


def _around(node: LexborNode, tag: str) -> int:
    around = node.parent
    while around is not None and around.tag != tag:
        around = around.parent
    return around.mem_id if around is not None else 0


def _rows(table: LexborNode) -> Iterator[list[LexborNode]]:
    """Give the cells of each row, but for those of tables inside."""
    for part in table.iter():
        for row in part.iter() if part.tag in _PARTS else [part]:
            if row.tag == "tr":
                yield [cell for cell in row.iter() if cell.tag in _CELLS]


def _is_frame(table: LexborNode) -> bool:
    """Tell a table that only places text, as e-mail does: more cells than one, and text in one of a row."""
    rows = [[bool(cell.text().strip()) for cell in row] for row in _rows(table)]
    return all(sum(row) <= 1 for row in rows) and any(len(row) > 1 for row in rows)


def _is_data(table: LexborNode) -> bool:
    """Tell a table of data that has tables in some cells, as infoboxes do, from one that places those."""
    rows = [[cell for cell in row if cell.css_first("table") is None] for row in _rows(table)]
    texts = [[text for cell in row if (text := cell.text().strip())] for row in rows]
    if sum(len(row) > 1 for row in texts) < _MIN_ROWS:
        return False
    return 2 * sum(len(text) for row in texts for text in row) > len(table.text().strip())


def _is_listing(table: LexborNode) -> bool:
    """Tell a table whose cells hold nothing but code."""
    cells = [cell for row in _rows(table) for cell in row]
    return any(cell.css_first("pre") for cell in cells) and all(map(_is_code, cells))


def _is_code(cell: LexborNode) -> bool:
    pre = cell.css_first("pre")
    return cell.text().strip() == (pre.text().strip() if pre is not None else "")


def _gutters(rows: list[list[LexborNode]]) -> list[LexborNode]:
    """Give the cells with line numbers: one number in each row, or many beside so many lines."""
    pairs = [row for row in rows if len(row) == 2 and _is_code(row[1]) and not _numbers(row[1])]
    numbers = [_numbers(gutter) for gutter, _ in pairs]
    if numbers == [[number] for number in range(1, len(rows) + 1)]:
        return [gutter for gutter, _ in pairs]
    return [
        gutter
        for (gutter, code), counted in zip(pairs, numbers, strict=True)
        if len(counted) > 1 and _has_lines(code, len(counted))
    ]


def _numbers(cell: LexborNode) -> list[int]:
    """Give what a cell holds if it is numbers alone, each one more than that before it."""
    words = code_of(cell).split()
    if not all(word.isascii() and word.isdecimal() and len(word) < 10 for word in words):
        return []
    numbers = [int(word) for word in words]
    return numbers if numbers == [numbers[0] + place for place in range(len(numbers))] else []


def _has_lines(cell: LexborNode, count: int) -> bool:
    """Tell whether a cell's code has so many lines; empty ones at its ends may count."""
    pre = cell.css_first("pre")
    code = code_of(pre) if pre is not None else ""
    return code.strip("\n").count("\n") < count <= code.count("\n") + 1
