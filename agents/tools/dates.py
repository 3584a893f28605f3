"""Days of the calendar: how far apart, which weekday, which date so much later."""

import calendar
import re
from collections.abc import Mapping
from datetime import date, timedelta

from agents.tools._days import DAY_NAMES, MONTHS, named_day
from agents.tools._tool import Effects, ToolResult, ToolScope
from rag.core.errors import InvalidInputError
from rag.scoring.tools import Tool

__all__ = ["Dates"]

_NEAR = {"today": 0, "now": 0, "tomorrow": 1, "yesterday": -1}
_MONTH = r"(?:" + "|".join(sorted(MONTHS, key=len, reverse=True)) + r")\.?"
_NTH = r"\d{1,2}(?:st|nd|rd|th)?"
_DATE = (
    rf"(?:\d{{4}}-\d{{2}}-\d{{2}}|{_NTH}(?: of)? {_MONTH},? \d{{4}}|{_MONTH} {_NTH},? \d{{4}}"
    rf"|{_NTH}(?: of)? {_MONTH}|{_MONTH} {_NTH}"
    rf"|(?:(?:next|last|this|coming) )?(?:{DAY_NAMES})(?: \d{{4}}| (?:this|of this) year)?"
    r"|today|tomorrow|yesterday|now)"
)
_UNIT = r"(?P<unit>day|week|month|year)s?"
# What may stand between: whoever says more asks for days of rain, or on which day production started.
_IS = r"is|are|was|were|will|would|be|it|there"
_GONE = r"left|remain|remaining|more|to|go|away|have|has|had|do|we|i|been|passed|elapsed|gone|by|exactly"
_HOW_LONG = rf"how (?:many {_UNIT}|long|much time)(?: (?:{_IS}|{_GONE})){{0,5}}?"
_WHAT_DAY = rf"(?:what|which) (?:day of the week|weekday|day|date)(?: (?:{_IS}|falls|fell)){{0,3}}?"
_QUESTIONS = [  # each is the whole of a question; one that asks for more is none of them
    (re.compile(rf"(?:{pattern})[\s?.!]*", re.IGNORECASE), operation)
    for pattern, operation in (
        (
            rf"(?:{_HOW_LONG}|(?:day|week|month|year)s) (?:between|from) (?P<date>{_DATE})"
            rf" (?:and|to|until|till) (?P<other>{_DATE})",
            "difference",
        ),
        (rf"{_HOW_LONG} since (?P<since>{_DATE})", "difference"),
        (rf"{_HOW_LONG} (?:until|till|to) (?P<other>{_DATE})", "difference"),
        (rf"{_WHAT_DAY} (?P<amount>\d{{1,5}}) {_UNIT} (?P<way>after|from|before) (?P<date>{_DATE})", "add"),
        (rf"{_WHAT_DAY} (?P<amount>\d{{1,5}}) {_UNIT} (?P<way>ago)", "add"),
        (rf"{_WHAT_DAY} in (?P<amount>\d{{1,5}}) {_UNIT}", "add"),
        (rf"{_WHAT_DAY} (?:on )?(?P<date>{_DATE})", "weekday"),
        (rf"what(?:['’]s| is) the (?:date|day|weekday) (?:of |on |for )?(?P<date>{_DATE})", "weekday"),
        (
            rf"when is (?P<date>(?:(?:next|this|coming) )?(?:{DAY_NAMES})(?: \d{{4}}| this year)?)",
            "weekday",
        ),
        (
            r"what(?:['’]s| is) (?:the date (?:of )?)?(?P<date>today|tomorrow|yesterday)(?:['’]s date)?",
            "weekday",
        ),
        (r"what (?:day|date|month|year)(?: of the (?:week|month))? is it(?: today| now)?", "weekday"),
    )
]
_MAX_YEARS = 9999
_KINDS = "YYYY-MM-DD, today, or a name: Christmas, next Friday."


class Dates:
    """Reckon with dates."""

    spec = Tool(
        "dates",
        "Reckons with calendar dates: the difference between two dates in days, the weekday of a date, a"
        " date so many days, weeks, months or years after or before another, and today's date.",
        {
            "type": "object",
            "properties": {
                "operation": {
                    "enum": ["difference", "weekday", "add"],
                    "description": "difference (date to other), weekday (of date) or add (amount of unit).",
                },
                "date": {"type": "string", "description": _KINDS, "maxLength": 40},
                "other": {"type": "string", "description": _KINDS, "maxLength": 40},
                "amount": {
                    "type": "integer",
                    "description": "How many; negative for before.",
                    "minimum": -100_000,
                    "maximum": 100_000,
                },
                "unit": {"enum": ["day", "week", "month", "year"]},
            },
            "required": ["operation"],
            "additionalProperties": False,
        },
    )
    effects: Effects = "none"
    needs_permission = False

    def arguments_from(self, question: str) -> Mapping[str, object] | None:
        """Read the dates and what is asked of them."""
        text = " ".join(question.split())[:500]
        for pattern, operation in _QUESTIONS:
            if match := pattern.fullmatch(text):
                return _arguments(operation, match.groupdict())
        return None

    async def call(self, arguments: Mapping[str, object], scope: ToolScope) -> ToolResult:
        """Reckon.

        Raises:
            InvalidInputError: no date, or one outside the years 1 to 9999.
        """
        today = scope.today()
        day = _date(arguments.get("date", "today"), today)
        match arguments["operation"]:
            case "difference":
                text, found = _difference(day, _date(arguments.get("other", "today"), today))
            case "weekday":
                text, found = (
                    f"{_named(day)} is a {day:%A}.",
                    {"weekday": f"{day:%A}", "date": day.isoformat()},
                )
            case _:
                amount, unit = int(str(arguments.get("amount", 0))), str(arguments.get("unit", "day"))
                then = _later(day, amount, unit)
                way = "before" if amount < 0 else "after"
                units = unit if abs(amount) == 1 else f"{unit}s"
                text = f"{abs(amount)} {units} {way} {_named(day)} is {_named(then)}, a {then:%A}."
                found = {"date": then.isoformat(), "weekday": f"{then:%A}"}
        return ToolResult.of(self.spec.name, text, data=found)


def _arguments(operation: str, found: Mapping[str, str | None]) -> Mapping[str, object]:
    day = found.get("date") or "today"
    if since := found.get("since"):
        has_place = re.search(r"\d{4}|today|tomorrow|yesterday|now|last", since, re.IGNORECASE)
        day = since if has_place else f"last {since}"
    arguments: dict[str, object] = {"operation": operation, "date": day}
    if operation == "difference":
        arguments["other"] = found.get("other") or "today"
    if operation == "add":
        sign = -1 if (found.get("way") or "").lower() in ("before", "ago") else 1
        arguments |= {"amount": sign * int(found["amount"] or 0), "unit": (found["unit"] or "day").lower()}
    return arguments


def _date(given: object, today: date) -> date:
    text = str(given).strip().lower().replace(",", " ").replace(".", " ")
    if text in _NEAR:
        return today + timedelta(days=_NEAR[text])
    words = [re.sub(r"(?<=\d)(?:st|nd|rd|th)$", "", word) for word in text.split() if word != "of"]
    try:
        match words:
            case [iso]:
                return date.fromisoformat(iso)
            case [month, day, year] if month in MONTHS:
                return date(int(year), MONTHS[month], int(day))
            case [day, month, year] if month in MONTHS:
                return date(int(year), MONTHS[month], int(day))
    except ValueError:
        pass
    if (found := named_day(" ".join(text.split()), today)) is not None:
        return found
    raise InvalidInputError(f"{str(given)[:40]!r} is no date; write YYYY-MM-DD, 5 March 2024 or today")


def _difference(start: date, end: date) -> tuple[str, dict[str, object]]:
    days = (end - start).days
    early, late = sorted((start, end))
    months = (late.year - early.year) * 12 + late.month - early.month
    months -= _later(early, months, "month") > late
    rest = (late - _later(early, months, "month")).days
    weeks, odd = divmod(abs(days), 7)
    in_weeks = _counted((weeks, "week"), (odd, "day")).replace(", ", " and ")
    in_full = _counted((months // 12, "year"), (months % 12, "month"), (rest, "day"))
    text = (
        f"From {_named(start)} to {_named(end)} it is {days} day{'' if abs(days) == 1 else 's'}"
        f" ({in_weeks}; {in_full})."
    )
    return text, {"days": days, "weeks": weeks, "months": months, "years": months // 12}


def _later(day: date, amount: int, unit: str) -> date:
    """Give the date that much later; of a month too short its last day, as in 31 January + 1 month."""
    try:
        if unit in ("day", "week"):
            return day + timedelta(days=amount * (7 if unit == "week" else 1))
        year, month = divmod(day.year * 12 + day.month - 1 + amount * (12 if unit == "year" else 1), 12)
        return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
    except (OverflowError, ValueError, calendar.IllegalMonthError) as error:
        raise InvalidInputError(
            f"{amount} {unit}s from {day} leave the years 1 to {_MAX_YEARS}; give a smaller amount"
        ) from error


def _named(day: date) -> str:
    return f"{day.day} {calendar.month_name[day.month]} {day.year}"


def _counted(*units: tuple[int, str]) -> str:
    """Say how many of each unit there are, leaving out what there is none of."""
    said = [f"{count} {unit}{'' if count == 1 else 's'}" for count, unit in units if count]
    return ", ".join(said) or "no time"
