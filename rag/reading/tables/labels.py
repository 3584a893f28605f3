"""Which row of a table a question asks for, by what its cells and its group say.

Knows words, days and numbers; pure functions.
"""

import re
from collections import Counter
from collections.abc import Sequence

from rag.reading.dates import DAYS, days_of
from rag.reading.features import Unit
from rag.reading.numbered import numbers_of
from rag.reading.tables.measures import same_measure
from rag.reading.tables.periods import PERIOD_WORDS
from rag.scoring.rows import is_amount
from rag.scoring.words import content_words

__all__ = [
    "DAY_WORDS",
    "NOTE",
    "cell_texts",
    "counts_rows",
    "measured_words",
    "numbered_row",
    "row_fits",
    "says_rest",
]

DAY_WORDS = frozenset(content_words(" ".join((*DAYS, *(day[:3] for day in DAYS)))))
NOTE = re.compile(r"\([^()]*\)")
_HOW_MANY = re.compile(r"\bhow many (?:[\w-]+ )??([\w-]*[^\Ws]s)\b", re.IGNORECASE)
_UNASKED = 0.4  # what a word of a label that is not asked for takes off ...
_LEAST = 0.1  # ... of what those asked for count, of which so much is left
_Row = tuple[int, Unit]  # with the number of the unit


def cell_texts(unit: Unit) -> list[str]:
    """Give what the cells of a row say."""
    return [unit.text[slice(*span)] for span in unit.place.cells]


def row_fits(question: str, asked: frozenset[str], rows: Sequence[_Row]) -> dict[int, float]:
    """Weigh the rows; where none has a word of the question, those whose label names what it measures."""
    counts = Counter(word for _, unit in rows for word in unit.words)
    days = days_of(question)
    fits = {number: _fit(asked, days, unit, counts) for number, unit in rows}
    if max(fits.values()) <= 0:
        return {number: float(bool(measured_words(question, unit))) for number, unit in rows}
    return fits


def _fit(asked: frozenset[str], days: frozenset[str], unit: Unit, counts: Counter[str]) -> float:
    """Weigh a row by the question's words in it, the rarer in its table the more, less those not asked for.

    The words of its group count half: they are of several rows. A day is in "Tuesday to Friday", and a row
    of other days than the question's does not fit.
    """
    told = frozenset[str]().union(*map(days_of, cell_texts(unit))) if days else days
    if told and not days & told:
        return 0.0
    score = 0.0
    for cell in cell_texts(unit):
        words = frozenset(content_words(NOTE.sub(" ", cell))) or frozenset(content_words(cell))
        if days & days_of(cell):
            score, words = score + 1, words - DAY_WORDS
        if not is_amount(cell) and words & asked:
            said = sum(_weight(word, counts) for word in words & asked)
            unasked = sum(_weight(word, counts) for word in words - asked - PERIOD_WORDS)
            score += max(said - _UNASKED * unasked, _LEAST * said)
    if score > 0:
        grouped = frozenset(content_words(unit.place.group))
        score += sum(_weight(word, counts) for word in grouped & asked) / 2
    return score


def numbered_row(question: str, rows: Sequence[_Row]) -> dict[int, Unit]:
    """Give the one row that is called by a number of the question: 409 of "error 409"."""
    numbers = frozenset[str]().union(*numbers_of(question).values())
    found = {number: unit for number, unit in rows if cell_texts(unit)[0] in numbers}
    return found if len(found) == 1 else {}


def counts_rows(question: str, rows: Sequence[_Row]) -> bool:
    """Say whether the question asks how many rows there are: their number is in none of them."""
    counted = _HOW_MANY.search(question)
    name = " ".join(rows[0][1].place.columns[:1])
    return counted is not None and not set(content_words(counted[1])).isdisjoint(content_words(name))


def says_rest(asked: frozenset[str], unit: Unit) -> bool:
    """Say whether a row has all words that its title and header leave: no other row answers then."""
    rest = asked - unit.about
    return bool(rest) and rest <= unit.words


def measured_words(question: str, unit: Unit) -> frozenset[str]:
    """Give the words of the quantity that is asked for and the row's label names: "Weight | 9.2 kg"."""
    return same_measure(question, cell_texts(unit)[0])


def _weight(word: str, counts: Counter[str]) -> float:
    return float(max(counts[word], 1) ** -0.5)
