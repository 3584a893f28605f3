"""The amounts of a table's column, to be compared: numbers of one unit, times in seconds.

Knows how cells write amounts; pure functions.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rag.scoring.words import analyze

__all__ = [
    "TIME",
    "Amounts",
    "column_amounts",
    "full_rows",
    "is_measure",
    "is_time",
    "seconds_of",
    "size_of",
]

TIME = "time"
_VALUE = re.compile(r"[$€£¥]?\s*(\()?[$€£¥]?\s*([-–]?\d[\d,]*(?:\.\d+)?)(?(1)\))\s*(.*)")
_SIZES: dict[str, dict[str, float]] = {  # measure -> unit -> how many of the smallest it is
    TIME: {
        "second": 1, "sec": 1, "s": 1, "minute": 60, "min": 60, "hour": 3600, "h": 3600, "day": 86_400,
        "week": 604_800, "month": 2_629_746, "year": 31_556_952,
    },
    "bytes": {"byte": 1, "b": 1, "kb": 1e3, "mb": 1e6, "gb": 1e9, "tb": 1e12},
    "weight": {"g": 1, "kg": 1000},
    "length": {"mm": 1, "cm": 10, "m": 1000, "km": 1_000_000},
    "volume": {"ml": 1, "cl": 10, "l": 1000},
}  # fmt: skip
_A_TIME = r"m?s|secs?|seconds?|mins?|minutes?|h|hrs?|hours?|days?|weeks?"
_IN_TIMES = re.compile(rf"(?:[(\[,]\s?|\bin )(?:{_A_TIME})(?=\s*(?:[)\],]|$))", re.IGNORECASE)
_OF_TIMES = re.compile(
    r"(?<!/)(?<!/ )(?<!\d[ -])(?<!\bper )(?<!\ba )(?<!\ban )"  # "km/h", "in 24 hours", "pages per minute"
    r"\b(?:times?|durations?|secs?|seconds?|mins|minutes?|hrs?|hours?|days?|weeks?)\b",
    re.IGNORECASE,
)
_NAMED_VALUES = {"unlimited": math.inf, "none": 0.0, "free": 0.0, "no": 0.0}
_OPEN = re.compile(r"(?:up)?on request|individual|custom|contact us|by arrangement|n/a", re.IGNORECASE)
_TOTALS = frozenset(analyze("total subtotal sum"))
_ALL = frozenset(analyze("all overall"))


@dataclass(frozen=True, slots=True)
class Amounts:
    """What the rows of a column have, and in what unit."""

    values: dict[int, float]  # by the number of the row
    unit: str  # as the cells write it, small; empty where they write none; of unlike ones the measure


def full_rows(names: Sequence[str], rows: Mapping[int, Sequence[str]]) -> dict[int, Sequence[str]]:
    """Give the rows that have a cell for each column, without totals.

    >>> rows = {3: ["North"], 4: ["All inclusive"], 5: ["All regions"], 6: ["Group total"], 7: ["Overall"]}
    >>> list(full_rows(["Region"], rows))
    [3, 4]
    """
    return {
        row: cells
        for row, cells in rows.items()
        if len(cells) == len(names) and not _is_total(cells[0], names[0])
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
    >>> column_amounts({3: ["500 MB"], 4: ["2 GB"]}, 0), column_amounts({3: ["2 kg"], 4: ["2 GB"]}, 0)
    (Amounts(values={3: 500000000.0, 4: 2000000000.0}, unit='bytes'), None)
    >>> column_amounts({3: ["$12.4"], 4: ["$(35.1)"]}, 0)
    Amounts(values={3: 12.4, 4: -35.1}, unit='')
    """
    found: dict[int, float] = {}
    units: dict[int, str] = {}
    for row, cells in rows.items():
        cell = cells[column].strip()
        match = _VALUE.fullmatch(cell)
        if match is None:
            if cell.casefold() in _NAMED_VALUES:
                found[row] = _NAMED_VALUES[cell.casefold()]
            elif cell.strip("–—-") and not (without_open and _OPEN.fullmatch(cell)):
                return None
            continue
        value = float(match[2].replace(",", "").replace("–", "-"))
        found[row] = -abs(value) if match[1] else value  # brackets of bookkeepers
        units[row] = match[3].strip().casefold().rstrip(".")
    return _of_one_measure(found, units)


def size_of(unit: str, measure: str) -> float | None:
    """Give how many of the smallest unit of a measure one is; None for units of others.

    >>> size_of("mins", TIME), size_of("kg", "weight"), size_of("kg", TIME)
    (60, 1000, None)
    """
    sizes = _SIZES.get(measure, {})
    return sizes.get(unit) or sizes.get(unit.removesuffix("s"))


def is_measure(unit: str) -> bool:
    """Say whether a column's unit is a measure: its amounts are of its smallest unit."""
    return unit in _SIZES


def is_time(name: str, unit: str) -> bool:
    """Say whether a column is of times, by what it is called and its unit.

    >>> [is_time(name, "") for name in ("Lap (s)", "Delivery time", "Speed (km/h)", "Pages per minute")]
    [True, True, False, False]
    >>> [is_time(name, "") for name in ("Lap, min", "Laps in 5 min", "A driver's laps")]
    [True, False, False]
    """
    is_named = "speed" not in name.casefold() and _OF_TIMES.search(name) is not None
    return unit == TIME or is_named or _IN_TIMES.search(name) is not None


def seconds_of(unit: str) -> float | None:
    """Give how long a unit of time is; None for other units.

    >>> seconds_of("mins"), seconds_of("kg")
    (60, None)
    """
    return size_of(unit, TIME)


def _of_one_measure(values: Mapping[int, float], units: Mapping[int, str]) -> Amounts | None:
    """Give amounts of one unit as they are, those of several of a measure, and times, in the smallest."""
    kinds = {next((each for each in _SIZES if size_of(unit, each)), unit) for unit in units.values()}
    if len(kinds) != 1:
        return None
    (kind,) = kinds
    if kind != TIME and len(written := set(units.values())) == 1:
        return Amounts(dict(values), written.pop())
    sizes = {row: size_of(unit, kind) or 1 for row, unit in units.items()}
    return Amounts({row: value * sizes.get(row, 1) for row, value in values.items()}, kind)


def _is_total(cell: str, name: str) -> bool:
    """Say whether a row is of all others, by its first cell and what that column is called."""
    first, *rest = [word for word in analyze(cell) if word not in ("grand", "sub")] or [""]
    is_whole = first in _ALL and set(rest) <= set(analyze(name))
    return is_whole or first in _TOTALS or rest[-1:] == ["total"]
