import pytest
from _passages import passage

from rag.reading.contradictions import contradiction
from rag.reading.features import units_of, windows
from rag.scoring.words import content_words

HOUSE = """The deposit for the flat is 300 EUR. The monthly fee for cleaning is 45 EUR.
The lift was repaired by Holm in March. The roof was repaired by Brandt in June. The shop opens at 9.
Dogs are prohibited in the garden. The kettle runs for 30 minutes. The guarantee lasts one year.
The court has two thousand members."""


def contradicted(claim: str, text: str = HOUSE) -> bool:
    """Say whether what has most words of a claim contradicts it."""
    units = units_of([passage(text)])
    words = set(content_words(claim))
    closest = max(
        windows(units), key=lambda window: len(words & set[str]().union(*(unit.words for unit in window)))
    )
    return contradiction(claim, units)(closest)


@pytest.mark.parametrize(
    "claim",
    [
        "The kettle runs for 30 hours.",
        "The deposit for the flat is $300.",
        "The shop closes at 9.",
        "Dogs are allowed in the garden.",
        "The lift was repaired by Brandt in June.",
        "The deposit for the flat is 45 EUR.",
        "The guarantee lasts one month.",
    ],
)
def test_another_unit_subject_or_the_opposite_contradicts(claim: str) -> None:
    assert contradicted(claim)


@pytest.mark.parametrize(
    "claim",
    [
        "The kettle runs for 30 min.",
        "The flat's deposit is €300.00.",
        "The guarantee lasts 1 year.",
        "The court has 2,000 members.",
        "Dogs are not allowed in the garden.",
        "Holm repaired the lift in March and Brandt the roof in June.",
        "The fee for cleaning is 45 euros.",
        "Dogs are not allowed in the garden of the house.",
    ],
)
def test_the_same_in_other_words_does_not(claim: str) -> None:
    assert not contradicted(claim)


def test_a_sentence_that_points_back_may_be_of_the_subject_before() -> None:
    text = "The Tarn kettle was made by Lund in 2019. It was repaired by Holm in 2024."
    assert not contradicted("The Tarn kettle was repaired by Holm in 2024.", text)


def test_a_claim_of_several_subjects_is_in_several_sentences() -> None:
    text = "Holm pays a fee of 12 EUR. Brandt pays a fee of 6 EUR. Osei pays a fee of 9 EUR."
    assert not contradicted("Holm and Brandt pay fees of 12 EUR and 6 EUR.", text)
    assert contradicted("Holm pays a fee of 7 EUR.", text)


@pytest.mark.parametrize(
    ("claim", "text"),
    [
        ("Net sales were $383,285 million.", "Net sales (in $ millions): 383,285"),
        ("The hall cost 2.5 million dollars.", "The hall cost $2.5M."),
        ("The profit was £1.2 billion.", "The profit was £1.2bn."),
        ("The profit was £1.2 billion.", "The profit was 1.2 bn GBP."),
        ("The profit was £1,200,000,000.", "The profit was £1.2 billion."),
        ("The debt is 383,285,000,000 dollars.", "The debt is $383,285 million."),
        ("Sales rose to 8.1 million or 8.3 million.", "Sales rose to 8.1 or 8.3 million."),
        ("Sales rose to 8.1 or 8.3 million.", "Sales rose to 8.1 million or 8.3 million."),
        ("The hall has two hundred thousand tiles.", "The hall has 200,000 tiles."),
    ],
)
def test_a_number_is_the_same_with_its_million_or_without(claim: str, text: str) -> None:
    assert not contradicted(claim, text)


@pytest.mark.parametrize("claim", ["The hall cost $25 thousand.", "The hall cost 26 million dollars."])
def test_thousands_are_no_millions(claim: str) -> None:
    assert contradicted(claim, "The hall cost $25 million.")
    assert contradicted(claim, "The hall cost $25M.")


@pytest.mark.parametrize(
    ("claim", "text"),
    [
        (
            "The library opens at 9 on Monday.",
            "The library is open on Monday from 9 to 17 and closed on Sunday.",
        ),
        ("The price includes breakfast.", "Breakfast is part of the price, VAT excluded."),
        ("Dogs are allowed in the garden.", "Dogs may be in the garden; smoking is prohibited."),
        (
            "The fee is paid before the course.",
            "The fee for the course is due when you register, refunds are paid after the course.",
        ),
        (
            "Orders over 50 euros ship free.",
            "Orders from 50 euros ship free, those under 50 euros cost 5 euros.",
        ),
        ("The tank holds at most 40 litres.", "The tank holds 40 litres, refill at least weekly."),
    ],
)
def test_the_opposite_of_something_else_does_not_contradict(claim: str, text: str) -> None:
    assert not contradicted(claim, text)


def test_open_and_closed_are_opposites() -> None:
    text = "The café is closed on Mondays, and the shop is open on Mondays."
    assert contradicted("The café is open on Mondays.", "The café is closed on Mondays, like the bar.")
    assert contradicted("The shop is closed on Mondays.", "The shop is open on Mondays.")
    assert not contradicted("The shop is open on Mondays.", text)


def test_a_currency_is_no_name() -> None:
    assert not contradicted("The hall cost 300 EUR.", "The hall cost €300.")
    assert contradicted("The hall cost 300 USD.", "The hall cost €300.")
