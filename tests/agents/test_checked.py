"""A generator whose answers are checked before they are shown."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from agents.runs import ask
from indexing.corpus import index_corpus
from rag.compose import Grove
from rag.core.events import AnswerFinished, Event, StepFinished, TokenGenerated
from rag.core.protocols import Delta, GenerationOptions, GeneratorCapabilities, Prompt
from rag.core.settings import Settings
from rag.core.types import ParsedDocument

TEXT = "The depot opens at nine. The warranty of the outdoor sensor runs for sixty months."
QUESTION = "How long does the warranty of the outdoor sensor run?"


class Writer:
    """Write the same whatever is asked."""

    def __init__(self, text: str) -> None:
        self._text = text

    @property
    def capabilities(self) -> GeneratorCapabilities:
        return GeneratorCapabilities(model="writer", context_tokens=2048, is_checked=True)

    def count_tokens(self, text: str) -> int:
        return len(text.split())

    async def stream(self, prompt: Prompt, options: GenerationOptions) -> AsyncGenerator[Delta, None]:
        for word in self._text.split(" "):
            yield Delta(f"{word} ")


@pytest.fixture(scope="module")
def grove(tmp_path_factory: pytest.TempPathFactory) -> Grove:
    grove = Grove(Settings(home=tmp_path_factory.mktemp("home")))
    index_corpus(grove, [("handbook.txt", ParsedDocument(TEXT, "Handbook"))], collection="default")
    return grove


def asked(grove: Grove, text: str) -> list[Event]:
    grove._generators["writer"] = Writer(text)

    async def gather() -> list[Event]:
        return [event async for event in ask(grove, QUESTION, generator="writer")]

    return asyncio.run(gather())


@pytest.mark.parametrize(
    ("text", "model"),
    [
        ("The outdoor sensor has a warranty of sixty months.", "writer"),
        ("The outdoor sensor has a warranty of seventy months.", "extractive"),
        (
            "The outdoor sensor has a warranty of sixty months. It was made by Ada Stone in Oslo.",
            "extractive",
        ),
        ("I could not find this in the documents.", "extractive"),
        ("", "extractive"),
    ],
)
def test_what_is_not_supported_gives_way_to_what_is_quoted(grove: Grove, text: str, model: str) -> None:
    events = asked(grove, text)
    (generated,) = (
        event for event in events if isinstance(event, StepFinished) and event.step == "generate"
    )
    assert generated.summary["model"] == model
    answer = events[-1]
    assert isinstance(answer, AnswerFinished)
    assert "sixty months" in answer.answer.answer
    assert answer.answer.short_answer == "sixty months"
    assert all(sentence.supported for sentence in answer.answer.sentences)
    shown = "".join(event.text for event in events if isinstance(event, TokenGenerated))
    assert shown == answer.answer.answer


def test_the_reader_names_the_words_and_the_sentence_follows(grove: Grove, tmp_path: Path) -> None:
    answer = asked(grove, "")[-1]
    assert isinstance(answer, AnswerFinished)
    first, second = (answer.answer.answer[each.start : each.end] for each in answer.answer.sentences)
    assert (first, second) == ("sixty months", TEXT[25:])
    cited = [TEXT[each.start : each.end] for each in answer.answer.citations]
    assert cited == ["sixty months", TEXT[25:]]
