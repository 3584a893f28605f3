"""Rows by when they are: the time that a question sets bounds by, and the column of dates it is of.

Knows how English writes days, months and years; pure functions.
"""

import re
from calendar import monthrange
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from rag.reading.dates import month_number
from rag.reading.tables.measures import same_measure
from rag.scoring.words import content_words

__all__ = ["AskedTime", "asked_time", "dated_column"]

_YEAR = r"(?:19|20)\d\d"
_NAME = r"[^\W\d_]{3,9}\.?"
_DAY = r"\d{1,2}(?:st|nd|rd|th)?"
_TIME = (
    rf"(?:{_YEAR}-\d\d(?:-\d\d)?|\d{{1,2}}\.\d{{1,2}}\.{_YEAR}"
    rf"|(?:{_DAY} {_NAME},? |{_NAME} (?:{_DAY},? )?)?{_YEAR})"
)
_FORMS = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        rf"(?P<year>{_YEAR})(?:-(?P<month>\d\d)(?:-(?P<day>\d\d))?)?",
        rf"(?P<day>\d{{1,2}})\.(?P<month>\d{{1,2}})\.(?P<year>{_YEAR})",
        rf"(?:(?P<day>\d{{1,2}})(?:st|nd|rd|th)? )?(?P<name>{_NAME}),? (?P<year>{_YEAR})",
        rf"(?P<name>{_NAME}) (?P<day>\d{{1,2}})(?:st|nd|rd|th)?,? (?P<year>{_YEAR})",
    )
)
# A word behind it would be what it counts: "until 2000 km".
_ENDS = r"(?![\w-]|[.,:/]\d)(?! (?!(?:and|or|but|at|for|with|on|as|who|that|have|has|are|is)\b)\w)"
_BOUNDS = re.compile(
    rf"\b(?:(?:between|from) (?P<first>{_TIME}) (?:and|to|until)"
    r"|(?P<word>before|after|since|until|till|by|in|during|earlier than|later than))"
    rf" (?P<time>{_TIME}){_ENDS}",
    re.IGNORECASE,
)
_DIGIT = re.compile(r"\d")
_ONE_DAY = timedelta(days=1)
_Days = tuple[date, date]  # the first and the last of a day, a month or a year
_BOUNDED: dict[str, Callable[[date, date], _Days]] = {
    **dict.fromkeys(("between", "in", "during"), lambda first, last: (first, last)),
    **dict.fromkeys(("before", "earlier than"), lambda first, last: (date.min, first - _ONE_DAY)),
    **dict.fromkeys(("after", "later than"), lambda first, last: (last + _ONE_DAY, date.max)),
    **dict.fromkeys(("until", "till", "by"), lambda first, last: (date.min, last)),
    "since": lambda first, last: (first, date.max),
}
"""What a word before a time asks for, by the first and the last day of the time."""


@dataclass(frozen=True, slots=True)
class AskedTime:
    """From which day to which something has to be, both included, and the rest of the question."""

    first: date
    last: date
    rest: str
    is_one: bool  # what is of one time: "in 2020"

    def has(self, days: _Days) -> bool:
        """Say whether all of these days are within it."""
        return self.first <= days[0] and days[1] <= self.last


def asked_time(question: str) -> AskedTime | None:
    """Give the time that a question sets bounds by; None where it does not, or has a number besides.

    >>> asked = asked_time("Who started before March 2020?")
    >>> str(asked.last), asked.rest
    ('2020-02-29', 'Who started  ?')
    >>> asked_time("Which tyres last until 2000 km?") is None
    True
    """
    match = _BOUNDS.search(question)
    rest = f"{question[: match.start()]} {question[match.end() :]}" if match else ""
    if match is None or _DIGIT.search(rest):
        return None
    days, start = _days(match["time"]), _days(match["first"] or match["time"])
    if days is None or start is None:
        return None
    word = (match["word"] or "between").lower()
    first, last = _BOUNDED[word](start[0], days[1])
    return AskedTime(first, last, rest, is_one=word in ("in", "during"))


def dated_column(
    asked: AskedTime, names: Sequence[str], rows: Mapping[int, Sequence[str]]
) -> tuple[int, dict[int, _Days]] | None:
    """Give the column of dates that a time is of, with the days of its rows; None where several may be.

    Of several it is the one that the question names.

    Args:
        asked: of a question.
        names: of the columns.
        rows: number of a row -> its cells, one for each column.

    >>> rows = {3: ["Ana", "2019-03-01"], 4: ["Ben", "15 May 2021"], 5: ["Eve", ""]}
    >>> column, days = dated_column(asked_time("Who came before 2020?"), ["Name", "Start"], rows)
    >>> column, [row for row, each in days.items() if asked_time("Who came before 2020?").has(each)]
    (1, [3])
    """
    columns: dict[int, dict[int, _Days]] = {}
    for column in range(len(names)):
        told = {row: cells[column].strip() for row, cells in rows.items() if cells[column].strip(" –—-")}
        days = {row: found for row, cell in told.items() if (found := _days(cell)) is not None}
        if len(days) > 1 and len(days) == len(told):
            columns[column] = days
    asks = set(content_words(asked.rest))
    named = [
        n for n in columns if asks & set(content_words(names[n])) or same_measure(asked.rest, names[n])
    ]
    chosen = named or list(columns)
    return (chosen[0], columns[chosen[0]]) if len(chosen) == 1 else None


def _days(text: str) -> _Days | None:
    """Give the days of a text that is a day, a month or a year.

    >>> [str(day) for text in ("2 May 2024", "2024-05", "2024") for day in _days(text)]
    ['2024-05-02', '2024-05-02', '2024-05-01', '2024-05-31', '2024-01-01', '2024-12-31']
    >>> _days("31 June 2024"), _days("Room 2024")
    (None, None)
    """
    match = next(filter(None, (form.fullmatch(text) for form in _FORMS)), None)
    if match is None:
        return None
    given = match.groupdict()
    year, day = int(given["year"]), int(given.get("day") or 0)
    month = month_number(given["name"]) if given.get("name") else int(given.get("month") or 0)
    if month > 12 or (given.get("name") and not month):
        return None
    if not month:
        return date(year, 1, 1), date(year, 12, 31)
    size = monthrange(year, month)[1]
    return (date(year, month, day or 1), date(year, month, day or size)) if day <= size else None
