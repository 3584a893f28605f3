"""What a refusal shows besides: the sentence that comes closest, where one is meant."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from _passages import passage

from agents.answering import refuse
from agents.parts import context_of
from agents.runs import ask
from agents.state import State
from indexing.corpus import index_corpus
from rag.compose import DEFAULT, Grove
from rag.core.events import AnswerFinished
from rag.core.settings import GenerationSettings, Part, Settings
from rag.core.types import Answer, AnswerSpan, Closest, ParsedDocument
from rag.reading.candidates import Candidate, Judgement
from rag.reading.missing import missing, missing_text

TEXT = "The depot opens at nine. The warranty of the outdoor sensor runs for sixty months."
QUESTION = "How long does the warranty of the outdoor sensor run?"
PASSAGE = passage(TEXT)


@pytest.fixture
def grove(tmp_path: Path) -> Grove:
    """Give an installation that dares no answer."""
    strict = GenerationSettings(min_answerability=1.0)
    grove = Grove(Settings(home=tmp_path, encoder=Part(kind="hashing"), generation=strict))
    index_corpus(grove, [("handbook.txt", ParsedDocument(TEXT, "Handbook"))], collection=DEFAULT)
    return grove


def asked(grove: Grove, question: str) -> Answer:
    async def gather() -> Answer:
        last = [event async for event in ask(grove, question)][-1]
        assert isinstance(last, AnswerFinished)
        return last.answer

    return asyncio.run(gather())


def test_a_refusal_shows_the_closest_sentence_and_cites_nothing(grove: Grove) -> None:
    answer = asked(grove, QUESTION)
    assert answer.refused
    assert answer.citations == ()
    assert answer.missing is not None
    found = answer.missing.closest
    assert found is not None
    assert found.quote == TEXT[found.start : found.end]
    assert found.quote == "The warranty of the outdoor sensor runs for sixty months."
    assert (found.source, found.title) == ("handbook.txt", "Handbook")
    said = missing_text(QUESTION, missing(QUESTION, QUESTION, [PASSAGE]))
    assert answer.answer == f"I could not find this in the documents. {said}"


def test_a_question_about_other_things_shows_none(grove: Grove) -> None:
    answer = asked(grove, "Who painted the Mona Lisa?")
    assert answer.missing is not None
    assert answer.missing.closest is None


def test_it_costs_no_further_reading(grove: Grove) -> None:
    reader, read = grove.support._reader, []

    class Counting:
        def read(self, question: str, passages: Any) -> list[AnswerSpan]:
            assert reader is not None
            read.extend(passages)
            return reader.read(question, passages)

    grove.support._reader = Counting()
    assert asked(grove, QUESTION).missing is not None
    assert len(read) == 1


def refused(grove: Grove, more: State) -> Closest | None:
    """Refuse with a sentence that comes near; give what is shown of it."""
    (found,) = grove.search(QUESTION).passages
    judged = Judgement(0.4, best=Candidate(found, 0, 24, 0.1))

    async def step() -> State:
        context = await context_of(
            grove, collection=DEFAULT, retriever=DEFAULT, generator=DEFAULT, filter=None
        )
        state = State(query=QUESTION, searched=QUESTION, passages=[found], judged=judged)
        state.update(more)
        return (await refuse(state, context, lambda text: None)).update

    gap = asyncio.run(step())["missing"]
    assert gap is not None
    return gap.closest


def test_where_a_tool_was_wanted_no_sentence_is_meant(grove: Grove) -> None:
    assert refused(grove, State()) is not None
    assert refused(grove, State(unmet="The tool send gave nothing.")) is None
    assert refused(grove, State(is_of_tool=True)) is None
