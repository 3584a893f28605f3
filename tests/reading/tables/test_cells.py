from dataclasses import replace

import pytest
from _cells import cell
from _passages import passage

from rag.reading.features import units_of, weights_of
from rag.reading.tables.cells import asked_cells, cell_logit
from rag.scoring.words import content_words

HEADER = "Product | Model | Warranty (months) | Operating range | Price (EUR)"
ROWS = (
    "Indoor sensor | HX-110 | 24 | 0 to 40 °C | 89",
    "Outdoor sensor | HX-240 | 60 | -40 to 70 °C | 149",
)
SALES = "Item | Q3 2024 | Q3 2023\nNet sales | 94,930 | 89,498\nCost of sales | 51,051 | 49,071"


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
        ("How much does the HX-240 cost?", "149"),
        ("Which product is the HX-240?", "Outdoor sensor"),  # the column of the labels
        ("What is the product name of the HX-240?", "Outdoor sensor"),
    ],
)
def test_the_column_that_the_question_names(question: str, answer: str | None) -> None:
    assert cell(question, "\n".join((HEADER, *ROWS))) == answer


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("Which product has a warranty of 60 months?", "Outdoor sensor"),
        ("Which model has a 24-month warranty?", "HX-110"),
        ("What is the price of the product with a warranty of 24 months?", "89"),
        ("What is the warranty of the product with a price of EUR 149?", "60"),
        ("Which product has a warranty of 48 months?", None),
        ("Which product has a price of 60?", None),  # a warranty is 60
        ("What is the price of the product for 40 °C?", None),  # no amount of a column
    ],
)
def test_the_row_that_has_the_value_the_question_states(question: str, answer: str | None) -> None:
    assert cell(question, "\n".join((HEADER, *ROWS))) == answer


def test_a_row_that_has_another_value_than_the_one_stated_is_no_answer() -> None:
    table = passage("\n".join((HEADER, *ROWS)))
    assert (
        list(asked_cells("Which product has a warranty of 48 months?", units_of([table])).values())
        == [None] * 3
    )


RANGES = """Product | Model | Warranty (months) | Operating range | Price (EUR)
Outdoor sensor | HX-240 | 60 | -40 to 70 °C | 149
River gauge | RG-7 | 36 | -20 to 60 °C | 410"""


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("Which product has a warranty of 60 months?", "Outdoor sensor"),  # 60 is of a range besides
        ("Which product has the longest warranty?", "Outdoor sensor"),
        ("Which is the cheapest product?", "Outdoor sensor"),
        ("What is the most expensive product?", "River gauge"),
        ("Which model has the shortest warranty?", "RG-7"),
        ("How much is the cheapest product?", "149"),
        ("What is the highest price?", "410"),
        ("What is the price of the product with the longest warranty?", "149"),
        ("Which product is cheaper?", "Outdoor sensor"),
        ("Which product is more expensive?", "River gauge"),
        ("Which product is cheaper, the gauge or the sensor?", None),
        ("Which product has the highest weight?", None),
        ("Which is the cheapest product above EUR 200?", None),  # a further condition
    ],
)
def test_values_and_superlatives(question: str, answer: str | None) -> None:
    assert cell(question, RANGES) == answer


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("What does shipping cost for orders under 50 euros?", "4.95 EUR"),
        ("What does shipping cost for orders over 50 EUR?", "3 EUR"),
    ],
)
def test_a_row_is_asked_for_by_the_bound_it_is_called_by(question: str, answer: str) -> None:
    orders = "Orders | Shipping cost\nUnder 50 EUR | 4.95 EUR\nOver 50 EUR | 3 EUR"
    assert cell(question, orders) == answer


def test_a_table_without_blanks_beside_its_marks_is_read() -> None:
    table = "|Plan|Per month|\n|---|---|\n|Basic|9 euros|\n|Team|29 euros|"
    assert cell("What does the Team plan cost per month?", table) == "29 euros"


def test_no_cell_answers_where_no_column_is_asked_for() -> None:
    pumps = "Model | Power (W) | Weight (kg)\nAF-310 | 350 | 4.2\nAF-320 | 550 | 5.1"
    assert cell("How much does the AF-320 weigh?", pumps) == "5.1"
    units = units_of([passage(pumps)])
    assert list(asked_cells("What is the price of the AF-310?", units).values()) == [None] * 3
    rent = "Item | 2022 | 2023\nRent income | 318,000 | 331,500\nGrants | 12,000 | 40,000"
    assert cell("What was the rent income in 2022?", rent) == "318,000"
    units = units_of([passage(rent)])
    assert list(asked_cells("What was the rent income in 2021?", units).values()) == [None] * 3


def test_the_first_is_the_1st() -> None:
    prizes = "Place | Masters | Minors\n1st | 800 EUR | 90 EUR\n2nd | 450 EUR | 60 EUR"
    assert cell("What is the second prize in the Masters?", prizes) == "450 EUR"
    assert cell("What is the third prize in the Masters?", prizes) is None


def test_a_row_of_which_all_is_said_is_the_one_of_its_kind() -> None:
    parts = "No | Part | Material | Price\nP1 | Pedal Light | titanium | 132\nP2 | Pedal Grip | steel | 35"
    assert cell("Which pedal is made of titanium?", parts) == "Pedal Light"
    assert cell("Which pedal is made of carbon?", parts) is None


def test_a_thing_called_large_is_not_the_size_of_anything() -> None:
    plots = "Plot | Area | Rent\nSmall | 25 m² | 40\nLarge | 100 m² | 120"
    assert cell("How big is the garden?", plots) is None
    assert cell("How big is the large plot?", plots) == "100 m²"


def test_a_number_of_a_columns_name_states_no_value() -> None:
    table = "In millions | October 29, 2023\nNet sales | 94,930\nCost of sales | 51,051"
    assert cell("What were net sales in millions on October 29, 2023?", table) == "94,930"


def test_a_day_states_no_value() -> None:
    table = "Account | Amount\nGoodwill | 4,372\nLeases | 30"
    assert cell("What is the amount in the account goodwill on October 30, 2022?", table) == "4,372"


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("What were net sales in Q3 2024?", "94,930"),
        ("What were net sales in Q3 2023?", "89,498"),
        ("What were net sales in Q3?", "94,930"),  # the latest
        ("What was the cost of sales in Q3 2023?", "49,071"),
    ],
)
def test_columns_that_differ_by_one_word(question: str, answer: str | None) -> None:
    assert cell(question, SALES) == answer


def test_a_column_of_the_very_word_goes_before_one_of_its_meaning() -> None:
    table = "Product | Price | Cost\nClamp | 12 | 7"
    assert [cell(f"What is the {word} of the clamp?", table) for word in ("cost", "price")] == ["7", "12"]


def test_a_label_that_names_what_is_measured_is_asked_for_by_its_meaning() -> None:
    table = "| | |\n| --- | --- |\n| Tank | 1.8 litres |\n| Weight | 9.2 kg |\n| Power | 1,450 W |"
    assert cell("how heavy is it", table) == "9.2 kg"
    assert cell("how old is it", table) is None


def test_rows_of_another_shape_are_left_alone() -> None:
    assert cell("What is the price of a b?", "A | Price\na b | 1 | 2") is None
    assert cell("What is the price?", HEADER) is None


def test_the_other_rows_of_the_table_are_named_too() -> None:
    units = units_of([passage("\n".join((HEADER, *ROWS)))])
    found = asked_cells("How long is the warranty of the outdoor sensor?", units)
    assert [units[number].text for number, place in found.items() if place] == [ROWS[1]]
    assert [units[number].text for number, place in found.items() if not place] == [ROWS[0], HEADER]


STATEMENT = """Results of the third quarter (in thousands):

| Three Months Ended May 31, 2031 | Three Months Ended May 31, 2032 | Nine Months Ended May 31, 2032
Operating expenses:
Cost of sales | $ 2,930 | $ 3,011 | $ 9,120
Fulfilment | 411 | 398 | 1,207
Total operating expenses | $ 3,341 | $ 3,409 | $ 10,327
Earnings per share:
Basic | $ 0.31 | $ 0.33 | $ 1.01
Diluted | $ 0.30 | $ 0.32 | $ 0.99"""


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("What was the cost of sales in the three months ended May 31, 2032?", "$ 3,011"),
        ("How high was cost of sales in the third quarter of 2031?", "$ 2,930"),
        ("What was fulfilment in the first nine months of 2032?", "1,207"),
        ("What were operating expenses in Q3 2032?", "$ 3,409"),
        ("What were diluted earnings per share in the quarter ended May 31, 2031?", "$ 0.30"),
        ("What was the cost of sales?", "$ 3,011"),  # of the latest time, the first
        ("What was the cost of sales in 2029?", None),
        ("What was fulfilment in the twelve months ended May 31, 2032?", None),
        ("What was the interest expense in Q3 2032?", "$ 3,409"),  # weak: half of the label
    ],
)
def test_a_statement_is_read_by_label_period_and_length(question: str, answer: str | None) -> None:
    assert cell(question, STATEMENT) == answer


def test_a_row_with_all_that_is_asked_is_likelier_than_one_with_half() -> None:
    units = units_of([passage(STATEMENT)])
    logits = []
    for question in ("What were operating expenses in Q3 2032?", "What was interest expense in Q3 2032?"):
        weights = weights_of(content_words(question), units)
        found = asked_cells(question, units)
        logits += [cell_logit(place, units[number], weights) for number, place in found.items() if place]
    assert logits[0] > logits[1] + 1


def test_the_rest_of_a_table_has_its_header_among_the_headings() -> None:
    rest = replace(
        passage("Fulfilment | 411 | 398\nMarketing | 52 | 57"),
        heading=("Results", "| May 31, 2031 | May 31, 2032"),
    )
    found = asked_cells("What was marketing on May 31, 2032?", units_of([rest]))
    assert [rest.text[place.start : place.end] for place in found.values() if place] == ["57"]


def test_a_label_alone_ends_the_row_above_it() -> None:
    units = units_of([passage(STATEMENT)])
    assert "Operating expenses:" in [unit.text for unit in units]
    assert (
        next(unit for unit in units if unit.text.startswith("Basic")).place.group == "Earnings per share:"
    )


def test_a_row_of_dates_amid_a_table_is_the_header_of_what_follows() -> None:
    text = """Inventories: | May 31, 2032 | May 31, 2031
Finished goods | 811 | 790
Other assets: | May 31, 2031 | May 31, 2030
Prepaid royalties | 41 | 52"""
    assert cell("What were prepaid royalties on May 31, 2031?", text) == "41"
    assert cell("What were finished goods on May 31, 2031?", text) == "790"


def test_how_late_something_is_open_is_when_it_closes() -> None:
    hours = passage("Day | Open | Close\nFriday | 09:00 | 21:00\nSunday | 10:00 | 20:00")
    units = units_of([hours])
    cells = asked_cells("how late are you open on friday", units)
    assert [hours.text[cell.start : cell.end] for cell in cells.values() if cell] == ["21:00"]


STOCK = """Item | Location | Quantity | Reorder at | Unit price | Supplier
M8 hex bolt | A-04 | 310 | 400 | 0.21 | Schraubenhof
Work gloves size L | C-01 | 34 | 40 | 5.60 | SafeHands
Epoxy glue | D-15 | 4 | 6 | 14.90 | GrindCo"""


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("where is the epoxy glue kept", "D-15"),
        ("Who supplies epoxy glue?", "GrindCo"),
        ("how many pairs of work gloves do we have", "34"),
        ("how many M8 bolts are left", "310"),
        ("how much are the work gloves", "5.60"),
        ("Who invented epoxy glue?", None),
    ],
)
def test_a_column_is_asked_for_without_its_name(question: str, answer: str | None) -> None:
    assert cell(question, STOCK) == answer


HOURS = """ | April–October | November–March
Monday | closed | closed
Tuesday–Friday | 10:00–18:00 | 11:00–16:00
Saturday, Sunday | 09:30–19:00 | 11:00–17:00"""


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("what time does it close on a wednesday in july", "10:00–18:00"),
        ("When are you open on Sundays in December?", "11:00–17:00"),
        ("when are you open at the weekend in may", None),  # "may" is no month by itself
        ("Is it open on Mondays?", "closed"),  # in both columns
        ("When is it open on Fridays?", None),
    ],
)
def test_days_and_months_within_ranges(question: str, answer: str | None) -> None:
    assert cell(question, HOURS) == answer


def test_days_are_written_short() -> None:
    short = HOURS.replace("Tuesday–Friday", "Tue.–Fri.").replace("Saturday, Sunday", "Sat, Sun")
    assert cell("what time does it close on a wednesday in july", short) == "10:00–18:00"
    assert cell("When are you open on Sundays in December?", short) == "11:00–17:00"
