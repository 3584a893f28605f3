"""Questions that rules read, on the shop; what they do not understand they leave alone."""

from pathlib import Path

import pytest
from _shop import Shop, source, sqlite_shop

from rag.sql.reading import Reading, read
from rag.sql.source import SqlSource

QUESTIONS: dict[str, list[tuple[object, ...]]] = {
    "How many products are there?": [(6,)],
    "how many customers live in Sweden": [(3,)],
    "How many customers are in Sweden and Italy?": [(4,)],
    "How many different countries do customers come from?": [(4,)],
    "List all categories of products": [("Digging",), ("Cutting",), ("Watering",)] * 2,
    "What are the distinct categories of products?": [("Digging",), ("Cutting",), ("Watering",)],
    "Which customers are from Uppsala?": [("Ada Lindqvist",), ("Elin Åberg",)],
    "What is the price of the Spade?": [(39,)],
    "What is the city of O'Neill & Sons?": [(None,)],
    "What is the average price of products?": [(33.2167,)],
    "What is the average price of products in the category Cutting?": [(34.95,)],
    "What are the minimum and maximum price of products?": [(12.5, 59.9)],
    "Show the name and price of products": [
        ("Hand Fork", 12.5), ("Spade", 39), ("Pruning Saw", 24.9), ("Hedge Shears", 45),
        ("Watering Can", 18), ("Hose Reel", 59.9),
    ],
    "Which products cost more than 40?": [("Hedge Shears",), ("Hose Reel",)],
    "List products with a price of at most 18": [("Hand Fork",), ("Watering Can",)],
    "products with a price between 20 and 40": [("Spade",), ("Pruning Saw",)],
    "What is the cheapest product?": [("Hand Fork",)],
    "What is the most expensive product?": [("Hose Reel",)],
    "Show the top 2 products by price": [("Hose Reel",), ("Hedge Shears",)],
    "Which product has the lowest price?": [("Hand Fork",)],
    "List the names of products sorted by price in descending order": [
        ("Hose Reel",), ("Hedge Shears",), ("Spade",), ("Pruning Saw",), ("Watering Can",), ("Hand Fork",),
    ],
    "List the products of the category Digging in alphabetical order": [("Hand Fork",), ("Spade",)],
    "How many products are there in each category?": [("Cutting", 2), ("Digging", 2), ("Watering", 2)],
    "How many purchases does each customer have?": [
        ("Ada Lindqvist", 3), ("Bo Ekman", 1), ("Carla Rossi", 1), ("Dieter Vogel", 1), ("Elin Åberg", 1),
    ],
    "Which customer has the most purchases?": [("Ada Lindqvist",)],
    "How many purchases were made in 2025?": [(4,)],
    "How many purchases were made after 2024?": [(5,)],
    "Which products are in the purchases of Carla Rossi?": [("Hedge Shears",), ("Hose Reel",)],
    "total quantity of purchase items": [(15,)],
    "How many quantity of purchase items does the product Watering Can have?": [(3,)],
}  # fmt: skip
PEOPLE = """
    CREATE TABLE singer (id INTEGER PRIMARY KEY, name TEXT, age INTEGER, country TEXT, style, tempo);
    INSERT INTO singer VALUES (1, 'Ann', 70, 'USA', 'Rock', 120), (2, 'Bo', 20, 'Sweden', 'Rock', 120),
        (3, 'Cid', 40, 'sweden', 'Pop', 90), (4, 'rock', 50, 'Norway', 'Pop', 90);
    CREATE TABLE employee (id INTEGER PRIMARY KEY, name TEXT, birth_date DATE, department TEXT);
    INSERT INTO employee VALUES (1, 'Dan', '1950-01-01', 'IT'), (2, 'Eve', '1999-01-01', 'Sales');
    CREATE TABLE company (id INTEGER PRIMARY KEY, name TEXT, founded INTEGER);
    INSERT INTO company VALUES (1, 'Oak', 1801), (2, 'Elm', 2020);
    CREATE TABLE song (id INTEGER PRIMARY KEY, title TEXT, singer_id INT REFERENCES singer, cut DATETIME);
    INSERT INTO song VALUES (1, 'La', 1, 1577836800), (2, 'Do', 2, 1577836800), (3, 'Re', 3, 1600000000);
    CREATE TABLE contract (id INTEGER PRIMARY KEY, name TEXT, amount NUMERIC);
    INSERT INTO contract VALUES (1, 'A', 10.5), (2, 'B', 20);
"""
OF_PEOPLE: dict[str, list[tuple[object, ...]] | None] = {
    "Who is the oldest singer?": [("Ann",)],
    "Who is the youngest singer?": [("Bo",)],
    "Who is the oldest employee?": [("Dan",)],
    "Who is the youngest employee?": [("Eve",)],
    "Which is the oldest company?": [("Oak",)],
    "What is the oldest birth date of the employees?": [("1950-01-01",)],
    "How many singers are from Sweden?": [(2,)],
    "How many singers with style rock are there?": [(2,)],
    "How many singers have tempo 120?": [(2,)],
    "How many employees are in IT?": [(1,)],
    "HOW MANY EMPLOYEES ARE THERE IN IT ALL?": [(2,)],
    "How many singers are in the US?": None,
    "How many songs were cut in 2020?": None,
    "How many songs are of 2020?": None,
    "Which singer has the fewest songs?": [("rock",)],
    "Which singer has the most songs?": [("Ann",)],
    "What is the amount of all contracts?": [(10.5,), (20,)],
    "What is the amount of singers?": [(4,)],
    "What does the company do?": None,
}
UNREAD = {
    "Who manages the shop?": ("manages", "shop"),
    "Which customers are not from Sweden?": ("not",),
    "Which products were never bought?": ("never", "bought"),
    "How long is the warranty of the Spade?": ("How", "long", "warranty"),
    "What is the weather in Uppsala?": ("weather",),
}
NO_QUERY = [
    "What is it?",
    "How many are there?",
    "Which products cost more than 40 or are in the category Digging?",
    "products between 1 and",
    "the most",
    "average of the customers",
    "top 5",
    '"Acme"?',
    "e-mail",
    "c/o?",
    "?",
]


@pytest.fixture(scope="module")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> SqlSource:
    return source(sqlite_shop(tmp_path_factory.mktemp("shop")))


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> SqlSource:
    return source(sqlite_shop(tmp_path_factory.mktemp("people"), PEOPLE))


def reading(question: str, of: SqlSource) -> Reading:
    return read(question, of.schema(), of.values().matches(question), dialect=of.dialect)


def plain(rows: tuple[tuple[object, ...], ...]) -> list[tuple[object, ...]]:
    return [tuple(round(v, 4) if isinstance(v, float) else v for v in row) for row in rows]


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_is_read_and_gives_the_right_rows(question: str, sqlite: SqlSource) -> None:
    found = reading(question, sqlite)
    assert found.sql is not None, found
    rows = plain(sqlite.run(found.sql)[1].rows)
    is_ordered = "ORDER BY" in found.sql
    assert (rows if is_ordered else sorted(rows, key=str)) == (
        QUESTIONS[question] if is_ordered else sorted(QUESTIONS[question], key=str)
    ), found.sql


@pytest.mark.parametrize("question", OF_PEOPLE)
def test_words_that_mean_several_things_are_read_by_the_columns_or_not_at_all(
    question: str, people: SqlSource
) -> None:
    found = reading(question, people)
    rows = plain(people.run(found.sql)[1].rows) if found.sql is not None else None
    assert rows == OF_PEOPLE[question], found


def test_all_of_them_give_the_same_rows_in_both_databases(shop: Shop) -> None:
    of = shop()
    for question, rows in QUESTIONS.items():
        found = reading(question, of)
        assert found.sql is not None, question
        assert sorted(plain(of.run(found.sql)[1].rows), key=str) == sorted(rows, key=str), found.sql


@pytest.mark.parametrize("question", UNREAD)
def test_words_that_are_not_understood_are_named_and_nothing_is_guessed(
    question: str, sqlite: SqlSource
) -> None:
    found = reading(question, sqlite)
    assert (found.sql, found.unread, found.is_sure) == (None, UNREAD[question], False)


@pytest.mark.parametrize("question", NO_QUERY)
def test_what_asks_for_nothing_makes_no_query(question: str, sqlite: SqlSource) -> None:
    assert reading(question, sqlite).sql is None


def test_a_question_without_a_table_or_a_value_and_its_column_is_not_surely_of_the_database(
    sqlite: SqlSource,
) -> None:
    assert not reading("What is the name?", sqlite).is_sure
    assert not reading("What is the price?", sqlite).is_sure
    assert reading("What is the price of the Spade?", sqlite).is_sure
    assert reading("How many products are there?", sqlite).is_sure


def test_a_column_that_points_to_rows_is_not_what_is_asked_for(tmp_path: Path) -> None:
    more = """
        CREATE TABLE employee (id INTEGER PRIMARY KEY, name TEXT, reports_to INT REFERENCES employee (id));
        INSERT INTO employee VALUES (1, 'Ada', NULL), (2, 'Bo', 1);
    """
    assert reading("Which employees report to Ada?", source(sqlite_shop(tmp_path, more))).sql is None


def test_a_table_that_no_key_joins_makes_no_query(tmp_path: Path) -> None:
    lonely = source(sqlite_shop(tmp_path, "CREATE TABLE planet (planet_name TEXT);"))
    assert reading("Which customer has the most planets?", lonely).sql is None
