"""What a registered database gives and keeps to itself: the same laws for SQLite and PostgreSQL."""

import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
from _shop import Shop, postgresql_shop, source, sqlite_shop

from rag.core.errors import InvalidInputError, NotFoundError, UnavailableError
from rag.core.sql_settings import SqlSourceSettings
from rag.db.session import open_database
from rag.sql._sqlite import SqliteDatabase
from rag.sql.source import SqlSource, SqlSources

ENDLESS = "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT count(*) FROM r"


def test_the_schema_has_tables_types_and_keys(shop: Shop) -> None:
    schema = shop().schema()
    assert sorted(table.name for table in schema.tables) == [
        "customer",
        "product",
        "purchase",
        "purchase_item",
    ]
    product = schema.table("PRODUCT")
    assert product is not None
    assert [column.name for column in product.columns] == ["id", "name", "category", "price"]
    assert [column.is_key for column in product.columns] == [True, False, False, False]
    assert [column.is_number for column in product.columns] == [True, False, False, True]
    assert ("purchase", "customer_id", "customer", "id") in set(schema.joins())


def test_a_query_gives_its_rows_and_itself_as_it_was_run(shop: Shop) -> None:
    sql, rows = shop().run("select name, price from product where price > 40 order by price -- dear ones")
    assert sql == "SELECT name, price FROM product WHERE price > 40 ORDER BY price"
    assert rows.columns == ("name", "price")
    assert rows.rows == (("Hedge Shears", 45), ("Hose Reel", 59.9))
    assert not rows.is_cut


def test_rows_beyond_the_limit_are_cut_and_it_says_so(shop: Shop) -> None:
    two = shop(max_rows=2)
    cut, exact = (
        two.run("SELECT id FROM customer ORDER BY id"),
        two.run("SELECT id FROM customer WHERE id < 3"),
    )
    assert (cut[1].rows, cut[1].is_cut) == (((1,), (2,)), True)
    assert (len(exact[1].rows), exact[1].is_cut) == (2, False)


def test_a_query_that_does_not_end_is_ended(shop: Shop) -> None:
    started = time.monotonic()
    with pytest.raises(UnavailableError, match=r"longer than 0\.5 s"):
        shop(timeout_seconds=0.5).run(ENDLESS)
    assert time.monotonic() - started < 5


def test_tables_that_are_not_named_are_not_there(shop: Shop) -> None:
    narrow = shop(tables=["product", "purchase"])
    assert [table.name for table in narrow.schema().tables] == ["product", "purchase"]
    assert list(narrow.schema().joins()) == []
    with pytest.raises(InvalidInputError, match="no table 'customer'"):
        narrow.run("SELECT * FROM customer")


def test_a_table_that_the_settings_name_wrongly_is_told_of(shop: Shop) -> None:
    summary = shop(tables=["products"]).summary()
    assert summary.tables == ()
    assert summary.error is not None
    assert "has no table products; there is: " in summary.error


def test_views_odd_names_nulls_blobs_and_empty_tables(shop: Shop) -> None:
    found = shop(
        """
        CREATE VIEW dear AS SELECT name FROM product WHERE price > 40;
        CREATE TABLE "Order ""2"", Details" ("a b" INTEGER, "select" VARCHAR(9), "when" DATE);
        INSERT INTO "Order ""2"", Details" VALUES (NULL, 'x', '2024-02-29');
        CREATE TABLE nobody (name VARCHAR(9));
        """
    )
    assert found.run("SELECT name FROM dear ORDER BY name")[1].rows == (("Hedge Shears",), ("Hose Reel",))
    odd = found.run('SELECT "a b", "select", "when" FROM "Order ""2"", Details"')[1]
    assert odd.rows == ((None, "x", "2024-02-29"),)
    assert found.run("SELECT * FROM nobody")[1].rows == ()
    assert found.values().has("X")


def test_a_number_keeps_all_its_digits(shop: Shop) -> None:
    of = shop("CREATE TABLE fund (amount NUMERIC(20, 2)); INSERT INTO fund VALUES (12345678901.25);")
    assert of.run("SELECT amount, amount * 2 FROM fund")[1].rows == ((12345678901.25, 24691357802.5),)


def test_rows_that_are_too_large_are_refused(shop: Shop) -> None:
    long = f"CREATE TABLE page (body TEXT); INSERT INTO page VALUES ('{'x' * 3_000_000}');"
    of = shop(long + "INSERT INTO page SELECT body FROM page;" * 2)
    with pytest.raises(InvalidInputError, match="more than 10000000 characters; select fewer"):
        of.run("SELECT body FROM page")
    assert of.run("SELECT body FROM page LIMIT 3")[1].is_cut is False


def test_values_that_python_has_not_are_texts(new_database: Callable[[], str]) -> None:
    more = """
        CREATE TYPE mood AS ENUM ('fine', 'low');
        CREATE TABLE deal (id INT PRIMARY KEY, until DATE, amount NUMERIC, mood MOOD, facts JSONB);
        INSERT INTO deal VALUES (1, 'infinity', 'Infinity', 'fine', '{"a": true}'),
            (2, '2024-01-31', 12345678901234567.89, 'low', NULL);
    """
    of = source(postgresql_shop(new_database(), more))
    assert of.run("SELECT until, amount, mood, facts, ARRAY['a', NULL] FROM deal ORDER BY id")[1].rows == (
        ("infinity", "Infinity", "fine", '{"a": true}', '["a", null]'),
        ("2024-01-31", "12345678901234567.89", "low", None, '["a", null]'),
    )
    assert of.run("SELECT CAST('NaN' AS DOUBLE PRECISION)")[1].rows == (("nan",),)
    assert of.values().has("fine")


def test_columns_that_take_too_long_hinder_no_other_and_not_for_long(tmp_path: Path) -> None:
    numbers = "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r)"
    views = [
        f"CREATE VIEW slow{n} AS {numbers} SELECT substr('x', n + 2) AS word FROM r;" for n in range(9)
    ]
    slow = source(sqlite_shop(tmp_path, "".join(views)))
    started = time.monotonic()
    assert slow.values().has("Spade")
    assert 1 < time.monotonic() - started < 9


def test_a_database_that_is_down_is_not_tried_again_at_once() -> None:
    tries: list[int] = []
    now = [0.0]

    def hang_up() -> None:
        with suppress(OSError):  # until the server is closed
            while True:
                connection, _ = server.accept()
                tries.append(1)
                connection.close()

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=hang_up, daemon=True).start()
        url = f"postgresql://reader@127.0.0.1:{server.getsockname()[1]}/shop?sslmode=disable"
        down = SqlSource("down", SqlSourceSettings(url=url), clock=lambda: now[0])
        for now[0] in (0, 1, 29, 31, 32):
            with pytest.raises(UnavailableError, match="the database is down"):
                down.schema()
    assert len(tries) == 2


def test_a_refusal_of_the_database_says_what_it_said(shop: Shop) -> None:
    with pytest.raises(InvalidInputError, match=r"refuses the query: .*pric"):
        shop().run("SELECT pric FROM product")


def test_only_sources_open_to_a_collection_are(shop: Shop) -> None:
    assert shop().is_open_to("any")
    assert shop(collections=["sales"]).is_open_to("sales")
    assert not shop(collections=["sales"]).is_open_to("default")


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_groves_own_database_is_refused(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    if kind == "sqlite":
        url = f"sqlite:///{tmp_path / 'grove.db'}"
        open_database(url).close()
    else:
        owner = request.getfixturevalue("postgres_url")
        open_database(owner).close()
        url = postgresql_shop(owner)
    assert "is a database of Grove itself" in str(source(url).summary().error)


def test_a_role_that_may_write_is_refused(postgres_url: str) -> None:
    reader = postgresql_shop(postgres_url)
    owner = postgres_url.replace("postgresql+psycopg://", "postgresql://")
    assert "is a superuser; make one that can only read" in str(source(owner).summary().error)
    with psycopg.connect(owner) as connection:
        connection.execute("GRANT INSERT ON product TO reader")
    assert "may write to product" in str(source(reader).summary().error)


def test_no_password_is_shown(postgres_url: str) -> None:
    down = source(
        postgresql_shop(postgres_url).replace("/?host", "/?host").replace("secret", "wrong-secret")
    )
    shown = f"{source('postgresql://reader:top-secret@127.0.0.1:9/x').summary()} {down.summary()}"
    assert "secret" not in shown


def test_the_file_is_never_written_whatever_passes_the_guard(tmp_path: Path) -> None:
    url = sqlite_shop(tmp_path)
    path = Path(url.removeprefix("sqlite:///"))
    before = path.read_bytes()
    database = SqliteDatabase(path)
    for sql in (
        "DELETE FROM product",
        "INSERT INTO product VALUES (9, 'x', 'y', 1)",
        "CREATE TABLE x (a)",
        "PRAGMA journal_mode=WAL",
        "PRAGMA query_only=OFF",
        f"ATTACH '{tmp_path / 'other.db'}' AS other",
        "VACUUM",
        "SELECT load_extension('x')",
        "SELECT * FROM sqlite_master",
        "SELECT * FROM customer",
    ):
        with pytest.raises(InvalidInputError, match="SQLite refuses"):
            database.run(sql, ["product"], max_rows=9, seconds=5)
    assert path.read_bytes() == before
    assert sorted(each.name for each in tmp_path.iterdir()) == ["shop.db"]


def test_postgresql_writes_nothing_whatever_passes_the_guard(postgres_url: str) -> None:
    database = source(postgresql_shop(postgres_url))._database
    for sql in ("DELETE FROM product", "CREATE TABLE x (a INT)", "SELECT pg_read_file('/etc/passwd')"):
        with pytest.raises(InvalidInputError, match="PostgreSQL refuses"):
            database.run(sql, ["product"], max_rows=9, seconds=5)


def test_a_blob_and_a_text_that_is_no_utf8_are_shown_and_do_no_harm(tmp_path: Path) -> None:
    row = "INSERT INTO files VALUES (CAST(x'ff41' AS TEXT), x'00ff00');"
    more = f"CREATE TABLE files (name TEXT, body BLOB); {row}"
    assert source(sqlite_shop(tmp_path, more)).run("SELECT name, body FROM files")[1].rows == (
        ("\N{REPLACEMENT CHARACTER}A", "<3 bytes>"),
    )


def test_a_value_too_large_is_refused(tmp_path: Path) -> None:
    doubled = "WITH RECURSIVE r(s) AS (SELECT 'x' UNION ALL SELECT s || s FROM r) SELECT length(s) FROM r"
    with pytest.raises(InvalidInputError, match="too big"):
        source(sqlite_shop(tmp_path)).run(doubled)


def test_a_text_in_double_quotes_is_a_text_where_sqlite_takes_it_for_one(tmp_path: Path) -> None:
    rows = source(sqlite_shop(tmp_path)).run('SELECT name FROM customer WHERE city = "Lund"')[1]
    assert rows.rows == (("Bo Ekman",),)


def test_a_missing_file_and_one_that_is_no_database_are_told_of(tmp_path: Path) -> None:
    assert "there is no file" in str(source(f"sqlite:///{tmp_path / 'no.db'}").summary().error)
    (tmp_path / "text.db").write_text("not a database at all, but long enough to be read as one" * 20)
    assert "no SQLite database" in str(source(f"sqlite:///{tmp_path / 'text.db'}").summary().error)


def test_an_unknown_source_names_those_that_there_are() -> None:
    settings = SqlSourceSettings(url="sqlite:////x.db")
    with pytest.raises(NotFoundError, match="no SQL source 'y'; there is: x"):
        SqlSources.registered({"x": settings})["y"]
    with pytest.raises(NotFoundError, match="none is registered"):
        SqlSources.registered({})["y"]
