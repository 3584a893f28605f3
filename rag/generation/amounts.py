"""The amounts of a table's column, to be compared: numbers of one unit, times in seconds.

Knows how cells write amounts; pure functions.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

__all__ = ["TIME", "Amounts", "column_amounts", "full_rows", "seconds_of"]

TIME = "time"
_VALUE = re.compile(r"[$€£¥]?\s*\(?([-–]?\d[\d,]*(?:\.\d+)?)\)?\s*(.*)")
_SECONDS = {
    "second": 1, "sec": 1, "minute": 60, "min": 60, "hour": 3600, "h": 3600, "day": 86_400, "week": 604_800,
    "month": 2_629_746, "year": 31_556_952,
}  # fmt: skip
_NAMED_VALUES = {"unlimited": math.inf, "none": 0.0, "free": 0.0, "no": 0.0}
_OPEN = re.compile(r"(?:up)?on request|individual|custom|contact us|by arrangement|n/a", re.IGNORECASE)
_TOTAL = re.compile(r"\W*(?:grand |sub)?totals?\b|\W*sum\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Amounts:
    """What the rows of a column have, and in what unit."""

    values: dict[int, float]  # by the number of the row
    unit: str  # as the cells write it, small; `TIME` of seconds; empty where they write none


def full_rows(names: Sequence[str], rows: Mapping[int, Sequence[str]]) -> dict[int, Sequence[str]]:
    """Give the rows that have a cell for each column, without totals."""
    return {
        row: cells for row, cells in rows.items() if len(cells) == len(names) and not _TOTAL.match(cells[0])
    }


def column_amounts(
    rows: Mapping[int, Sequence[str]], column: int, *, without_open: bool = False
) -> Amounts | None:
    """Give the amounts of a column; None where it has none, or those of unlike units.

    Args:
        rows: number of a row -> its cells.
        column: which.
        without_open: leave out what has its amount "on request"; with such a cell it is None otherwise.

    >>> column_amounts({3: ["Basic", "2 h"], 4: ["Plus", "30 min"], 5: ["Pro", "-"]}, 1)
    Amounts(values={3: 7200.0, 4: 1800.0}, unit='time')
    """
    found, units = {}, set()
    for row, cells in rows.items():
        cell = cells[column].strip()
        match = _VALUE.fullmatch(cell)
        if match is None:
            if cell.casefold() in _NAMED_VALUES:
                found[row] = _NAMED_VALUES[cell.casefold()]
            elif cell.strip("–—-") and not (without_open and _OPEN.fullmatch(cell)):
                return None
            continue
        unit = match[2].strip().casefold().rstrip(".")
        seconds = seconds_of(unit)
        units.add(TIME if seconds else unit)
        found[row] = float(match[1].replace(",", "").replace("–", "-")) * (seconds or 1)
    return Amounts(found, units.pop()) if found and len(units) == 1 else None


def seconds_of(unit: str) -> int | None:
    """Give how long a unit of time is; None for other units.

    >>> seconds_of("mins"), seconds_of("kg")
    (60, None)
    """
    return _SECONDS.get(unit) or _SECONDS.get(unit.removesuffix("s"))
