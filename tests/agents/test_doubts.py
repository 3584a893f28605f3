"""A generator that doubts what it writes: what the doubt is about is searched for, and it writes anew."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from _sender import small

from agents.runs import ask
from indexing.corpus import index_corpus
from rag.compose import Grove
from rag.core.events import AnswerFinished, Event, StepFinished, TokenGenerated
from rag.core.orchestration_settings import OrchestrationSettings
from rag.core.protocols import Delta, GenerationOptions, GeneratorCapabilities, Prompt
from rag.core.types import Doubt, ParsedDocument

QUESTION = "How long does the warranty of the outdoor sensor run?"
SOLD = (
    "The warranty of the outdoor sensor is that of the Harbour kit, with which the outdoor sensor is sold."
)
KIT = "What comes with a Harbour kit may be returned for sixty months."


class Doubter:
    """Say what the passages say of months; be in doubt, and waste no word, where they say nothing."""

    capabilities = GeneratorCapabilities("doubter", 4096)

    def __init__(self) -> None:
        self.num_pieces = 0

    def count_tokens(self, text: str) -> int:
        return len(text.split())

    async def stream(self, prompt: Prompt, options: GenerationOptions) -> AsyncGenerator[Delta, None]:
        said = next((each.text for each in prompt.passages if "months" in each.text), "")
        self.num_pieces += 1
        yield Delta(
            said or "It runs for ten years.", doubt=Doubt(0.9, 0.0 if said else 0.8, ("Harbour", "kit"))
        )
        self.num_pieces += 1
        yield Delta(" ")


def asked(home: Path, *, max_doubt: float | None, texts: tuple[str, ...]) -> tuple[list[Event], Doubter]:
    settings = small(home)
    generation = settings.generation.model_copy(update={"num_passages": 1, "min_answerability": 0.0})
    orchestration = OrchestrationSettings(router="plain", max_doubt=max_doubt)
    grove = Grove(settings.model_copy(update={"generation": generation, "orchestration": orchestration}))
    grove._generators["doubter"] = doubter = Doubter()
    documents = [(f"{number}.txt", ParsedDocument(text, "")) for number, text in enumerate(texts)]
    index_corpus(grove, documents, collection="default")

    async def gather() -> list[Event]:
        return [event async for event in ask(grove, QUESTION, generator="doubter")]

    events = asyncio.run(gather())
    grove.database.close()
    return events, doubter


def steps(events: list[Event]) -> list[str]:
    return [event.step for event in events if isinstance(event, StepFinished)]


def answer(events: list[Event]) -> AnswerFinished:
    (last,) = (event for event in events if isinstance(event, AnswerFinished))
    return last


def test_what_is_doubted_is_searched_for_and_the_answer_begins_anew(tmp_path: Path) -> None:
    events, doubter = asked(tmp_path, max_doubt=0.5, texts=(SOLD, KIT))
    assert steps(events)[4:] == ["generate", "search_again", "read", "generate", "cite"]
    (again,) = (each for each in events if isinstance(each, StepFinished) and each.step == "search_again")
    assert (again.inputs["words"], again.summary["new"]) == ("Harbour kit", 1)
    assert answer(events).answer.answer == KIT
    assert "".join(each.text for each in events if isinstance(each, TokenGenerated)) == KIT
    assert doubter.num_pieces == 3  # the first draft was cut off behind its sentence
    written = len(f"It runs for ten years. {KIT}".split())
    assert answer(events).answer.usage.completion_tokens == written  # the first draft counts all the same
    read = [each.milliseconds for each in events if isinstance(each, StepFinished) and each.step == "read"]
    assert answer(events).answer.timings["read"] == pytest.approx(sum(read), abs=0.02)


@pytest.mark.parametrize("max_doubt", [None, 0.9])
def test_nothing_is_searched_again_by_default_or_below_the_limit(
    tmp_path: Path, max_doubt: float | None
) -> None:
    events, _ = asked(tmp_path, max_doubt=max_doubt, texts=(SOLD, KIT))
    assert steps(events)[4:] == ["generate", "cite"]


def test_a_doubt_that_no_search_ends_is_given_up_after_two(tmp_path: Path) -> None:
    events, _ = asked(tmp_path, max_doubt=0.5, texts=(SOLD,))
    assert steps(events).count("search_again") == 2
    assert "ten years" in answer(events).answer.answer
    assert not any(sentence.supported for sentence in answer(events).answer.sentences)
