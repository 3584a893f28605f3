import pytest
from _cells import cell
from _passages import passage

from rag.reading.features import units_of
from rag.reading.tables.cells import asked_cells


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("Which option is the quickest?", "Express"),
        ("Which option is the fastest?", "Express"),
        ("Which option has the slowest delivery?", "Economy"),
        ("Which option has the longest delivery time?", "Economy"),
    ],
)
def test_of_times_the_fastest_is_the_least(question: str, answer: str) -> None:
    options = "Option | Delivery time (days) | Price (EUR)\nEconomy | 9 | 4.20\nExpress | 1 | 14.50"
    assert cell(question, options) == answer


@pytest.mark.parametrize(
    "speed", ["Speed (km/h)", "Men's speed (km/h)", "Men’s speed in 24 h", "Speed, 5 days"]
)
def test_of_speeds_the_fastest_is_the_most(speed: str) -> None:
    assert cell("Which car is the fastest?", f"Car | {speed}\nA | 180\nB | 220") == "B"


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("Which plan has the least storage?", "Trial"),
        ("Which plan has the most storage?", "Firm"),
        ("Which plan has the most support?", None),
        ("Which is the cheapest plan with phone support?", None),
    ],
)
def test_a_superlative_is_of_no_other_column_than_it_names(question: str, answer: str | None) -> None:
    plans = """Plan | Price | Storage | Support
Solo | 1 | 2 GB | e-mail
Firm | 9 | 1 TB | phone
Trial | 2 | 500 MB | e-mail"""
    assert cell(question, plans) == answer


def test_amounts_in_brackets_are_below_zero_and_a_total_is_no_row_to_choose() -> None:
    regions = "Region | Net income\nNorth | 12.4\nSouth | (35.1)\nAll regions | (22.7)\nGroup total | 99"
    assert cell("Which region had the highest net income?", regions) == "North"
    assert cell("Which region had the lowest net income?", regions) == "South"


def test_a_price_on_request_is_not_the_least_and_may_be_the_most() -> None:
    plans = "Plan | Euros a month\nBasic | 9\nTeam | 29\nEnterprise | on request"
    assert cell("which plan is the cheapest", plans) == "Basic"
    assert cell("which plan is the most expensive", plans) is None


@pytest.mark.parametrize(
    "price",
    [
        "Per month | Visits\nBasic | 9 | 2\nTeam | 29 | 8",
        "Seats | Due\nBasic | 2 | 9 euros\nTeam | 8 | 29 euros",
    ],
)
def test_the_cheapest_is_of_a_column_of_money_however_it_is_called(price: str) -> None:
    assert cell("Which plan is the cheapest?", f"Plan | {price}") == "Basic"


def test_equals_answer_with_what_they_have_in_common() -> None:
    table = passage(
        "Plan | Price | Contract\nPlus | 19 | 12 months\nFamily | 45 | 2 years\nMax | 62 | 2 years"
    )
    found = asked_cells("Which plan has the longest contract?", units_of([table])).values()
    assert [table.text[place.start : place.end] for place in found if place] == ["2 years"] * 2


TOOLS = """Article | Name | Category | Price (EUR)
HT-1 | Jigsaw | Power tools | 89.50
HT-2 | Angle grinder | Power tools | 74.00
HT-3 | Claw hammer | Hand tools | 18.95
HT-4 | Multi tool | Hand tools | 24.90"""


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("What is the cheapest power tool?", "Angle grinder"),
        ("How much is the cheapest power tool?", "74.00"),
        ("What is the most expensive hand tool?", "Multi tool"),
        ("Which article is the cheapest?", "HT-3"),
        ("Which hotel is the cheapest?", None),
        ("What is the cheapest garden tool?", None),
    ],
)
def test_only_rows_of_what_is_compared_are_compared(question: str, answer: str | None) -> None:
    assert cell(question, TOOLS) == answer


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("Which branch in the south has the most seats?", "Hill"),
        ("Which branch has the most seats in the north?", "Harbour"),
        ("Which branch of the Krume has the most seats?", "Harbour"),  # of all, by the caption
        ("What is the smallest number of seats?", "12"),
        ("Which branch should I choose if I want the most seats?", "Harbour"),
        ("Which branch seats the most guests?", None),
    ],
)
def test_a_place_that_some_rows_are_of_leaves_the_others_out(question: str, answer: str | None) -> None:
    branches = """The Krume in the north and south:

Branch | District | Seats
Market | North | 24
Station | South | 12
Harbour | North | 40
Hill | South | 18"""
    assert cell(question, branches) == answer
