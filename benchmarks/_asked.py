"""The product's own answer from given passages, without a search; shared by benchmarks."""

import asyncio
from collections.abc import Sequence

from rag.compose import Grove
from rag.core.protocols import GenerationOptions, Prompt
from rag.core.types import Passage

__all__ = ["answered", "as_passage"]


def as_passage(number: int, text: str, *, title: str = "", source: str = "") -> Passage:
    """Make a passage of a text that is a document of its own."""
    name = source or f"d{number}"
    return Passage(f"{name}:{number}", name, 1, name, title, None, 0, len(text), 0.0, text)


def answered(grove: Grove, question: str, passages: Sequence[Passage]) -> str | None:
    """Give the default answer, None where it is withheld."""
    if grove.support.judge(question, passages).answerability < grove.settings.generation.min_answerability:
        return None
    return asyncio.run(_quoted(grove, Prompt((), question, tuple(passages))))


async def _quoted(grove: Grove, prompt: Prompt) -> str:
    stream = grove.generator("extractive").stream(prompt, GenerationOptions())
    return "".join([delta.text async for delta in stream])
