"""A small model of random weights whose tokens are bytes, and prompts with passages for it."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from rag.core.protocols import GenerationOptions, Generator, Message, Prompt
from rag.core.types import Passage, Usage
from rag.generation.context import render_passages

__all__ = ["byte_model", "prompt", "usage", "written"]

_TEMPLATE = "{% for message in messages %}{{ message['content'] }}<end>\n{% endfor %}"


def byte_model(folder: Path, *, seed: int = 5) -> Path:
    """Make the model in the folder."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({letter: number for number, letter in enumerate(letters)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<end>")
    fast.chat_template = _TEMPLATE
    fast.save_pretrained(folder)
    config = LlamaConfig(
        vocab_size=len(fast),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=2,
        initializer_range=0.3,
        bos_token_id=None,
        eos_token_id=fast.eos_token_id,
        max_position_embeddings=4096,
    )
    torch.manual_seed(seed)
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


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
