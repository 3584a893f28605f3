import pytest
from _passages import passage

from rag.generation.features import units_of
from rag.generation.tables import asked_cells

HEADER = "Product | Model | Warranty (months) | Operating range | Price (EUR)"
ROWS = (
    "Indoor sensor | HX-110 | 24 | 0 to 40 °C | 89",
    "Outdoor sensor | HX-240 | 60 | -40 to 70 °C | 149",
)
SALES = "Item | Q3 2024 | Q3 2023\nNet sales | 94,930 | 89,498\nCost of sales | 51,051 | 49,071"


def cell(question: str, text: str) -> str | None:
    """Give the one cell that is asked for."""
    table = passage(text)
    found = [place for place in asked_cells(question, units_of([table])).values() if place]
    return table.text[slice(*found[0])] if len(found) == 1 else None


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("How long is the warranty of the outdoor sensor?", "60"),
        ("What is the price of the outdoor sensor?", "149"),
        ("What is the operating range of HX-240?", "-40 to 70 °C"),
        ("Which model is the outdoor sensor?", "HX-240"),
        ("Who made the outdoor sensor?", None),
        ("What is the price of the gateway?", None),
        ("How long is the warranty of the indoor sensor?", "24"),
        ("What is the price of HX-110?", "89"),
    ],
)
def test_the_column_that_the_question_names(question: str, answer: str | None) -> None:
    assert cell(question, "\n".join((HEADER, *ROWS))) == answer


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("What were net sales in Q3 2024?", "94,930"),
        ("What were net sales in Q3 2023?", "89,498"),
        ("What were net sales in Q3?", None),
    ],
)
def test_columns_that_differ_by_one_word(question: str, answer: str | None) -> None:
    assert cell(question, SALES) == answer


def test_rows_of_another_shape_are_left_alone() -> None:
    assert cell("What is the price of a b?", "A | Price\na b | 1 | 2") is None
    assert cell("What is the price?", HEADER) is None


def test_the_other_rows_of_the_table_are_named_too() -> None:
    units = units_of([passage("\n".join((HEADER, *ROWS)))])
    found = asked_cells("How long is the warranty of the outdoor sensor?", units)
    assert [units[number].text for number, place in found.items() if place] == [ROWS[1]]
    assert [units[number].text for number, place in found.items() if not place] == [HEADER, ROWS[0]]
