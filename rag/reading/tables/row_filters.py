"""The rows of a table that meet a condition: they answer "which plans cost less than 20" as a whole.

Knows words of English, amounts and times; pure functions.
"""

import math
import re
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from itertools import groupby

from rag.core.types import Passage
from rag.reading.dates import days_of, months_of, without_days
from rag.reading.features import Unit, units_of
from rag.reading.questions import asked_words, asks_several
from rag.reading.tables.amounts import Amounts, column_amounts, full_rows, is_time
from rag.reading.tables.asked_columns import asked_column, unit_factor, words_of
from rag.reading.tables.comparisons import (
    Comparison,
    all_compared,
    compared_thing,
    is_called,
    is_other_currency,
    sets_side_by_side,
    without_comparison,
)
from rag.reading.tables.dated import AskedTime, asked_time, dated_column
from rag.reading.tables.denials import has_words, is_yes_or_no, ticked_columns
from rag.reading.tables.labels import cell_texts
from rag.reading.tables.measures import same_measure
from rag.scoring.rows import is_row
from rag.scoring.words import analyze, content_words

__all__ = ["asked_rows", "asks_rows"]

_ASKS = re.compile(
    r"^\W*(?:\w+,? ){0,3}?(?:which|what|who|list|show|name|find|how many|any)\b"
    r"|\b(?:is|are) there\b",
    re.IGNORECASE,
)
_NOT = re.compile(
    r"\b(?:not|without|no(?! (?:more|less|fewer|longer)\b)|(?:do|does|is|are|has|have)n['’]?t)\b",
    re.IGNORECASE,
)
_MAY_WITHIN = re.compile(r"\b(?:can|could|may|able|allowed|possible)\b.* within\b", re.IGNORECASE)
_TERM = re.compile(r"\b(?:periods?|deadlines?|limits?|windows?|terms?)\b", re.IGNORECASE)
_EXCEPT = re.compile(r"\b(?:never|except|neither|nor|only|unless)\b", re.IGNORECASE)
_ANY = frozenset(
    analyze(
        """anything something item thing product article option one entry row people list have sell offer
        include contain come allow let permit provide need buy rent hire book order last take run go"""
    )
)
"""Words of a row of whatever kind, and of having, which no table need say."""
_PEOPLE = frozenset(analyze("name person people employee staff member colleague everyone everybody"))
"""What rows are called whose first column is called so too."""
_ANY_OR_ALL = re.compile(
    r"\b(?:is|are) there any|^\W*(?:please )?(?:list|show|name)(?: me)? (?:all|every\w+)\b", re.IGNORECASE
)
_WHO = re.compile(r"\W*who\b", re.IGNORECASE)
_COUNTS = re.compile(r"\W*how many ([\w-]+)\b", re.IGNORECASE)
_DIGIT = re.compile(r"\d")


def asked_rows(question: str, passages: Sequence[Passage]) -> tuple[Passage, list[tuple[int, int]]] | None:
    r"""Give the rows of the first table that meet the condition which a question puts, under their header.

    The condition is of the column of amounts that the question names, or that is of its measure or unit, or
    the only one there is. Each further word of the question is of the table as a whole or stands in some
    rows, and then only these are given; where several things are asked for, such words alone are a
    condition. So are the rows that a question compares: "Is Team cheaper than Firm?". None where no row is
    left, where anything of it is open, or where a row is called so: "Children under 16".

    >>> text = "Plan | Price\nBasic | 9\nTeam | 19\nFirm | 49"
    >>> plans = Passage("", "", 1, "", "Plans", None, 0, len(text), 1.0, text)
    >>> for question in ("Which plans cost less than 20 euros?", "Which plans are cheaper than 9?"):
    ...     found = asked_rows(question, [plans])
    ...     print(found and [text[start:end] for start, end in found[1]])
    ['Plan | Price', 'Basic | 9', 'Team | 19']
    None
    """
    if (choose := _choice(question)) is None or _names_label(question, passages):
        return None
    for passage in passages:
        for header, rows in _tables(passage):
            if met := choose(rows):
                return passage, [(each.start, each.end) for each in (*header, *met)]
    return None


def asks_rows(question: str, passages: Sequence[Passage] = ()) -> bool:
    """Say whether a question asks for rows of a table, if there is one, none of which is called so.

    >>> asks_rows("Which plans cost less than 20 euros?"), asks_rows("Which plan is the cheapest?")
    (True, False)
    """
    return _choice(question) is not None and not _names_label(question, passages)


def _choice(question: str) -> Callable[[Sequence[Unit]], Sequence[Unit]] | None:
    """Give what chooses the rows of a table that a question asks for; None where it asks for none."""
    if _EXCEPT.search(question):
        return None
    is_denied = _NOT.search(question) is not None
    if (time := asked_time(question)) is not None:
        return partial(_then, time) if _ASKS.search(question) and not is_denied else None
    if conditions := all_compared(question):
        return partial(_met, question, conditions) if _ASKS.search(question) and not is_denied else None
    if sets_side_by_side(question):
        return partial(_side_by_side, question)
    counted, who = _COUNTS.match(question), _WHO.match(question)
    is_of_several = asks_several(question) or _ANY_OR_ALL.search(question)
    if not (counted or who or is_of_several) or _DIGIT.search(question):
        return None
    things, least = counted[1] if counted else "", 2 if who else 1  # one person is a cell's answer
    return partial(_labelled, _NOT.sub(" ", question), is_denied=is_denied, things=things, least=least)


def _names_label(question: str, passages: Sequence[Passage]) -> bool:
    """Say whether a cell that is no amount has a condition of the question, as "Children under 16" has."""
    conditions = all_compared(question)
    rows = (
        row for passage in (passages if conditions else ()) for _, rows in _tables(passage) for row in rows
    )
    return any(is_called(conditions, cell_texts(row)) for row in rows)


@lru_cache(maxsize=8)  # a long table is looked at several times for a question
def _tables(passage: Passage) -> list[tuple[list[Unit], list[Unit]]]:
    """Give each table's header, without the rule below it, and its rows without totals, if several."""
    found: list[tuple[list[Unit], list[Unit]]] = []
    header: list[Unit] = []
    for (_, is_table), group in groupby(
        units_of([passage]), lambda unit: (unit.place.header, bool(unit.place.cells))
    ):
        run = list(group)
        cells = dict(enumerate(map(cell_texts, run))) if is_table else {}
        rows = [run[number] for number in full_rows(run[0].place.columns, cells)]
        if len(rows) > 1:
            found.append((header, rows))
        header = [unit for unit in run if is_row(unit.text) and re.search(r"\w", unit.text)]
    return found


def _met(question: str, conditions: Sequence[Comparison], rows: Sequence[Unit]) -> Sequence[Unit]:
    for condition in conditions:
        rows = _met_one(question, condition, rows) if rows else []
    return rows


def _met_one(question: str, condition: Comparison, rows: Sequence[Unit]) -> list[Unit]:
    """Give the rows that meet the condition and have the words of a label; none where that is open."""
    names, amounts = rows[0].place.columns, _amounts(rows)
    if (column := asked_column(condition, names, amounts)) is None:
        return []
    factor = unit_factor(condition.unit, names[column], amounts[column].unit)
    told = " ".join((names[column], *(row.text for row in rows)))
    if factor is None or is_other_currency(question, told):
        return []
    of_column = same_measure(words_of(condition), names[column]).union(content_words(names[column]))
    labels = _labels(condition.rest, rows) - of_column - set(content_words(condition.measure))
    ticked = set(range(len(rows))).intersection(*ticked_columns(condition.rest, rows))
    least, most = condition.least * factor, condition.most * factor
    if _MAY_WITHIN.search(question) and _TERM.search(names[column]):
        least, most = most, math.inf  # what may be done within 30 days has a period of as many or more
    return [
        rows[number]
        for number, value in amounts[column].values.items()
        if least <= value <= most and number in ticked and has_words(rows[number], labels)
    ]


def _then(time: AskedTime, rows: Sequence[Unit]) -> list[Unit]:
    """Give the rows of that time which have the words of a label; a cell answers for one of one time."""
    names = rows[0].place.columns
    if (dated := dated_column(time, names, dict(enumerate(map(cell_texts, rows))))) is None:
        return []
    column, days = dated
    labels = _labels(time.rest, rows) - same_measure(time.rest, names[column])
    then = [rows[number] for number, of_row in days.items() if time.has(of_row)]
    found = [row for row in then if has_words(row, labels)]
    return [] if time.is_one and len(found) == 1 else found


def _labelled(
    question: str, rows: Sequence[Unit], *, is_denied: bool, things: str, least: int
) -> Sequence[Unit]:
    """Give the rows that have what only some of them do, or have not: "the plans with phone support".

    Monday is within "Monday to Friday", and so are months. A column of yes and no may be named instead.

    Args:
        question: what is asked, without what denies it.
        rows: of a table.
        is_denied: the others are asked for.
        things: what is to be counted, which are then the rows of a table that has a column of them.
        least: so many rows or none.
    """
    if not _has_rows_of(things, rows):
        return []
    labels, days, months = _labels(without_days(question), rows), days_of(question), months_of(question)
    columns = ticked_columns(question, rows)
    ticked = set(range(len(rows))).intersection(*columns)
    met: list[Unit] = []
    others: list[Unit] = []
    for number, row in enumerate(rows):
        is_then = (not days or days & days_of(row.text)) and (not months or months & months_of(row.text))
        (met if is_then and number in ticked and has_words(row, labels) else others).append(row)
    chosen = others if is_denied else met
    is_telling = bool(met) if is_denied else others or days or months or columns
    return chosen if is_telling and len(chosen) >= least else []


def _side_by_side(question: str, rows: Sequence[Unit]) -> list[Unit]:
    """Give the rows that are compared, each named by all words of a cell, and nothing else is.

    Where one alone is named, those are that have more or less than it: "cheaper than the motor boat".
    """
    asked = set(asked_words(without_comparison(question)))
    named, told = _named(asked, rows)
    others = _labels(without_comparison(question), rows) - told
    if others or not named:
        return []
    return [rows[number] for number in named] if len(named) > 1 else _beyond(question, named[0], rows)


def _named(asked: set[str], rows: Sequence[Unit]) -> tuple[list[int], set[str]]:
    """Give the rows named by all words of a cell, with these words, of the first column where some are.

    Cells of a column that several rows have name none of them.
    """
    for column in zip(*map(cell_texts, rows), strict=False):
        labels = [set(content_words(cell)) for cell in column] if len({*column}) == len(column) else []
        named = [
            number
            for number, label in enumerate(labels)
            if label and label <= asked and not any(label < other <= asked for other in labels)
        ]
        if named:
            return named, set().union(*(labels[number] for number in named))
    return [], set()


def _beyond(question: str, number: int, rows: Sequence[Unit]) -> list[Unit]:
    if (asked := compared_thing(question)) is None:
        return []
    condition, is_more = asked
    amounts = _amounts(rows)
    column = asked_column(condition, rows[0].place.columns, amounts)
    if column is None or (bound := amounts[column].values.get(number)) is None:
        return []
    if condition.measure == "speed" and is_time(rows[0].place.columns[column], amounts[column].unit):
        is_more = not is_more
    values = amounts[column].values.items()
    return [rows[n] for n, value in values if (value > bound if is_more else value < bound)]


def _amounts(rows: Sequence[Unit]) -> dict[int, Amounts]:
    """Give the columns that can be compared, by number; what is "on request" is left out."""
    cells = dict(enumerate(map(cell_texts, rows)))
    columns = {n: column_amounts(cells, n, without_open=True) for n in range(len(cells[0]))}
    return {n: found for n, found in columns.items() if found is not None}


def _labels(question: str, rows: Sequence[Unit]) -> set[str]:
    """Give the words of a question that are not of the table as a whole, or of what a column measures."""
    of_columns = (same_measure(question, name) for name in rows[0].place.columns)
    of_table = frozenset.intersection(*(row.about for row in rows))
    return set(asked_words(question)).difference(_ANY, of_table, _words_of_rows(rows), *of_columns)


def _has_rows_of(things: str, rows: Sequence[Unit]) -> bool:
    """Say whether each row is one of these things: its first column is called so, or one of other names."""
    counted, amounts = set(content_words(things)), _amounts(rows)
    columns = zip(rows[0].place.columns, zip(*map(cell_texts, rows), strict=False), strict=False)
    names = {
        name for n, (name, cells) in enumerate(columns) if n not in amounts and not is_yes_or_no(cells)
    }
    return counted <= _words_of_rows(rows) or any(counted <= set(content_words(name)) for name in names)


def _words_of_rows(rows: Sequence[Unit]) -> frozenset[str]:
    """Give what a row is called: as the first column is, and where that is of people, as people are."""
    words = frozenset(content_words(rows[0].place.columns[0]))
    return words if words.isdisjoint(_PEOPLE) else words | _PEOPLE
