"""A query that is being written: its columns are of tables it reads, and the database prepares it."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from _shop import Shop, source, sqlite_shop

from rag.core.errors import DeadEndError, InvalidInputError
from rag.core.protocols import Delta, GenerationOptions, GeneratorCapabilities, Prompt
from rag.sql.asking import SqlAsker
from rag.sql.running import QueryRuns, bare

GOOD = [
    "SELECT COUNT(*) FROM product",
    "SELECT name FROM product p WHERE p.price > 3",
    "SELECT product.name, AVG(product.price) FROM product WHERE product.category = 'WHERE customer.id'"
    " GROUP BY product.name HAVING COUNT(*) > 1 ORDER BY AVG(product.price) DESC LIMIT 3",
    "SELECT customer.name FROM purchase JOIN customer ON customer.id = purchase.customer_id"
    " WHERE customer.id > 2",
    "SELECT customer.name FROM product, customer ORDER BY product.name",
    "SELECT customer.name FROM product LEFT OUTER JOIN customer USING (id) WHERE customer.id > 2",
    "SELECT customer.name FROM customer WHERE customer.id IN (SELECT purchase.customer_id FROM purchase"
    " WHERE purchase.id IN (SELECT purchase_item.purchase_id FROM purchase_item"
    " WHERE purchase_item.quantity > 2))",
    "SELECT product.name FROM product UNION SELECT customer.name FROM customer ORDER BY 1",
    "SELECT product.name FROM (SELECT name FROM customer) AS product WHERE product.name > 'A'",
    "SELECT product.name FROM customer AS product WHERE product.name > 'A'",
]
OUT_OF_SCOPE = [
    "SELECT customer.name FROM product WHERE",
    "SELECT AVG(customer.id) FROM product GROUP",
    "SELECT customer.name FROM product U",
    "SELECT product.name FROM product WHERE customer.",
    "SELECT product.name FROM product WHERE product.id = 2 AND purchas",
    "SELECT product.name FROM product UNION SELECT product.name FROM customer LIMIT",
    "SELECT product.name FROM product WHERE product.id IN (SELECT 1) AND customer.id",
]


@pytest.fixture
def runs(tmp_path: Path) -> QueryRuns:
    return QueryRuns(source(sqlite_shop(tmp_path)))


@pytest.mark.parametrize("sql", GOOD)
def test_no_start_of_a_query_that_runs_is_refused(sql: str, shop: Shop) -> None:
    condition = QueryRuns(shop())
    assert condition.allows_complete(sql)
    assert [end for end in range(len(sql)) if not condition.allows_prefix(sql[:end])] == []
    assert condition.allows_complete(f"```sql\n{sql};\n```")


@pytest.mark.parametrize("language", ["", "sql", "SQL", "sqlite", "postgresql", "postgres", "PgSQL"])
def test_a_query_is_taken_out_of_its_fence_whatever_language_that_names(language: str) -> None:
    assert bare(f"```{language}\nSELECT 1;\n```") == "SELECT 1"
    assert bare(f"{language} SELECT sql FROM t") == "SELECT sql FROM t"


@pytest.mark.parametrize("sql", OUT_OF_SCOPE)
def test_a_column_of_no_table_that_is_read_is_refused_once_the_tables_are_named(
    sql: str, runs: QueryRuns
) -> None:
    assert not runs.allows_prefix(sql)


def test_a_list_of_tables_that_lacks_one_may_only_go_on(runs: QueryRuns) -> None:
    start = "SELECT customer.name FROM product"
    for end in ("", " ", " J", " JOIN customer", " JOIN customer O", " AS x"):
        assert runs.allows_prefix(start + end)
    for end in (" W", " G", " O", " U", " LIM"):
        assert not runs.allows_prefix(start + end)
    assert not runs.allows_complete(start)


def test_preparing_a_query_reads_no_row_and_says_what_is_wrong(shop: Shop) -> None:
    shop().prepare("SELECT COUNT(*) FROM product a, product b, product c, product d, product e, product f")
    with pytest.raises(InvalidInputError, match="nam"):
        shop().prepare("SELECT nam FROM product")
    with pytest.raises(InvalidInputError, match="only SELECT"):
        shop().prepare("DELETE FROM product")


@dataclass
class Stuck:
    """Writes the start of a query behind which nothing may follow, and then one that runs."""

    keeps_conditions: bool = True
    asked: list[GenerationOptions] = field(default_factory=list)

    @property
    def capabilities(self) -> GeneratorCapabilities:
        return GeneratorCapabilities(
            "stuck", 4096, follows_instructions=True, keeps_conditions=self.keeps_conditions
        )

    def count_tokens(self, text: str) -> int:
        return len(text.split())

    async def stream(self, prompt: Prompt, options: GenerationOptions) -> AsyncGenerator[Delta, None]:
        self.asked.append(options)
        if len(self.asked) == 1:
            yield Delta("SELECT city FROM product")
            raise DeadEndError("none of the tokens")
        assert "no such column: city" in prompt.messages[-1].content
        yield Delta("SELECT name FROM product")


def test_a_query_behind_which_nothing_may_follow_is_written_anew(tmp_path: Path) -> None:
    shop, writer = source(sqlite_shop(tmp_path)), Stuck()
    answer = asyncio.run(SqlAsker(generator=writer).ask("products, please", shop))
    assert answer.sql == "SELECT name FROM product"
    assert [options.conditions for options in writer.asked] == [(QueryRuns(shop),)] * 2


def test_a_model_that_keeps_no_conditions_is_held_to_none(tmp_path: Path) -> None:
    writer = Stuck(keeps_conditions=False)
    asyncio.run(SqlAsker(generator=writer).ask("products, please", source(sqlite_shop(tmp_path))))
    assert writer.asked[0].conditions == ()
