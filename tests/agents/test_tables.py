"""Rows of a table that is cut into several passages."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from agents.runs import ask
from agents.tables import asked_table
from agents.tools import tool_scope
from indexing.corpus import index_corpus
from indexing.loaders.csv import Csv
from indexing.loaders.markdown import Markdown
from rag.compose import Grove
from rag.core.events import AnswerFinished
from rag.core.settings import Part, Settings
from rag.core.types import Answer

LINES = [f"Bolt M{n},{'Hexa' if n % 50 else 'Norfix'},{n % 7},{n}" for n in range(200)]


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Grove]:
    grove = Grove(Settings(home=tmp_path, encoder=Part(kind="hashing")))
    document = Csv().load("\n".join(("Part,Supplier,Stock,Price", *LINES)).encode(), name="parts.csv")
    index_corpus(grove, [("parts.csv", document)], collection="default")
    assert len(grove.catalog.documents("default", limit=1, after=None)) == 1
    yield grove
    grove.database.close()


def answered(question: str, grove: Grove) -> Answer:
    async def run() -> Answer:
        events = [event async for event in ask(grove, question, retriever="lexical")]
        (answer,) = (event.answer for event in events if isinstance(event, AnswerFinished))
        return answer

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("question", "rows"),
    [
        ("Which parts does Norfix supply?", [f"Bolt M{n}" for n in (0, 50, 100, 150)]),
        ("Which parts cost more than 196?", [f"Bolt M{n}" for n in (197, 198, 199)]),
        ("Which parts cost between 48 and 52?", [f"Bolt M{n}" for n in range(48, 53)]),
    ],
)
def test_rows_are_of_the_whole_table(question: str, rows: list[str], parts: Grove) -> None:
    answer = answered(question, parts)
    header, *lines = answer.answer.split("\n")
    assert header == "Part | Supplier | Stock | Price"
    assert [line.partition(" |")[0] for line in lines] == rows
    assert len(answer.citations) == len(rows) + 1
    text = parts.catalog.document(answer.citations[0].document_id).text
    assert [text[each.start : each.end] for each in answer.citations] == [header, *lines]


def test_the_rule_of_a_markdown_table_parts_no_row_from_its_header(tmp_path: Path) -> None:
    header = "| Part | Supplier | Stock | Price |"
    rows = [f"| {line.replace(',', ' | ')} |" for line in LINES]
    document = Markdown().load("\n".join((header, "|---|---|--:|--:|", *rows)).encode(), name="parts.md")
    grove = Grove(Settings(home=tmp_path, encoder=Part(kind="hashing")))
    index_corpus(grove, [("parts.md", document)], collection="default")
    answer = answered("Which parts have a stock of more than 5 and cost more than 190?", grove)
    grove.database.close()
    assert answer.answer == f"{header}\n{rows[195]}"


def test_more_rows_than_an_answer_holds_are_counted_and_none_is_left_out_unsaid(parts: Grove) -> None:
    answer = answered("Which parts cost more than 100?", parts)
    assert answer.refused
    assert "99 rows of parts have that, which an answer of 192 words does not hold" in answer.answer


def test_a_table_that_is_too_long_is_not_answered_in_part(
    parts: Grove, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agents.tables._MAX_CHARS", 2_000)
    answer = answered("Which parts does Norfix supply?", parts)
    assert answer.refused
    assert "The table in parts is too long to be looked through" in answer.answer


def test_other_questions_and_other_texts_have_no_table(parts: Grove) -> None:
    passages = parts.search("Norfix", collection="default", retriever="lexical").passages
    scope = tool_scope(parts)
    assert asked_table("Which part is the cheapest?", passages, scope) is None
    assert asked_table("Which parts does Zedco supply?", passages, scope) is None
    assert asked_table("Which parts does Norfix supply?", [], scope) is None
