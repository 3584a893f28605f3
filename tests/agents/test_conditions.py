"""While an answer is written it is held to the settings' conditions, over the passages of its prompt."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from agents.runs import ask
from indexing.corpus import index_corpus
from rag.compose import Grove
from rag.core.protocols import Condition, Delta, GenerationOptions, GeneratorCapabilities, Prompt
from rag.core.settings import GenerationSettings, Settings
from rag.core.types import ParsedDocument
from rag.generation.constrained.conditions import CitationExists, QuoteOccurs

TEXT = "The depot opens at nine. The warranty of the outdoor sensor runs for sixty months."


@dataclass
class Writer:
    """Keeps what it was asked."""

    asked: list[tuple[Prompt, GenerationOptions]] = field(default_factory=list)

    @property
    def capabilities(self) -> GeneratorCapabilities:
        return GeneratorCapabilities(model="writer", context_tokens=2048, keeps_conditions=True)

    def count_tokens(self, text: str) -> int:
        return len(text.split())

    async def stream(self, prompt: Prompt, options: GenerationOptions) -> AsyncGenerator[Delta, None]:
        self.asked.append((prompt, options))
        yield Delta("Sixty months.")


@pytest.mark.parametrize(
    ("generation", "kinds"),
    [
        (GenerationSettings(), [CitationExists]),
        (GenerationSettings(conditions=("quotes", "citations")), [QuoteOccurs, CitationExists]),
        (GenerationSettings(conditions=()), []),
    ],
    ids=["default", "both", "none"],
)
def test_an_answer_is_held_to_the_conditions_of_the_settings(
    tmp_path: Path, generation: GenerationSettings, kinds: list[type[Condition]]
) -> None:
    grove = Grove(Settings(home=tmp_path, generation=generation))
    index_corpus(grove, [("handbook.txt", ParsedDocument(TEXT, "Handbook"))], collection="default")
    writer = Writer()
    grove._generators["writer"] = writer

    async def gather() -> None:
        async for _ in ask(grove, "How long does the warranty run?", generator="writer"):
            pass

    asyncio.run(gather())
    prompt, options = writer.asked[-1]
    assert prompt.passages
    assert list(options.conditions) == [kind(prompt.passages) for kind in kinds]  # type: ignore[call-arg]
