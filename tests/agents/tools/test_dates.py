"""Reckoning with dates, at a clock that stands still."""

import asyncio
from dataclasses import replace
from datetime import date, timedelta

import pytest
from _tools import EMPTY_SCOPE
from hypothesis import given
from hypothesis import strategies as st

from agents.tools.dates import Dates
from rag.core.errors import InvalidInputError

SCOPE = replace(EMPTY_SCOPE, today=lambda: date(2026, 3, 1))


def reckoned(**arguments: object) -> dict[str, object]:
    data = asyncio.run(Dates().call(arguments, SCOPE)).data
    assert isinstance(data, dict)
    return data


@given(st.dates(date(1, 1, 1), date(9000, 1, 1)), st.integers(-300, 300))
def test_what_was_added_is_the_difference(day: date, amount: int) -> None:
    if day + timedelta(days=400) > day >= date(2, 1, 1):
        then = reckoned(operation="add", date=day.isoformat(), amount=amount, unit="day")["date"]
        assert reckoned(operation="difference", date=day.isoformat(), other=then)["days"] == amount


@pytest.mark.parametrize(
    ("question", "text"),
    [
        (
            "How many days are there between 2024-01-01 and March 5th, 2024?",
            "From 1 January 2024 to 5 March 2024 it is 64 days",
        ),
        ("How long until 25 December 2026?", "is 299 days"),
        ("How many weeks since January 1, 2026?", "59 days (8 weeks and 3 days; 2 months)"),
        ("How many days from 2024-01-01 to 2024-01-09?", "is 8 days (1 week and 1 day; 8 days)."),
        ("What day of the week was 4 July 1776?", "4 July 1776 is a Thursday."),
        ("What date is 1 month after 2024-01-31?", "is 29 February 2024, a Thursday."),
        ("What date was 3 weeks ago?", "3 weeks before 1 March 2026 is 8 February 2026, a Sunday."),
        ("what is today's date", "1 March 2026 is a Sunday."),
        ("what is tomorrow's date?", "2 March 2026 is a Monday."),
        ("what year is it?", "1 March 2026 is a Sunday."),
        ("how many weeks until Christmas", "to 25 December 2026 it is 299 days (42 weeks and 5 days;"),
        ("How many days until New Year’s Eve?", "to 31 December 2026 it is 305 days"),
        ("How many days since Christmas?", "From 25 December 2025 to 1 March 2026 it is 66 days"),
        ("how long until 5 March?", "to 5 March 2026 it is 4 days"),
        ("How many days since 5 March?", "From 5 March 2025 to 1 March 2026"),
        ("When is Easter 2027?", "28 March 2027 is a Sunday."),
        ("What is the date next Friday?", "6 March 2026 is a Friday."),
        ("How many days until Sunday?", "to 1 March 2026 it is 0 days"),
        ("What day is next Sunday?", "8 March 2026 is a Sunday."),
        ("How many days do we have left until Easter?", "to 5 April 2026 it is 35 days"),
        ("How much time has passed since 1 January 2026?", "it is 59 days"),
        ("What day will it be in 3 weeks?", "is 22 March 2026, a Sunday."),
    ],
)
def test_a_question_is_read_and_reckoned(question: str, text: str) -> None:
    arguments = Dates().arguments_from(question)
    assert arguments is not None
    assert text in asyncio.run(Dates().call(arguments, SCOPE)).text


@pytest.mark.parametrize(
    "question",
    [
        "What must be done 30 days after 5 March 2024?",
        "What is today's weather?",
        "What happened on 4 July 1776?",
        "How long does the warranty run?",
        "How many days between two inspections?",
        "When is the Christmas party?",
        "How many people work on Sunday?",
        "How many days of rain were there from 1 March 2024 to 31 March 2024?",
        "How many weeks of vacation did Anna take since 1 January 2024?",
        "How many days has Anna worked since 1 March 2024?",
        "How long was the power out from 5 March 2024 to 6 March 2024?",
        "How many days of leave until 31 December?",
        "What day did production start on 5 March 2024?",
    ],
)
def test_a_question_for_something_else_is_left_alone(question: str) -> None:
    assert Dates().arguments_from(question) is None


@pytest.mark.parametrize(
    "day", ["2024-13-01", "31 February 2024", "soon", "", "5/6/2024", "Christmas 0000"]
)
def test_no_date_is_refused(day: str) -> None:
    with pytest.raises(InvalidInputError, match="is no date; write YYYY-MM-DD"):
        reckoned(operation="weekday", date=day)


def test_a_leap_day_is_the_next_or_the_last_that_there_is() -> None:
    assert reckoned(operation="weekday", date="29 February")["date"] == "2028-02-29"
    assert reckoned(operation="weekday", date="last 29 February")["date"] == "2024-02-29"
    later = replace(SCOPE, today=lambda: date(1896, 3, 1))
    days = asyncio.run(Dates().call({"operation": "weekday", "date": "29 February"}, later)).data
    assert days == {"date": "1904-02-29", "weekday": "Monday"}


@pytest.mark.parametrize("unit", ["day", "week", "month", "year"])
def test_the_end_of_the_calendar_is_an_error(unit: str) -> None:
    with pytest.raises(InvalidInputError, match="leave the years 1 to 9999"):
        reckoned(operation="add", date="9999-12-31", amount=99_999, unit=unit)
