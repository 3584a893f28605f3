import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path

import pytest

from agents.runs import ask
from indexing.corpus import index_corpus
from rag.compose import Grove
from rag.core.errors import InvalidInputError, NotFoundError, RagError
from rag.core.events import (
    AnswerFinished,
    CitationFound,
    Event,
    RunFailed,
    RunStarted,
    StepFinished,
    TokenGenerated,
)
from rag.core.protocols import Message
from rag.core.settings import GenerationSettings, Part, Settings
from rag.core.types import ParsedDocument

TEXT = "The depot opens at nine. The warranty of the outdoor sensor runs for sixty months."
QUESTION = "How long does the warranty of the outdoor sensor run?"


@pytest.fixture
def grove(tmp_path: Path) -> Grove:
    grove = Grove(Settings(home=tmp_path, encoder=Part(kind="hashing")))
    index_corpus(grove, [("handbook.txt", ParsedDocument(TEXT, "Handbook"))], collection="default")
    return grove


def collect(events: AsyncGenerator[Event, None]) -> list[Event]:
    async def gather() -> list[Event]:
        return [event async for event in events]

    return asyncio.run(gather())


def test_a_run_is_numbered_stored_and_ends_with_its_answer(grove: Grove) -> None:
    events = collect(ask(grove, QUESTION))
    first, last = events[0], events[-1]
    assert isinstance(first, RunStarted)
    assert isinstance(last, AnswerFinished)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert grove.runs.events(first.run_id) == events
    assert grove.runs.run(first.run_id).state == "done"
    assert "sixty months" in last.answer.answer


def test_the_streamed_text_is_the_answer_and_the_cited_words_are_the_documents(grove: Grove) -> None:
    events = collect(ask(grove, QUESTION))
    answer = events[-1]
    assert isinstance(answer, AnswerFinished)
    assert (
        "".join(event.text for event in events if isinstance(event, TokenGenerated)) == answer.answer.answer
    )
    found = [event.citation for event in events if isinstance(event, CitationFound)]
    assert tuple(found) == answer.answer.citations
    assert all(TEXT[each.start : each.end] == each.quote for each in found)


def test_what_the_documents_do_not_hold_is_refused(grove: Grove) -> None:
    events = collect(ask(grove, "Who painted the Mona Lisa?"))
    last = events[-1]
    assert isinstance(last, AnswerFinished)
    assert last.answer.refused
    steps = [event.step for event in events if isinstance(event, StepFinished)]
    assert [step for step in steps if step != "hop"] == ["prepare", "retrieve", "route", "read", "refuse"]


def test_a_follow_up_is_searched_with_the_question_before_it(grove: Grove) -> None:
    history = [
        Message("user", "Tell me about the warranty of the outdoor sensor."),
        Message("assistant", "Well."),
    ]
    events = collect(ask(grove, "How long does it run?", history=history))
    prepared = next(event for event in events if isinstance(event, StepFinished))
    assert prepared.summary["query"] == "How long does the outdoor sensor run?"
    assert "warranty" in str(prepared.summary["searched"])


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"question": " "}, InvalidInputError),
        ({"question": "x" * 30_000}, InvalidInputError),
        ({"collection": "nobody"}, NotFoundError),
        ({"retriever": "nobody"}, InvalidInputError),
        ({"generator": "nobody"}, InvalidInputError),
        ({"filter": {"a": {"like": 1}}}, InvalidInputError),
    ],
)
def test_a_wrong_request_is_refused_before_a_run_begins(
    grove: Grove, wrong: dict[str, object], error: type[RagError]
) -> None:
    with pytest.raises(error):
        collect(ask(grove, **{"question": QUESTION, **wrong}))  # type: ignore[arg-type]
    assert grove.runs.runs() == []


def test_a_generator_that_fails_ends_the_run_with_an_error(grove: Grove) -> None:
    events = collect(ask(grove, QUESTION, generator="vllm"))
    assert isinstance(events[-1], RunFailed)
    started = events[0]
    assert isinstance(started, RunStarted)
    assert grove.runs.run(started.run_id).state == "failed"
    assert grove.runs.events(started.run_id) == events


def test_closing_the_iterator_cancels_the_run(grove: Grove) -> None:
    async def first_only() -> Event:
        async with aclosing(ask(grove, QUESTION)) as events:
            return await anext(events)

    started = asyncio.run(first_only())
    assert isinstance(started, RunStarted)
    assert grove.runs.run(started.run_id).state == "cancelled"
    last = grove.runs.events(started.run_id)[-1]
    assert isinstance(last, RunFailed)
    assert last.error == "RunCancelledError"


def test_thresholds_of_the_settings_are_used(grove: Grove) -> None:
    strict = grove.settings.model_copy(update={"generation": GenerationSettings(min_answerability=1.0)})
    last = collect(ask(Grove(strict), QUESTION))[-1]
    assert isinstance(last, AnswerFinished)
    assert last.answer.refused


def test_what_a_tool_gives_is_the_answer_all_of_it(grove: Grove) -> None:
    answers = {}
    for question in ("What is 15% of 240?", "Which documents are there?"):
        last = collect(ask(grove, question))[-1]
        assert isinstance(last, AnswerFinished)
        assert all(sentence.supported for sentence in last.answer.sentences)
        answers[question] = last.answer
    assert answers["What is 15% of 240?"].answer == "15% of 240 = 36"
    listed = answers["Which documents are there?"]
    assert listed.answer == "The collection holds 1 document:\n1. handbook.txt: Handbook"
    assert listed.short_answer is None
    assert {citation.source for citation in listed.citations} == {"tool:list_documents"}
