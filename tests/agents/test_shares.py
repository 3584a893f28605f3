import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from agents.runs import ask
from agents.shares import Share, amount, share_of, with_unit
from indexing.corpus import index_corpus
from rag.compose import Grove
from rag.core.events import AnswerFinished
from rag.core.settings import Settings
from rag.core.tool_settings import ToolSettings
from rag.core.types import Answer, ParsedDocument, Passage
from rag.reading.candidates import Candidate

TEXT = "The depot opens at nine. The price of the basic plan is 40 dollars. Support is answered by mail."
QUESTION = "What is 15% of the price of the basic plan?"


def answered(chosen: Settings, question: str = QUESTION, *others: tuple[str, str]) -> Answer:
    grove = Grove(chosen)
    texts = [("Plans", TEXT), *others]
    documents = [(f"{title.lower()}.txt", ParsedDocument(text, title)) for title, text in texts]
    index_corpus(grove, documents, collection="default")

    async def last() -> object:
        return [each async for each in ask(grove, question)][-1]

    finished = asyncio.run(last())
    grove.database.close()
    assert isinstance(finished, AnswerFinished)
    return finished.answer


def test_a_share_of_what_the_documents_say_is_reckoned_and_both_are_cited(tmp_path: Path) -> None:
    answer = answered(Settings(home=tmp_path))
    assert answer.answer == "15% of 40 dollars = 6 dollars\n\nThe price of the basic plan is 40 dollars."
    assert [citation.source for citation in answer.citations] == ["tool:calculator", "plans.txt"]
    assert TEXT[answer.citations[1].start : answer.citations[1].end] == answer.citations[1].quote


def test_the_sentence_that_has_the_amount_is_cited_and_no_other_with_the_same_words(tmp_path: Path) -> None:
    others = [
        ("Invoice 7", "Customer: Holm Bakery. The total of the order is 610 EUR."),
        ("Invoice 8", "Customer: Sand Cafe. The total of the order is 610 EUR."),
    ]
    answer = answered(Settings(home=tmp_path), "What is 10% of the total of invoice 8?", *others)
    assert answer.answer == "10% of 610 EUR = 61 EUR\n\nThe total of the order is 610 EUR."
    assert answer.citations[1].title == "Invoice 8"


def test_the_whole_is_no_answer_where_the_share_cannot_be_reckoned(tmp_path: Path) -> None:
    tools = ToolSettings(disabled=("calculator",))
    answer = answered(Settings(home=tmp_path, tools=tools))
    assert answer.refused
    assert answer.short_answer is None


@pytest.mark.parametrize(
    "question", ["What is 20% of the budget spent on?", "What is 20% of the budget spent on each year?"]
)
def test_a_percentage_that_the_documents_tell_is_not_reckoned(question: str, tmp_path: Path) -> None:
    others = [("Budget", "The club has 80 members. 20% of the budget is spent on travel.")]
    answer = answered(Settings(home=tmp_path), question, *others)
    assert answer.answer.endswith("20% of the budget is spent on travel.")
    assert "=" not in answer.answer


@pytest.mark.parametrize(
    "question",
    [
        "What is 15% of 240?",
        "What is 15% of that?",
        "What is the price?",
        "Do 15% of the people work there?",
        "What is 15% of the land used for?",
        "What is 20% of the budget spent on?",
        "What would 20% of the budget be put into?",
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


@pytest.mark.parametrize(
    "amount_of",
    ["the total of invoice 8", "the price for 2 adults", "a month's rent", "Plan B 2"],
)
def test_an_amount_may_be_of_what_has_a_number(amount_of: str) -> None:
    assert share_of(f"What is 10% of {amount_of}?") == Share("10", f"How much is {amount_of}?")
    assert share_of(f"What would 10% of {amount_of} be?") == Share("10", f"How much is {amount_of}?")


@pytest.mark.parametrize(
    ("short", "column", "expected"),
    [
        ("75 EUR per claim", "", "25% of 75 EUR per claim = 18.75 EUR per claim"),
        ("$75", "", "25% of $75 = $18.75"),
        ("EUR 75 (net)", "", "25% of EUR 75 = EUR 18.75"),
        ("75", "Excess (EUR)", "25% of 75 EUR = 18.75 EUR"),
        ("75", "Excess", "25% of 75 = 18.75"),
    ],
)
def test_a_share_has_the_unit_of_its_amount(short: str, column: str, expected: str) -> None:
    passage = Passage("c", "d", 1, "d", "D", None, 0, len(short), 1.0, short)
    reckoned = replace(passage, text="25% of 75 = 18.75")
    best = Candidate(passage, 0, len(short), 1.0, (0, len(short)), column)
    assert with_unit(reckoned, best).text == expected


def test_a_year_is_no_amount() -> None:
    question = "What was 5% of the revenue in 2024?"
    assert share_of(question) == Share("5", "How much is the revenue in 2024?")
    assert share_of("What is 5% of the 300 dollars?") is None
