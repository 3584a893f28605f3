"""Doubts about sentences, with SmolLM2."""

import asyncio
import re
from pathlib import Path

import pytest
from _passages import passage

from rag.core.protocols import Delta, GenerationOptions, Generator
from rag.core.settings import Settings
from rag.generation.answer import build_prompt
from rag.generation.backends._doubt import ends_sentence
from rag.generation.backends.atlas import Atlas
from rag.generation.backends.transformers import Transformers

PASSAGE = passage(
    "The river gauge is recalibrated every six months by the depot's team. It costs 149 euros and runs on a"
    " battery."
)
OPTIONS = GenerationOptions(max_tokens=24)
KNOWN = "How often is the gauge recalibrated?"


@pytest.fixture(scope="module")
def models_dir() -> Path:
    return Settings().models_dir


def asked(generator: Generator, question: str) -> list[Delta]:
    prompt = build_prompt(
        question,
        [PASSAGE],
        capabilities=generator.capabilities,
        options=OPTIONS,
        count_tokens=generator.count_tokens,
    )

    async def collected() -> list[Delta]:
        return [delta async for delta in generator.stream(prompt, OPTIONS)]

    return asyncio.run(collected())


def test_its_text_is_that_of_transformers_and_each_sentence_has_its_doubt(models_dir: Path) -> None:
    deltas, plain = (asked(kind(models_dir), KNOWN) for kind in (Atlas, Transformers))
    assert "".join(delta.text for delta in deltas) == "".join(delta.text for delta in plain)
    assert not any(delta.doubt for delta in plain)
    doubted = [number for number, delta in enumerate(deltas) if delta.doubt]
    text = "".join(delta.text for delta in deltas[: doubted[0] + 1])
    assert ends_sentence(text)
    doubt = deltas[doubted[0]].doubt
    assert doubt is not None
    assert 0 < doubt.uncertainty <= 1
    assert doubt.score > 0
    assert 0 < len(doubt.words) <= 6
    assert set(doubt.words) <= set(re.findall(r"\w+", f"{KNOWN} {PASSAGE.text} {text}"))
