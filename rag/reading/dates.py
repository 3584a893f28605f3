"""Which days of the week, months and years a text names, those within a range included.

Words of English; pure functions.
"""

import re
from collections.abc import Sequence

__all__ = ["DATE", "DAYS", "days_of", "month_number", "months_of", "without_days", "year_and_month"]

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = "january february march april may june july august september october november december".split()
_SHORT = "Mon Tue Tues Wed Weds Thu Thur Thurs Fri Sat Sun".split()
_SHORT_DAY = re.compile(
    rf"\b(?:{'|'.join(f'{day}|{day.upper()}' for day in _SHORT if day[0] != 'S')})\b\.?", re.ASCII
)
# "Sat" and "Sun" are words as well: days where a time, another day, or the end of a cell or a line follows.
_WEEKEND = re.compile(
    r"(?P<before>day(?:\s?[,;/&–-]\s?|\s(?:and|to|or)\s))(?P<after>S(?:at|un|AT|UN))\b\.?"
    r"|(?<!the )(?<!The )\b(?P<day>S(?:at|un|AT|UN))\b\.?(?=[,:(]?\s?\d|\s?[|)\n]|\?|$"
    r"|\s(?:closed|open|only)\b|(?:\s?[,;/&–-]\s?|\s(?:and|to|or)\s)(?i:sat|sun|\w{3,6}day)\b)"
)
_TO = r" ?(?:to|through|until|till|-|–) ?"
_DAY = rf"({'|'.join(DAYS)})s?"
_DAY_RANGE = re.compile(rf"\b{_DAY}{_TO}{_DAY}\b", re.IGNORECASE)
_ONE_DAY = re.compile(rf"\b{_DAY}\b", re.IGNORECASE)
_PARTS = (
    (re.compile(r"\bweekends?\b", re.IGNORECASE), frozenset(DAYS[5:])),
    (re.compile(r"\b(?:weekdays?|working days?)\b", re.IGNORECASE), frozenset(DAYS[:5])),
    (re.compile(r"\b(?:daily|every day|each day|all days)\b", re.IGNORECASE), frozenset(DAYS)),
)
_MONTH = rf"(sept|{'|'.join(f'{month[:3]}(?:{month[3:]})?' for month in _MONTHS)})\.?"
_MONTH_RANGE = re.compile(rf"\b{_MONTH}{_TO}{_MONTH}(?!\w)", re.IGNORECASE)
_ONE_MONTH = re.compile(rf"\b{_MONTH}(?!\w)", re.IGNORECASE)
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")

DATE = re.compile(
    r"\b(?:\d{4}-\d\d-\d\d|\d{1,2}[./]\d{1,2}[./]\d{2,4}"
    rf"|\d{{1,2}}(?:st|nd|rd|th)? {_MONTH},? \d{{4}}|{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}})\b",
    re.IGNORECASE,
)
"""A day of a year: "2024-05-02", "2 May 2024", "May 2nd, 2024", "2.5.2024"."""


def days_of(text: str) -> frozenset[str]:
    """Give the days of the week that a text names, with those within "Monday to Friday".

    >>> sorted(days_of("open Monday to Wednesday and on Sundays"))
    ['monday', 'sunday', 'tuesday', 'wednesday']
    >>> sorted(days_of("Sat, Sun closed; we sat in the Sun on Wed.")), len(days_of("Mon-Fri"))
    (['saturday', 'sunday', 'wednesday'], 5)
    """
    text = _in_full(text)
    found = {match[1].lower() for match in _ONE_DAY.finditer(text)}
    for match in _DAY_RANGE.finditer(text):
        first, last = (DAYS.index(day.lower()) for day in match.groups())
        found.update(_between(DAYS, first, last))
    return frozenset(found).union(*(days for part, days in _PARTS if part.search(text)))


def months_of(text: str) -> frozenset[str]:
    """Give the months that a text names, with those within "April–October"; "may" only within a range.

    >>> sorted(months_of("November to January")), sorted(months_of("It may rain in July."))
    (['december', 'january', 'november'], ['july'])
    """
    found = {_full(match[1]) for match in _ONE_MONTH.finditer(text) if match[1] != "may"}
    for match in _MONTH_RANGE.finditer(text):
        first, last = (_MONTHS.index(_full(month)) for month in match.groups())
        found.update(_between(_MONTHS, first, last))
    return frozenset(found)


def without_days(text: str) -> str:
    """Leave out the names of days and months.

    >>> without_days("which walks are on Saturdays in July")
    'which walks are on  in '
    """
    text = _in_full(text)
    for pattern in (_ONE_DAY, _ONE_MONTH, *(part for part, _ in _PARTS)):
        text = pattern.sub("", text)
    return text


def year_and_month(text: str) -> tuple[int, int] | None:
    """Give the last year and the last month that a text names, None if it has no year; 0 for no month.

    >>> year_and_month("Months Ended October 30, 2022"), year_and_month("2021"), year_and_month("Price")
    ((2022, 10), (2021, 0), None)
    """
    years = _YEAR.findall(text)
    if not years:
        return None
    months = _ONE_MONTH.findall(text)
    return int(years[-1]), month_number(months[-1]) if months else 0


def month_number(name: str) -> int:
    """Give 1 to 12 for the name of a month, be it cut off; 0 for other words.

    >>> month_number("Sept."), month_number("march"), month_number("Room")
    (9, 3, 0)
    """
    return _MONTHS.index(_full(name)) + 1 if _ONE_MONTH.fullmatch(name) else 0


def _in_full(text: str) -> str:
    """Write days of three or four letters in full."""
    text = _SHORT_DAY.sub(lambda match: _full_day(match[0]), text)
    return _WEEKEND.sub(
        lambda match: (match["before"] or "") + _full_day(match["after"] or match["day"]), text
    )


def _full_day(day: str) -> str:
    return next(name for name in DAYS if name.startswith(day[:3].lower()))


def _between(names: Sequence[str], first: int, last: int) -> Sequence[str]:
    return [*names, *names][first : last + 1 if last >= first else last + 1 + len(names)]


def _full(month: str) -> str:
    return next(name for name in _MONTHS if name.startswith(month[:3].lower()))
