"""Reading a table by its headers: which row and which column a question asks for.

Knows words and dates; how reports name periods is periods.py's. Pure functions.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rag.reading.answer_types import is_of_other_unit
from rag.reading.dates import days_of, months_of, year_and_month
from rag.reading.features import Unit, coverage
from rag.reading.numbered import with_ordinals
from rag.reading.questions import asked_words
from rag.reading.tables.comparisons import all_compared, is_called
from rag.reading.tables.labels import (
    DAY_WORDS,
    NOTE,
    cell_texts,
    counts_rows,
    measured_words,
    numbered_row,
    row_fits,
    says_rest,
)
from rag.reading.tables.measures import (
    is_of_all_units,
    of_all_units,
    same_measure,
    with_words_of_columns,
)
from rag.reading.tables.periods import (
    LENGTH_WORDS,
    PERIOD_WORDS,
    is_other_period,
    num_same_lengths,
    rates_of,
    says_period,
)
from rag.reading.tables.superlatives import extreme_across, extreme_cells
from rag.reading.tables.values import stated_value
from rag.scoring.rows import is_amount, is_row
from rag.scoring.words import content_words

__all__ = ["AskedCell", "asked_cells", "cell_logit"]

_Row = tuple[int, Unit]  # with the number of the unit
_QUANTITY = re.compile(r"[$€£¥]?\d[\d.,]*\s*[^\W\d_]+")
_WHICH = re.compile(r"\W*(?:(?:and|at|for|from|in|of|on|to) )*(?:which|what) ([\w-]+)", re.IGNORECASE)
_GOES_BY = re.compile(
    r"\W*what(?:['’]s| is| was) the ([\w-]+)(?: (?:number|no|code|id|name))? (?:of|for)\b", re.IGNORECASE
)
_MADE_OF = re.compile(r"\bmade (?:of|from|out of)\b", re.IGNORECASE)
_DIGIT = re.compile(r"\d")
_SAME = 0.5  # what a word of the same meaning counts in a column's name
_LENGTH = 1.0  # what the length of the period asked for counts in a column's name, in words
# Logits of a cell: of which all of the question is said, half, ...
_NAMED, _HALF_NAMED, _SLOPE = 2.2, 0.0, 4.0  # (from half to all)
_WHOLE = 0.8  # ... added where the question has all of the row's label
_EXTRA = 1.5  # ... taken off where it has nothing of the label
_SHARED = 1.0  # ... taken off where another row of the table fits as well


@dataclass(frozen=True, slots=True)
class AskedCell:
    """The cell that a question asks for, and how sure that is."""

    start: int  # offsets into the passage's text
    end: int
    words: frozenset[str]  # of row, group and column, and of periods if the column is of the asked one
    extra: float  # share of its label's words that nobody asked for
    is_only: bool  # no other row of its table fits as well


def asked_cells(question: str, units: Sequence[Unit]) -> dict[int, AskedCell | None]:
    """Give, for the rows of tables of which a question asks for a cell, that cell or None for other rows.

    Of a table that has none there is nothing, unless its row is asked for and none of its columns of
    amounts is: no other cell of it answers. Rows are weighed by their labels, columns by their names.

    Args:
        question: what is asked.
        units: sentences and rows; rows under equal headers are of one table.

    Returns:
        Number of a unit -> the cell.
    """
    labels = (unit.text[slice(*unit.place.cells[0])] for unit in units if unit.place.cells)
    question = with_ordinals(with_words_of_columns(question), labels)
    asked, conditions = frozenset(content_words(question)), all_compared(question)
    found: dict[int, AskedCell | None] = {}
    for table in _tables(units):
        # A row may be called what looks like a condition: "Children under 16".
        if called := [(number, unit) for number, unit in table if is_called(conditions, cell_texts(unit))]:
            found |= dict.fromkeys(dict(table))
        found |= _cells_of(question, asked, called or table)
    if found:
        # A header names what others answer.
        found |= {n: None for n, unit in enumerate(units) if is_row(unit.text) and not unit.place.cells}
    return found


def cell_logit(cell: AskedCell, unit: Unit, weights: Mapping[str, float]) -> float:
    """Give how likely a cell answers, by what of the question its row, column and table say.

    The weights are set by hand, on questions of our own about two reports.

    Args:
        cell: of the unit.
        unit: a row.
        weights: of the question's words.
    """
    named = coverage(weights, cell.words | unit.about)
    logit = _HALF_NAMED + _SLOPE * (named - 0.5) if named < 1 else _NAMED
    logit += _WHOLE if cell.extra == 0 else -_EXTRA * cell.extra
    return logit if cell.is_only else logit - _SHARED


def _tables(units: Sequence[Unit]) -> Iterable[list[_Row]]:
    tables: dict[tuple[str, int], list[_Row]] = {}
    for number, unit in enumerate(units):
        if unit.place.cells:
            place = (unit.place.header, -1 if unit.place.header else unit.passage)
            tables.setdefault(place, []).append((number, unit))
    return tables.values()


def _cells_of(question: str, asked: frozenset[str], rows: Sequence[_Row]) -> dict[int, AskedCell | None]:
    if (stated := _cells_by_value(question, rows)) is not None:
        return {number: stated.get(number) for number, _ in rows}
    fits, numbered = row_fits(question, asked, rows), numbered_row(question, rows)
    best = max(fits.values())
    chosen = numbered or {number: unit for number, unit in rows if fits[number] == best > 0}
    cells = {n: _asked_cell(question, asked, unit, len(chosen) == 1) for n, unit in chosen.items()}
    if len(chosen) == 1 and not any(cells.values()):
        cells = {n: _named_cell(question, unit) for n, unit in chosen.items()}
    is_count = len(chosen) > 1 and counts_rows(question, rows)
    if is_count or any(cells.values()) or any(_lacks_column(question, asked, u) for u in chosen.values()):
        return {number: None if is_count else cells.get(number) for number, _ in rows}
    if numbered or (chosen and all(says_rest(asked, unit) for unit in chosen.values())):
        return {number: None for number, _ in rows if number not in chosen}
    return {}


def _cells_by_value(question: str, rows: Sequence[_Row]) -> dict[int, AskedCell] | None:
    """Give the cells asked for of the rows that have the value which the question states, if it does.

    So is the most or the least of something.
    """
    names = rows[0][1].place.columns
    stated = stated_value(question, names, {number: cell_texts(unit) for number, unit in rows})
    if stated is None:
        return _extreme_cells(question, rows)
    words = _column_words(question, names[stated.column]) | _column_words(question, names[stated.asked])
    is_only = len(stated.rows) == 1
    return {
        number: _cell(unit, stated.asked, words, is_only) for number, unit in rows if number in stated.rows
    }


def _extreme_cells(question: str, rows: Sequence[_Row]) -> dict[int, AskedCell] | None:
    names = rows[0][1].place.columns
    texts = {number: cell_texts(unit) for number, unit in rows}
    said = {number: unit.words | unit.about for number, unit in rows}
    extreme = extreme_cells(question, names, texts, said) or extreme_across(question, names, texts, said)
    if extreme is None:
        return None
    words = extreme.words.union(*(content_words(name) for name in names))
    return {
        number: _cell(unit, extreme.column, words, is_only=True)
        for number, unit in rows
        if number in extreme.rows
    }


def _cell(unit: Unit, column: int, words: frozenset[str], is_only: bool) -> AskedCell:
    start, end = unit.place.cells[column]
    return AskedCell(unit.start + start, unit.start + end, unit.words | words, 0.0, is_only)


def _lacks_column(question: str, asked: frozenset[str], unit: Unit) -> bool:
    """Say whether several columns of amounts stand open and a word of the question is of none of them.

    So does a year that no column is of, where the columns are of years.
    """
    names = unit.place.columns
    amounts = [n for n, cell in enumerate(cell_texts(unit)) if n and n < len(names) and is_amount(cell)]
    if len({names[n] for n in amounts}) < 2:
        return False
    is_other_year = all(is_other_period(question, names[n]) for n in amounts)
    said = unit.words.union(unit.about, *(_column_words(question, name) for name in names))
    return is_other_year or not asked <= said


def _asked_cell(question: str, asked: frozenset[str], unit: Unit, is_only: bool) -> AskedCell | None:
    """Give the cell of the column that the question names best, but not one whose own words it has.

    None if no column stands out and the cells say different things.
    """
    cells, names = cell_texts(unit), unit.place.columns
    asked |= (measured := measured_words(question, unit))
    days = [days_of(question) & days_of(cell) for cell in cells]
    is_label = [
        bool(day) or (not is_amount(cell) and bool(asked & _label_words(cell)))
        for day, cell in zip(days, cells, strict=True)
    ]
    open_columns = [n for n, cell in enumerate(cells) if cell and n and not is_label[n]]
    if names and len(cells) > len(names):
        return None
    named = [names[n] if n < len(names) else "" for n in range(len(cells))]
    others = [n for n in range(len(cells)) if not is_label[n]]
    column = _which_column(_WHICH, question, others, named)
    if column is None:
        column = _column(question, asked, open_columns, named)
    if column is None:
        column = _which_column(_GOES_BY, question, others, named)
    told = {cells[n] for n in open_columns if cells[n].strip("–—-")}
    if column is None and len(open_columns) > 1 and len(told) == 1:
        column = next(n for n in open_columns if cells[n] in told)
    if column is None or is_of_other_unit(question, cells[column]):
        return None
    start, end = unit.place.cells[column]
    said = unit.words.union(
        content_words(unit.place.group), measured, _column_words(question, named[column])
    )
    if says_period(question, named[column]):
        said |= PERIOD_WORDS
    known = DAY_WORDS if any(days) else frozenset[str]()
    label = frozenset(
        word for n, cell in enumerate(cells) if is_label[n] for word in content_words(NOTE.sub(" ", cell))
    )
    extra = len(label - asked - PERIOD_WORDS - known) / max(len(label), 1)
    return AskedCell(unit.start + start, unit.start + end, said | known, extra, is_only)


def _named_cell(question: str, unit: Unit) -> AskedCell | None:
    """Give the cell that says which of a kind a row is of which all is said: "Which pedal is of steel?"."""
    kind, asked = _WHICH.match(question), frozenset(asked_words(_MADE_OF.sub(" ", question)))
    if kind is None or not says_rest(asked, unit):
        return None
    named = [
        n for n, cell in enumerate(cell_texts(unit)) if set(content_words(kind[1])) & {*content_words(cell)}
    ]
    return _cell(unit, named[0], asked, is_only=True) if named else None


def _label_words(cell: str) -> frozenset[str]:
    """Give the words that make a cell a label if they are asked for: of "4.95 EUR" the number alone."""
    words = frozenset(content_words(cell))
    return words if _QUANTITY.fullmatch(cell) is None else frozenset(filter(_DIGIT.match, words))


def _which_column(
    asks: re.Pattern[str], question: str, columns: Sequence[int], named: Sequence[str]
) -> int | None:
    """Give the one that has the name of the kind asked for, be it that of the labels: "Which team ...?"."""
    kind = asks.match(question)
    words = content_words(kind[1]) if kind is not None else []
    found = [n for n in columns if words and content_words(named[n]) == words]
    return found[0] if len(found) == 1 else None


def _column(
    question: str, asked: frozenset[str], open_columns: Sequence[int], named: Sequence[str]
) -> int | None:
    """Give the column that the question names best; of periods it does not tell apart, the latest."""
    if len(open_columns) == 1 and not any(named[n] for n in open_columns):
        return open_columns[0]
    columns = [n for n in open_columns if not is_other_period(question, named[n])]
    if not columns:
        return None
    rare = Counter(word for n in open_columns for word in set(content_words(named[n])))
    scores = {n: _score(question, asked, named[n], rare) for n in columns}
    best = max(scores.values())
    tied = [n for n in columns if scores[n] == best]
    if len(tied) == 1 and best > 0:
        return of_all_units(question, tied[0], {n: named[n] for n in columns})
    times = {n: time for n in tied if (time := year_and_month(named[n])) is not None}
    return max(times, key=lambda n: (times[n], -n)) if len(times) > 1 else None


def _column_words(question: str, name: str) -> frozenset[str]:
    months = months_of(question) & months_of(name)
    measure = "cost" if is_of_all_units(name) else name
    return same_measure(question, measure).union(content_words(name), content_words(" ".join(months)))


def _score(question: str, asked: frozenset[str], name: str, rare: Counter[str]) -> float:
    """Weigh the question's words in a column's name by how few names have them; periods by their length."""
    own = frozenset(content_words(name))
    words = sum(1 / rare[word] for word in own & asked - LENGTH_WORDS)
    words += _SAME * bool(same_measure(question, name))
    words += bool(months_of(question) & months_of(name)) + bool(rates_of(question) & rates_of(name))
    return words + _LENGTH * num_same_lengths(question, name)
