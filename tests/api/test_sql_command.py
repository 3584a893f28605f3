"""`rag sql`, `rag eval sql` and the list over HTTP, as people and scripts see them."""

import json
from pathlib import Path
from typing import Any

import _rag
import pytest
from _http import client_of, small_settings
from _shop import sqlite_shop

from rag.compose import Grove
from rag.core.sql_settings import SqlSettings, SqlSourceSettings


def rag(home: Path, *arguments: str, sources: object = None) -> tuple[int, Any]:
    settings = {} if sources is None else {"GROVE_SQL__SOURCES": json.dumps(sources)}
    done = _rag.rag(*arguments, "--json", "--home", home, variables=settings)
    return done.code, done.json or done.err


@pytest.fixture
def shop(tmp_path: Path) -> dict[str, object]:
    return {"url": sqlite_shop(tmp_path), "description": "a shop"}


def test_sources_are_listed_and_one_that_cannot_be_read_says_why(
    tmp_path: Path, shop: dict[str, object]
) -> None:
    code, result = rag(
        tmp_path, "sql", "sources", sources={"shop": shop, "gone": {"url": "sqlite:////gone.db"}}
    )
    assert code == 3
    found = {each["name"]: each for each in result["sources"]}
    assert found["shop"]["tables"] == ["customer", "product", "purchase", "purchase_item"]
    assert "there is no file" in found["gone"]["error"]
    assert rag(tmp_path, "sql", "sources") == (0, {"sources": []})


def test_a_question_is_answered_with_rows_and_query(tmp_path: Path, shop: dict[str, object]) -> None:
    code, result = rag(tmp_path, "sql", "ask", "Which products cost more than 40?", sources={"shop": shop})
    assert code == 0
    assert result["rows"] == [["Hedge Shears"], ["Hose Reel"]]
    assert (result["source"], result["by"], result["is_cut"]) == ("shop", "rules", False)
    assert result["sql"].startswith("SELECT product.name FROM product")


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("Which products are loyal?",), 2, "no rule reads 'loyal'"),
        (("How many products?", "--source", "x"), 1, "no SQL source 'x'; there is: shop"),
    ],
)
def test_a_wrong_question_says_what_is_wrong(
    tmp_path: Path, shop: dict[str, object], arguments: tuple[str, ...], code: int, message: str
) -> None:
    found, result = rag(tmp_path, "sql", "ask", *arguments, sources={"shop": shop})
    assert found == code
    assert message in result["error"]["message"]


@pytest.mark.parametrize(
    ("sources", "message"),
    [
        ({"shop": {"url": "mysql://x"}}, "starts with one of sqlite:///"),
        ({"The Shop": {"url": "sqlite:////x"}}, "a letter first, got 'The Shop'"),
        ({"shop": {"url": "sqlite:////x", "max_rows": 0}}, "greater than or equal to 1"),
    ],
)
def test_wrong_settings_are_told_of(tmp_path: Path, sources: object, message: str) -> None:
    code, result = rag(tmp_path, "sql", "sources", sources=sources)
    assert code == 2
    assert message in result["error"]["message"]


def test_a_data_set_is_measured(tmp_path: Path) -> None:
    (tmp_path / "db").mkdir()
    Path(sqlite_shop(tmp_path / "db").removeprefix("sqlite:///")).rename(tmp_path / "db" / "shop.sqlite")
    line = {
        "id": "1",
        "db": "shop",
        "question": "How many products are there?",
        "sql": "SELECT count(*) FROM product",
    }
    (tmp_path / "questions.jsonl").write_text(json.dumps(line))
    code, result = rag(tmp_path / "home", "eval", "sql", "--data", str(tmp_path))
    assert code == 0
    assert (result["execution_accuracy"], result["n"]) == (1.0, 1)


def test_the_list_over_http_holds_no_address(tmp_path: Path, shop: dict[str, object]) -> None:
    source = SqlSourceSettings.model_validate(shop)
    settings = small_settings(tmp_path / "home").model_copy(
        update={"sql": SqlSettings(sources={"shop": source})}
    )
    reply = client_of(Grove(settings)).get("/api/v1/sql/sources")
    assert reply.status_code == 200
    assert [each["name"] for each in reply.json()["sources"]] == ["shop"]
    assert "shop.db" not in reply.text


def test_without_a_database_a_question_says_how_to_register_one(tmp_path: Path) -> None:
    code, result = rag(tmp_path, "sql", "ask", "How many customers are there?")
    assert code == 1
    assert result["error"]["message"].startswith(
        "there is nothing to ask: no database is registered (GROVE_"
    )
