import pytest
from _cells import cell

FEES = """Berth | Length up to | Fee per night | Fee per month
Small | 8 m | 18 EUR | 310 EUR
Medium | 12 m | 27 EUR | 460 EUR"""


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("What does a medium berth cost per month?", "460 EUR"),
        ("What does a medium berth cost per night?", "27 EUR"),
        ("How much is a small berth for a month?", "310 EUR"),
        ("monthly fee of the small berth", "310 EUR"),
        ("What does a small berth cost per year?", None),
        ("How much is a small berth?", None),
    ],
)
def test_a_column_of_something_per_month(question: str, answer: str | None) -> None:
    assert cell(question, FEES) == answer


def test_the_price_per_something_goes_before_another_amount_per_it() -> None:
    plans = (
        "Plan | Storage per user | Price per user | Users\nTeam | 20 GB | $9 | 50\nFirm | 1 TB | $19 | 90"
    )
    assert cell("What does the Team plan cost per user?", plans) == "$9"
    assert cell("What does the Team plan cost per user and month?", plans) == "$9"
    assert cell("How much storage per user has the Firm plan?", plans) == "1 TB"
