import pytest

from rag.reading.tables.values import lacks_value


@pytest.mark.parametrize(
    ("text", "is_lacking"),
    [
        ("Acme has 25 million users.", False),
        ("Acme has 25,000,000 users.", False),
        ("Users (in millions): Acme 25", False),
        ("Acme has 25 thousand users.", True),
        ("Acme has 26 million users.", True),
    ],
)
def test_a_number_of_a_question_is_looked_for_with_its_million(text: str, is_lacking: bool) -> None:
    assert lacks_value("Which company has 25 million users?", [text]) == is_lacking


@pytest.mark.parametrize(
    ("question", "text", "is_lacking"),
    [
        ("Who won the 2015 cup?", "The 2018 cup was won by Ann Lee. More than 300 people came.", True),
        ("Who spoke at the 2015 meeting?", "The meeting hall is open from 9 to 17.", True),
        ("What do 60 mugs get?", "From 5 to 10 mugs: 10% off.", True),
        ("What do 60 mugs get?", "From 5 mugs to 10 mugs: 10% off.", True),
        ("What do 60 mugs get?", "A mug is 9 EUR. More than 50 plates: 10% off.", True),
        ("What do 60 mugs get?", "From 50 mugs: 10% off.", False),
        ("What do 60 mugs get?", "More than 50 blue mugs: 10% off.", False),
        ("What do 60 mugs get?", "50 to 100 mugs: 10% off.", False),
        ("What do 60 mugs get?", "Number of mugs | Discount 50–99 | 10 %", False),
        ("What do 60 mugs get?", "Number of mugs | Discount 10–49 | 5 %", True),
    ],
)
def test_a_band_has_the_numbers_of_what_it_counts(question: str, text: str, is_lacking: bool) -> None:
    assert lacks_value(question, [text]) == is_lacking


@pytest.mark.parametrize("piece", ["1", "1.", "1-", "from 1 ", "1 or "])
def test_a_long_text_is_read_in_linear_time(piece: str) -> None:
    assert lacks_value("What do 60 mugs get?", [piece * 20_000])
