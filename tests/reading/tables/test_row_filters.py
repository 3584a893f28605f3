import pytest
from _passages import passage
from hypothesis import given
from hypothesis import strategies as st

from rag.reading.tables.row_filters import asked_rows, asks_rows

PLANS = """Our plans

Plan | Price per month (EUR) | Storage | Notice (months) | Seats
Basic | 9 | 10 GB | 1 | 1
Team | 19 | 100 GB | 1 | 5
Firm | 49.50 | 1,000 GB | 3 | 50
Custom | on request | 5,000 GB | 12 | unlimited"""
WALKS = """Walk | Length | Time | Grade
Lake round | 4.5 km | 90 min | easy
Ridge path | 12 km | 5 h | hard
Gorge | 7 km | 150 min | hard
Total | 23.5 km | 9 h |"""


def met(question: str, text: str) -> list[str] | None:
    """Give the first cells of the rows that are given, without the header."""
    table = passage(text)
    found = asked_rows(question, [table])
    if found is None:
        return None
    header, *rows = (table.text[start:end] for start, end in found[1])
    assert header.startswith(("Plan |", "Walk |"))
    return [row.partition(" |")[0] for row in rows]


@pytest.mark.parametrize(
    ("question", "rows"),
    [
        ("Which plans cost less than 20 euros?", ["Basic", "Team"]),
        ("which plans are cheaper than €19", ["Basic"]),
        ("List the plans that cost 19 euros or more", ["Team", "Firm"]),
        ("What plans cost between 10 and 50 euros?", ["Team", "Firm"]),
        ("Which plans have at least 100 GB?", ["Team", "Firm", "Custom"]),
        ("Which plans have up to 100 GB of storage?", ["Basic", "Team"]),
        ("Which plans have a notice of more than 60 days?", ["Firm", "Custom"]),
        ("Which plans have a notice of at least 1 year?", ["Custom"]),
        ("Which plans are for more than 5 seats?", ["Firm", "Custom"]),
        ("Which plans cost less than 20 dollars?", None),
        ("Which plans cost less than 5 euros?", None),
        ("Which plans do not cost less than 20 euros?", None),
        ("Which green plans cost less than 20 euros?", None),
        ("Which plans are heavier than 20 kg?", None),
        ("How much does the plan below 20 euros cost?", None),
        ("Which plans have more than 100 TB?", None),
        ("Which plans have more than 2 thousand GB?", None),
        ("Which of the 3 plans cost less than 20 euros?", None),
        ("Which plans have at least 100 GB and cost less than 50 euros?", ["Team", "Firm"]),
        ("Are there plans under 10 euros?", ["Basic"]),
        ("Which plans are there?", None),
        ("Which plans have a notice of 1 month?", ["Basic", "Team"]),
        ("Which plans have a notice of 2 months?", None),
        ("How many plans cost less than 20 euros?", ["Basic", "Team"]),
        ("Which plan has a notice of 1 month?", None),
    ],
)
def test_rows_of_plans(question: str, rows: list[str] | None) -> None:
    assert met(question, PLANS) == rows


@pytest.mark.parametrize(
    ("question", "rows"),
    [
        ("Which walks are longer than 5 km?", ["Ridge path", "Gorge"]),
        ("Which walks take less than 3 hours?", ["Lake round", "Gorge"]),
        ("Which walks last more than 2 hours?", ["Ridge path", "Gorge"]),
        ("Which hard walks take under 3 hours?", ["Gorge"]),
        ("Which walks are over 5?", None),
        ("Which walks are hard?", ["Ridge path", "Gorge"]),
        ("Which hard walks are there on Mondays?", None),
        ("Which walks are steep?", None),
        ("Which walks are not hard?", ["Lake round"]),
        ("Which walks are neither hard nor long?", None),
        ("Which walks aren't steep?", None),
        ("Which is longer, the gorge or the ridge path?", ["Ridge path", "Gorge"]),
        ("Is the gorge walk shorter than the ridge path?", ["Ridge path", "Gorge"]),
        ("What is the difference between the gorge and the lake round?", ["Lake round", "Gorge"]),
        ("Which is longer, the gorge or the Rhine?", None),
        ("Which walks take longer than the gorge?", ["Ridge path"]),
        ("Which walks have more length than the gorge?", ["Ridge path"]),
        ("Which walks are cheaper than the gorge?", None),
        ("Which walks are longer than 2 hours?", ["Ridge path", "Gorge"]),
        ("Which walks are faster than 100 minutes?", ["Lake round"]),
        ("Which walks have a faster time than the gorge?", ["Lake round"]),
    ],
)
def test_units_and_labels(question: str, rows: list[str] | None) -> None:
    assert met(question, WALKS) == rows


@pytest.mark.parametrize(
    ("question", "rows"),
    [
        ("Which plans are open on Saturdays?", ["Late"]),
        ("is there anything on a Thursday", ["Early", "Late"]),
        ("Which plans are not open on Thursdays?", None),
        ("Which plans are open in May?", ["Early"]),
    ],
)
def test_days_and_months_within_others(question: str, rows: list[str] | None) -> None:
    table = """Opening hours

Plan | Open | Season
Early | Monday to Friday | March–June
Late | Thursday–Sunday | June–October"""
    assert met(question, table) == rows


@pytest.mark.parametrize(
    ("question", "rows"),
    [
        ("Which plans include phone support?", ["Team", "Firm"]),
        ("Which plans don't include phone support?", ["Basic"]),
        ("Which plans have a backup?", ["Firm"]),
        ("How many plans have phone support?", ["Team", "Firm"]),
        ("How many domains have phone support?", None),
        ("Which plan has phone support and costs less than 20?", ["Team"]),
        ("Which plans have phone support and a backup?", ["Firm"]),
        ("Which plans have a domain?", ["Basic", "Team", "Firm"]),
    ],
)
def test_columns_of_yes_and_no(question: str, rows: list[str] | None) -> None:
    table = """Plan | Phone support | Backup | Domain | Price
Basic | no | – | yes | 9
Team | yes | - | yes | 19
Firm | Yes | ✓ | yes | 49"""
    assert met(question, table) == rows


@pytest.mark.parametrize(
    ("question", "is_of_rows"),
    [
        ("What is the fee for children under 16?", False),
        ("What do groups of at least 10 pay?", False),
        ("Which fees are under 16 euros?", False),
        ("Which fees are under 12 euros?", True),
        ("What is the fee for children under 12?", True),
    ],
)
def test_what_a_row_is_called_is_no_condition(question: str, is_of_rows: bool) -> None:
    fees = passage("Visitor | Fee\nAdults | 12\nChildren under 16 | 6\nGroups of 10 or more | 90")
    other = passage("Plan | Price\nBasic | 9\nTeam | 19", document="d2")
    assert asks_rows(question, [other, fees]) == is_of_rows
    assert is_of_rows or asked_rows(question, [other, fees]) is None


def test_what_may_be_done_within_a_time_has_a_period_as_long() -> None:
    items = "Plan | Return period (days)\nBooks | 14\nShoes | 30\nBeds | 100"
    assert met("Which plans can be returned within 30 days?", items) == ["Shoes", "Beds"]
    times = items.replace("Return period", "Delivery time")
    assert met("Which plans can come within 30 days?", times) == ["Books", "Shoes"]


@pytest.mark.parametrize(
    ("question", "rows"),
    [
        ("Which plans allow dogs?", ["Red"]),
        ("Which plans have no dogs?", ["Blue", "Green"]),
        ("Which plans are quiet?", ["Blue", "Green"]),
        ("Which plans are non-smoking?", ["Green"]),
        ("Which plans allow smoking?", ["Red"]),
        ("Which plans have a balcony and cost under 90?", ["Red"]),
    ],
)
def test_a_cell_that_denies_something_does_not_have_it(question: str, rows: list[str]) -> None:
    rooms = """Plan | Price | Remarks
Blue | 70 | quiet, no dogs
Red | 80 | dogs and smoking allowed, balcony
Green | 80 | quiet, without balcony, non-smoking"""
    assert met(question, rooms) == rows


@pytest.mark.parametrize(
    ("question", "rows"),
    [
        ("Which plans have a sauna?", ["Red", "Green"]),
        ("Which plans have no sauna?", ["Blue", "White"]),
        ("Which plans have a pool?", ["Blue", "White"]),
        ("Which plans have a balcony?", ["Green"]),
        ("Which plans allow dogs?", ["Green"]),
        ("Which plans include breakfast?", ["Blue"]),
    ],
)
def test_only_what_stands_behind_a_denial_is_denied(question: str, rows: list[str]) -> None:
    rooms = """Plan | Price | Remarks
Blue | 70 | pool without extra charge, breakfast
Red | 80 | sauna at no extra cost; dogs not allowed
Green | 85 | exclusive sauna, balcony, dogs
White | 90 | sauna not included; pool, breakfast excluded, dogs: none"""
    assert met(question, rooms) == rows


def test_rows_are_compared_by_whichever_column_names_them() -> None:
    parts = """Plan | Part | Material | Grams
P1 | Saddle Tour | steel | 480
P2 | Saddle Race | steel | 140
P3 | Bell | brass | 90"""
    assert met("Is the Saddle Tour heavier than the Saddle Race?", parts) == ["P1", "P2"]
    assert met("Is P1 heavier than P3?", parts) == ["P1", "P3"]
    assert met("Is steel heavier than brass?", parts) is None


@pytest.mark.parametrize(
    ("question", "rows"),
    [
        ("Who leads walks in Elm?", ["Ana", "Ben"]),
        ("who is in Oak", None),  # one: a cell answers
        ("List everyone in Elm", ["Ana", "Ben"]),
        ("Which employees are in Elm?", ["Ana", "Ben"]),
        ("How many members are in Elm?", ["Ana", "Ben"]),
        ("How many roles are in Elm?", ["Ana", "Ben"]),
        ("How many ages are in Elm?", None),
    ],
)
def test_people_are_what_the_rows_of_a_table_of_names_are(question: str, rows: list[str] | None) -> None:
    table = passage("""Name | Branch | Role | Age
Ana | Elm | leads walks | 31
Ben | Elm | leads walks | 40
Eve | Oak | cook | 52""")
    found = asked_rows(question, [table])
    assert rows == (found and [table.text[slice(*span)].partition(" |")[0] for span in found[1][1:]])


CELLS = st.sampled_from(
    ["", "Plan", "9", "19 GB", "1,000", "2 h", "30 min", "unlimited", "-", "Total", "chat | x"]
)
QUESTIONS = st.sampled_from(
    [
        "Which plans cost less than 20 euros?",
        "which plans have at least 1 h",
        "Which plans have chat?",
        "which plans don't have chat",
        "Which plans are longer than plan?",
        "Is plan cheaper than total?",
    ]
)


@given(QUESTIONS, st.lists(st.lists(CELLS, min_size=1, max_size=4).map(" | ".join), max_size=6))
def test_whatever_stands_in_a_table_what_is_given_are_lines_of_it(question: str, lines: list[str]) -> None:
    table = passage("\n".join(lines) or "nothing")
    found = asked_rows(question, [table])
    rows = [] if found is None else [table.text[start:end] for start, end in found[1]]
    assert set(rows) <= {line.strip() for line in lines}
