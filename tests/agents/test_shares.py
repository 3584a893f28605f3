import asyncio
from pathlib import Path

import pytest

from agents.runs import ask
from agents.shares import Share, amount, share_of
from indexing.corpus import index_corpus
from rag.compose import Grove
from rag.core.events import AnswerFinished
from rag.core.settings import Settings
from rag.core.tool_settings import ToolSettings
from rag.core.types import Answer, ParsedDocument

TEXT = "The depot opens at nine. The price of the basic plan is 40 dollars. Support is answered by mail."
QUESTION = "What is 15% of the price of the basic plan?"


def answered(chosen: Settings) -> Answer:
    grove = Grove(chosen)
    index_corpus(grove, [("plans.txt", ParsedDocument(TEXT, "Plans"))], collection="default")

    async def last() -> object:
        return [each async for each in ask(grove, QUESTION)][-1]

    finished = asyncio.run(last())
    grove.database.close()
    assert isinstance(finished, AnswerFinished)
    return finished.answer


def test_a_share_of_what_the_documents_say_is_reckoned_and_both_are_cited(tmp_path: Path) -> None:
    answer = answered(Settings(home=tmp_path))
    assert answer.answer == "15% of 40 = 6\n\nThe price of the basic plan is 40 dollars."
    assert [citation.source for citation in answer.citations] == ["tool:calculator", "plans.txt"]
    assert TEXT[answer.citations[1].start : answer.citations[1].end] == answer.citations[1].quote


def test_without_the_calculator_the_amount_stands(tmp_path: Path) -> None:
    tools = ToolSettings(disabled=("calculator",))
    answer = answered(Settings(home=tmp_path, tools=tools))
    assert "40 dollars" in answer.answer
    assert "= 6" not in answer.answer


@pytest.mark.parametrize(
    "question",
    [
        "What is 15% of 240?",
        "What is 15% of that?",
        "What is the price?",
        "Do 15% of the people work there?",
    ],
)
def test_other_questions_ask_for_no_share(question: str) -> None:
    assert share_of(question) is None


def test_an_amount_is_one_number() -> None:
    assert amount("3.1 million euros") == "3.1 million"
    assert amount(None) is None
    assert amount("between 3 and 5 days") is None
    assert amount("€2.5bn") == "2.5 billion"
    assert amount("2.5bn") is amount("40m") is None


def test_a_model_with_a_number_in_its_name_has_a_price() -> None:
    assert share_of("What is 20% of the HX-240's price?") == Share("20", "How much is the HX-240's price?")


def test_a_year_is_no_amount() -> None:
    question = "What was 5% of the revenue in 2024?"
    assert share_of(question) == Share("5", "How much is the revenue in 2024?")
    assert share_of("What is 5% of the 300 dollars?") is None
