import pytest
from _passages import passage

from rag.reading.tables.row_filters import asked_rows

STAFF = """Name | Team | Role | Start date | City
Ana Duarte | Finance | Controller | 2019-03-01 | Lisbon
Ben Okafor | Engineering | Data engineer | 15 September 2021 | London
Chiara Rossi | Engineering | Head of Engineering | January 2017 | Milan
Elif Kaya | Support | Support lead | 23.11.2020 | Berlin
Farid Haddad | Engineering | Site engineer | 2024 | Berlin"""


def met(question: str, text: str = STAFF) -> list[str] | None:
    """Give the first cells of the rows that are given, without the header."""
    table = passage(text)
    found = asked_rows(question, [table])
    return None if found is None else [table.text[slice(*span)].partition(" |")[0] for span in found[1][1:]]


ANA, BEN, CHIARA, ELIF, FARID = (line.partition(" |")[0] for line in STAFF.splitlines()[1:])


@pytest.mark.parametrize(
    ("question", "rows"),
    [
        ("Who started before 2020?", [ANA, CHIARA]),
        ("who joined after 2020", [BEN, FARID]),
        ("Which employees started between 2019 and 2021?", [ANA, BEN, ELIF]),
        ("Which people in Engineering started since March 2019?", [BEN, FARID]),
        ("Who started by 1 March 2019?", [ANA, CHIARA]),
        ("Who started later than 15 September 2021?", [FARID]),
        ("Which employees started in 2021?", None),  # one: a cell answers
        ("How many people started since 2021?", [BEN, FARID]),
        ("Who was born before 2020?", None),
        ("Who did not start before 2020?", None),
        ("Which employees started before 2010?", None),
        ("Which 2 people started before 2020?", None),
    ],
)
def test_rows_are_chosen_by_their_dates(question: str, rows: list[str] | None) -> None:
    assert met(question) == rows


def test_years_are_no_amounts_and_one_of_several_dates_is_named() -> None:
    leave = "Name | Annual leave\nAna | 27\nBen | 25"
    assert met("Who started before 2020?", leave) is None
    loans = """Book | Lent on | Returned on
Emma | 2024-05-01 | 2024-06-01
Middlemarch | 2024-05-20 | 2024-07-02"""
    assert met("Which books were returned before July 2024?", loans) == ["Emma"]
    assert met("Which books were there before July 2024?", loans) is None
    assert met("Which books were returned in 2024?", loans) == ["Emma", "Middlemarch"]
