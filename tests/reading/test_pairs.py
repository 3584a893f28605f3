import pytest

from rag.reading.pairs import paired_amount

PAID = (
    "Taxes were $3.1 billion and $3.7 billion in Q2 2031 and Q2 2032, and $3.6 billion and $4.4 billion"
    " for the six months ended June 30, 2031 and 2032, respectively."
)
OWED = "As of May 31, 2032 and January 31, 2032, there were $799 million and $458 million of prepayments."


@pytest.mark.parametrize(
    ("question", "sentence", "amount"),
    [
        ("How much was paid in taxes in Q2 2032?", PAID, "$3.7 billion"),
        ("How much was paid in taxes in the six months ended June 30, 2032?", PAID, "$4.4 billion"),
        ("How much was paid in taxes in the first half of 2031?", PAID, "$3.6 billion"),
        ("How much was paid in taxes?", PAID, None),
        ("How much was paid in 2029?", PAID, None),
        ("What were the prepayments on January 31, 2032?", OWED, "$458 million"),
        ("What were the prepayments on May 31, 2032?", OWED, "$799 million"),
        ("What were the prepayments in 2032?", OWED, None),
        ("Who won in 2031?", "She won in 2031 and 2032.", None),
        ("How many?", "It sold 2 and 3 in 2031 and 2032.", None),
    ],
)
def test_the_amount_of_the_time_that_is_asked_for(question: str, sentence: str, amount: str | None) -> None:
    found = paired_amount(question, sentence)
    assert (None if found is None else sentence[slice(*found)]) == amount
