"""A small model of random weights whose tokens are bytes, and prompts with passages for it."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from _saved_llama import save_llama

from rag.core.protocols import GenerationOptions, Generator, Message, Prompt
from rag.core.types import Passage, Usage
from rag.generation.context import render_passages

__all__ = ["byte_model", "prompt", "usage", "written"]


def byte_model(folder: Path, *, seed: int = 5) -> Path:
    """Make the model in the folder."""
    return save_llama(
        folder,
        after_message="<end>\n",
        seed=seed,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=2,
        initializer_range=0.3,
        max_position_embeddings=4096,
    )


def prompt(texts: Sequence[str], question: str, *, history: Sequence[str] = ()) -> Prompt:
    """Give a prompt that holds passages of these texts, in this order."""
    passages = tuple(
        Passage(text[:8], "d", 1, "s", f"Title of {text[:8]}", None, 0, len(text), 1.0, text)
        for text in texts
    )
    messages = (
        Message("system", "Answer from the passages."),
        *(Message("user", turn) for turn in history),
        Message("user", f"{render_passages(passages)}\n\nQuestion: {question}"),
    )
    return Prompt(messages, question, passages)


def written(generator: Generator, prompts: Sequence[Prompt], *, temperature: float = 0.0) -> list[str]:
    """Give the first 24 tokens of each answer, one after another."""

    async def collect(each: Prompt) -> str:
        options = GenerationOptions(max_tokens=24, temperature=temperature, seed=3)
        return "".join([delta.text async for delta in generator.stream(each, options)])

    return [asyncio.run(collect(each)) for each in prompts]


def usage(generator: Generator, asked: Prompt) -> Usage:
    """Give what an answer of a few tokens took."""

    async def last() -> Usage | None:
        return [delta async for delta in generator.stream(asked, GenerationOptions(max_tokens=4))][-1].usage

    told = asyncio.run(last())
    assert told is not None
    return told
