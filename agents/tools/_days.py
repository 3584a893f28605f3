"""Days that are called by a name: feasts, weekdays, and days of a month without their year.

Such a day is the next one from today on, or, with "last", the one before. Knows the feasts that have one
date all over the world, and Easter of the western churches; no public holidays of a country.
"""

import calendar
import re
from collections.abc import Iterator
from datetime import date, timedelta

__all__ = ["DAY_NAMES", "MONTHS", "named_day"]

MONTHS = {name.lower(): number for number, name in enumerate(calendar.month_name) if name}
MONTHS |= {name.lower(): number for number, name in enumerate(calendar.month_abbr) if name}
"""Names of months, whole and short, in lower case -> 1 to 12."""

_WEEKDAYS = {name.lower(): number for number, name in enumerate(calendar.day_name)}
_FEASTS = {
    "christmas": (12, 25),
    "christmas day": (12, 25),
    "christmas eve": (12, 24),
    "xmas": (12, 25),
    "boxing day": (12, 26),
    "new year": (1, 1),
    "new years": (1, 1),
    "new years day": (1, 1),
    "new years eve": (12, 31),
    "valentines day": (2, 14),
    "halloween": (10, 31),
    "the end of the year": (12, 31),
    "end of the year": (12, 31),
}
_EASTER = ("easter", "easter sunday")
_names = sorted([*_FEASTS, *_EASTER, *_WEEKDAYS], key=len, reverse=True)
DAY_NAMES = "|".join(name.replace("years", "year['’]?s").replace("tines", "tine['’]?s") for name in _names)
"""A pattern of the names."""

_CALLED = re.compile(
    r"(?:(?P<way>next|last|this|coming|on) )?(?P<name>.+?)"
    r"(?: (?P<year>(?!0000)\d{4})| (?:this|of this) year)?"
)
_SPAN = 8  # years looked at on either side of today: around 1900 leap days are so far apart


def named_day(text: str, today: date) -> date | None:
    """Give the day of that name, next to today; None for what is no such name.

    >>> named_day("christmas", date(2026, 11, 29)), named_day("last new year's eve", date(2026, 11, 29))
    (datetime.date(2026, 12, 25), datetime.date(2025, 12, 31))
    >>> named_day("next sunday", date(2026, 11, 29)), named_day("easter 2027", date(2026, 11, 29))
    (datetime.date(2026, 12, 6), datetime.date(2027, 3, 28))
    """
    match = _CALLED.fullmatch(re.sub(r"['’]", "", text.strip().lower()))
    if match is None:
        return None
    name, way = match["name"], match["way"]
    if match["year"]:
        return next((day for day in _days(name, date(int(match["year"]), 1, 1), years=0)), None)
    if name in _WEEKDAYS:
        ahead = (_WEEKDAYS[name] - today.weekday()) % 7
        if way == "last":
            return today - timedelta(days=(today.weekday() - _WEEKDAYS[name]) % 7 or 7)
        return today + timedelta(days=ahead or (7 if way in ("next", "coming") else 0))
    days = list(_days(name, today, years=_SPAN))
    if way == "last":
        return max((day for day in days if day < today), default=None)
    return min((day for day in days if day >= today), default=None)


def _days(name: str, around: date, *, years: int) -> Iterator[date]:
    """Give the days of that name, one a year, of so many years before and after."""
    for year in range(max(around.year - years, 1), min(around.year + years, 9999) + 1):
        if name in _EASTER:
            yield _easter(year)
        elif (found := _FEASTS.get(name) or _month_and_day(name)) and _is_day(year, *found):
            yield date(year, *found)


def _month_and_day(name: str) -> tuple[int, int] | None:
    words = [
        re.sub(r"(?<=\d)(?:st|nd|rd|th)$", "", word.strip(".")) for word in name.split() if word != "of"
    ]
    match words:
        case [month, day] if month in MONTHS and day.isdigit():
            return MONTHS[month], int(day)
        case [day, month] if month in MONTHS and day.isdigit():
            return MONTHS[month], int(day)
    return None


def _is_day(year: int, month: int, day: int) -> bool:
    return 1 <= day <= calendar.monthrange(year, month)[1]


def _easter(year: int) -> date:
    """Give Easter Sunday of the western churches.

    Source: Meeus, Jones and Butcher's algorithm; https://en.wikipedia.org/wiki/Date_of_Easter
    """
    golden, (century, rest) = year % 19, divmod(year, 100)
    correction = (century - (century + 8) // 25 + 1) // 3
    epact = (19 * golden + century - century // 4 - correction + 15) % 30
    weekday = (32 + 2 * (century % 4) + 2 * (rest // 4) - epact - rest % 4) % 7
    late = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * late + 114, 31)
    return date(year, month, day + 1)
