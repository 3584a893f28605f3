"""Which column of amounts a comparison is of, and in which unit; pure functions."""

import re
from collections.abc import Mapping, Sequence

from rag.reading.tables.amounts import Amounts, is_measure, seconds_of, size_of
from rag.reading.tables.comparisons import Comparison
from rag.reading.tables.measures import same_measure
from rag.scoring.words import content_words

__all__ = ["asked_column", "unit_factor", "words_of"]

_WORD = re.compile(r"(?<!['’])(?<!\w\()[^\W\d_]+|%")  # not the "s" of "guest's" or "item(s)"


def words_of(condition: Comparison) -> str:
    """Give what a condition says of its column: the rest of the question, the measure and the unit."""
    return f"{condition.rest} {condition.measure} {condition.unit}"


def asked_column(condition: Comparison, names: Sequence[str], amounts: Mapping[int, Amounts]) -> int | None:
    """Give the column that the condition is of; None where several may be, or it is of another measure."""
    columns: list[int] = []
    for words in (condition.rest, condition.unit, condition.measure):
        asked = set(content_words(words))
        columns = columns or [n for n in amounts if asked & set(content_words(names[n]))]
    for words in (condition.rest, words_of(condition)):
        columns = columns or [n for n in amounts if same_measure(words, names[n])]
    if not columns and not condition.measure:
        columns = list(amounts)
    if condition.unit and len(columns) > 1:
        columns = [n for n in columns if _has_unit(condition.unit, names[n], amounts[n].unit)]
    return columns[0] if len(columns) == 1 else None


def unit_factor(unit: str, name: str, column_unit: str) -> float | None:
    """Give how many of the column's unit one of the question's is; None where they do not compare."""
    seconds = seconds_of(unit)
    if is_measure(column_unit):
        return size_of(unit, column_unit)
    if seconds is not None:
        of_name = next(filter(None, map(seconds_of, _WORD.findall(name.casefold()))), None)
        return seconds / of_name if of_name and not column_unit else None
    is_same = not unit or not column_unit or unit.removesuffix("s") == column_unit.removesuffix("s")
    return 1.0 if is_same else None


def _has_unit(unit: str, name: str, column_unit: str) -> bool:
    is_named = column_unit != "" or unit in _WORD.findall(name.casefold()) or seconds_of(unit) is not None
    return is_named and unit_factor(unit, name, column_unit) is not None
