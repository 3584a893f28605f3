"""Which row of a table answers, and which others do not."""

import pytest
from _cells import cell
from _passages import passage

from rag.reading.features import units_of
from rag.reading.tables.cells import asked_cells

ERRORS = (
    "Code | Meaning | Action\n404 | Not found | Look again\n409 | Picked up | Wait\n429 | Too many | Wait"
)


def barred(question: str, text: str) -> list[str]:
    """Give the rows of which no cell answers."""
    units = units_of([passage(text)])
    found = asked_cells(question, units)
    return [
        units[number].text for number, place in found.items() if not place and units[number].place.cells
    ]


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("what does error 409 mean", "Picked up"),
        ("What is the action for code 404?", "Look again"),
        ("What do I do after 409 seconds?", None),
        ("what does error 500 mean", None),
    ],
)
def test_a_row_is_called_by_its_number(question: str, answer: str | None) -> None:
    assert cell(question, ERRORS) == answer


def test_of_a_row_called_by_its_number_any_cell_may_answer_and_no_other_row() -> None:
    assert [row[:3] for row in barred("alarm 409", ERRORS)] == ["404", "429"]
    assert barred("alarm 500", ERRORS) == []


def test_a_word_of_a_long_label_names_its_row() -> None:
    shelves = (
        "Code | Description | Price\nS-3 | Shelf, birch, 5 boards | 248\nC-7 | Chair, grey, oak seat | 129"
    )
    assert cell("What is the price of the shelf?", shelves) == "248"
    assert cell("What is the price of the lamp?", shelves) is None


LESSONS = "Time | Monday | Friday\n9:00-9:45 | Maths | Art\n10:00-10:45 | Physics | Music"


def test_a_row_that_says_all_that_is_asked_bars_the_others() -> None:
    assert [row[:4] for row in barred("When is music?", LESSONS)] == ["9:00"]
    assert barred("When is the music exam?", LESSONS) == []


def test_a_row_that_says_a_part_of_what_is_asked_bars_none() -> None:
    drill = "Power | 18 V\nIn the box | drill and case\nWeight | 1.5 kg"
    assert cell("How heavy is the drill?", drill) is None
    assert barred("How heavy is the drill?", drill) == []


STOCK = """Article | Category | Stock
Hose | Garden | 51
Trimmer | Garden | 9
Jigsaw | Tools | 17"""


def test_no_cell_is_the_number_of_several_rows() -> None:
    assert len(barred("How many garden articles are there?", STOCK)) == 3
    assert cell("How many tools articles are in stock?", STOCK) == "17"
    assert cell("How many hoses are in stock?", STOCK) == "51"
    assert (
        cell("How many team members are there in the north?", "Team | Members\nNorth | 7\nSouth | 9") == "7"
    )
