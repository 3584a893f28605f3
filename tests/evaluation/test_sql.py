"""Queries are judged by their rows; what gives none is wrong."""

import asyncio
import json
from pathlib import Path

import pytest
from _shop import source, sqlite_shop

from rag.core.errors import InvalidInputError
from rag.evaluation.sql import SqlQuestion, evaluate_sql, load_questions, same_rows
from rag.sql.asking import SqlAsker
from rag.sql.schema import Rows

QUESTIONS = [
    SqlQuestion("1", "shop", "How many products are there?", "SELECT count(*) FROM product"),
    SqlQuestion(
        "2", "shop", "Which customers are from Uppsala?", "SELECT name FROM customer WHERE city = 'Lund'"
    ),
    SqlQuestion("3", "shop", "Which customers are loyal?", "SELECT name FROM customer"),
    SqlQuestion(
        "4", "shop", "List the customers sorted by name", "SELECT name FROM customer ORDER BY name DESC"
    ),
]


def test_right_wrong_and_missing_queries_are_counted(tmp_path: Path) -> None:
    shop, asker = source(sqlite_shop(tmp_path)), SqlAsker()
    measures = evaluate_sql(QUESTIONS, lambda name: shop, lambda text, of: asyncio.run(asker.ask(text, of)))
    assert measures["execution_accuracy"] == 0.25
    assert measures["answered"] == 0.75
    assert measures["precision"] == 0.3333
    assert measures["schema_recall"] == 1
    assert (measures["values"], measures["value_recall"]) == (1, 0)
    assert measures["by"] == {"rules": 3}


@pytest.mark.parametrize(
    ("left", "right", "is_ordered", "is_same"),
    [
        ([(1, "a"), (2, "b")], [(2, "b"), (1, "a")], False, True),
        ([(1, "a"), (2, "b")], [(2, "b"), (1, "a")], True, False),
        ([(1,), (1,)], [(1,)], False, False),
        ([(1.00001,)], [(1,)], False, True),
        ([("1",)], [(1,)], False, False),
        ([(None,)], [(None,)], False, True),
        ([(1, 2)], [(2, 1)], False, False),
        ([], [], True, True),
    ],
)
def test_rows_are_compared(
    left: list[tuple[object, ...]], right: list[tuple[object, ...]], is_ordered: bool, is_same: bool
) -> None:
    assert same_rows(Rows((), tuple(left)), Rows((), tuple(right)), is_ordered=is_ordered) is is_same


def test_a_result_that_was_cut_off_is_no_proof() -> None:
    assert not same_rows(Rows((), ((1,),), is_cut=True), Rows((), ((1,),)), is_ordered=False)


def test_a_sample_is_spread_over_the_file(tmp_path: Path) -> None:
    lines = [{"id": str(at), "db": "x", "question": "?", "sql": "SELECT 1"} for at in range(10)]
    (tmp_path / "questions.jsonl").write_text("\n".join(map(json.dumps, lines)))
    assert [question.id for question in load_questions(tmp_path, 3)] == ["0", "3", "6"]
    assert len(load_questions(tmp_path, 99)) == 10


def test_only_line_feeds_end_a_question(tmp_path: Path) -> None:
    line = {"id": "1", "db": "x", "question": "one\u2028two?", "sql": "SELECT 1"}
    text = json.dumps(line, ensure_ascii=False) + "\r\n\r\n"
    (tmp_path / "questions.jsonl").write_text(text, encoding="utf-8-sig", newline="")
    assert [question.text for question in load_questions(tmp_path)] == ["one\u2028two?"]


@pytest.mark.parametrize("text", [None, "{", '{"id": 1}', "[]"])
def test_a_file_that_is_none_says_what_is_wanted(text: str | None, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / "questions.jsonl").write_text(text)
    with pytest.raises(InvalidInputError, match="id, db, question and sql"):
        load_questions(tmp_path)
