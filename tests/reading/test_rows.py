import pytest
from _cells import cell


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("deadline for short proposals", "2 March 2026"),
        ("When is the deadline for full proposals?", "8 June 2026, 5 pm"),
        ("when does the jury decide", "15 September"),
        ("How much is the deadline for short proposals?", None),
    ],
)
def test_dates_below_a_header_are_values_of_its_column(question: str, answer: str | None) -> None:
    dates = """Step | Date
Deadline for short proposals | 2 March 2026
Deadline for full proposals | 8 June 2026, 5 pm
Decision of the jury | 15 September"""
    assert cell(question, dates) == answer


def test_years_below_a_header_are_values_and_amid_columns_of_years_a_new_header() -> None:
    assert cell("When was Ann born?", "Name | Born\nAnn | 1990\nBob | 1985") == "1990"
    sheets = "Income | 2023 | 2022\nSales | 9 | 8\nAssets | 2024 | 2023\nCash | 5 | 4"
    assert cell("What was the cash in 2024?", sheets) == "5"
