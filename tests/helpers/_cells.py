"""Cells of tables for tests of generation."""

from _passages import passage

from rag.reading.features import units_of
from rag.reading.tables.cells import asked_cells

__all__ = ["cell"]


def cell(question: str, text: str) -> str | None:
    """Give the one cell that is asked for."""
    table = passage(text)
    found = [place for place in asked_cells(question, units_of([table])).values() if place]
    return table.text[found[0].start : found[0].end] if len(found) == 1 else None
