"""What writing several answers at once is worth: tokens a second, and how long the first one takes.

SmolLM2, greedily, 64 tokens an answer whatever it says. 1, 2, 4 and 8 requests start together, once with
`max_batch` 8, and 1 and 8 one after another; both ways run in every round, each first in turn.
`short` prompts have some 40 tokens; `grove` ones are questions among passages, as Grove asks them.
Seconds are of the wall clock; `cpu` ones are of this process: with one thread what they would be on a quiet
machine. `times_one` is the tokens a second of CPU beside those of one request in the same way and round.
"""

import asyncio
import statistics
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from benchmarks._machine import machine
from benchmarks._speculation_prompts import own_prompts
from rag.core.protocols import GenerationOptions, Message, Prompt
from rag.core.settings import Settings
from rag.core.types import Usage
from rag.generation.backends.transformers import Transformers

_TOPICS = (
    "a keeper of a lighthouse who finds a letter", "the first train to a mountain village",
    "two sisters who repair old clocks", "a baker who forgets how to bake",
    "a whale that learns to count", "a library that opens only at night",
    "the last day of a circus", "a gardener and a stubborn crow",
)  # fmt: skip
_REQUESTS = {
    ("short", "together"): (1, 2, 4, 8),
    ("short", "one by one"): (1, 8),
    ("grove", "together"): (1, 8),
    ("grove", "one by one"): (1, 8),
}
_MOST = 8
_WAYS = {"together": 8, "one by one": 1}  # and their max_batch
_TOKENS = 64


@dataclass(frozen=True, slots=True)
class _Round:
    """What some requests that started together took."""

    tokens: int
    prompt_tokens: int
    seconds: float
    cpu_seconds: float
    firsts: list[float]  # seconds to each one's first text
    cpu_firsts: list[float]
    texts: list[str]


def run(*, quick: bool) -> dict[str, Any]:
    """Measure 3 rounds of all numbers of requests; `quick` one."""
    rounds = 1 if quick else 3
    generators = {way: _generator(size) for way, size in _WAYS.items()}
    asked = {"short": _short(), "grove": own_prompts(_MOST, generators["together"].count_tokens)}
    for generator in generators.values():  # once, not measured: weights are read, and packed for a batch
        asyncio.run(_together(generator, asked["short"][:2], 2))
    measured: dict[tuple[str, int, str], list[_Round]] = {}
    for number_of_round in range(rounds):
        for kind, prompts in asked.items():
            for way in list(_WAYS) if number_of_round % 2 == 0 else list(reversed(_WAYS)):
                for number in _REQUESTS[kind, way]:
                    each = asyncio.run(_together(generators[way], prompts[:number], _TOKENS))
                    measured.setdefault((kind, number, way), []).append(each)
    rows = [_row(*key, measured) for key in measured]
    settings = {"model": "smollm2", "max_tokens": _TOKENS, "rounds": rounds, "max_batch": _WAYS["together"]}
    return {"machine": machine(), "settings": settings, "rows": rows}


def _generator(size: int) -> Transformers:
    """Give SmolLM2 that writes as many tokens as it may."""
    generator = Transformers(Settings().models_dir, max_batch=size)
    generator._loaded = replace(generator._load(), stop_ids=frozenset())
    if generator._batch is not None:
        generator._batch._stop_ids = frozenset()
    return generator


def _short() -> list[Prompt]:
    questions = [f"Write a long story about {topic}." for topic in _TOPICS]
    return [Prompt((Message("user", question),), question) for question in questions]


async def _together(generator: Transformers, prompts: list[Prompt], tokens: int) -> _Round:
    started, cpu_started = time.perf_counter(), time.process_time()

    async def one(prompt: Prompt) -> tuple[float, float, Usage, str]:
        first, cpu_first, text, usage = 0.0, 0.0, "", None
        async for delta in generator.stream(prompt, GenerationOptions(tokens, timeout_seconds=3600)):
            if not text:
                first, cpu_first = time.perf_counter() - started, time.process_time() - cpu_started
            text += delta.text
            usage = delta.usage
        assert usage is not None
        return first, cpu_first, usage, text

    answers = await asyncio.gather(*(one(prompt) for prompt in prompts))
    firsts, cpu_firsts, usages, texts = zip(*answers, strict=True)
    return _Round(
        sum(usage.completion_tokens for usage in usages),
        sum(usage.prompt_tokens for usage in usages),
        time.perf_counter() - started,
        time.process_time() - cpu_started,
        list(firsts),
        list(cpu_firsts),
        list(texts),
    )


def _row(
    kind: str, number: int, way: str, measured: dict[tuple[str, int, str], list[_Round]]
) -> dict[str, Any]:
    rounds, alone = measured[kind, number, way], measured[kind, 1, way]
    others = measured[kind, _MOST, "one by one"]
    firsts = [first for each in rounds for first in each.firsts]
    cpu_firsts = [first for each in rounds for first in each.cpu_firsts]
    return {
        "prompts": kind,
        "prompt_tokens": round(rounds[0].prompt_tokens / number),
        "way": way,
        "requests": number,
        "tokens_per_second": _median(each.tokens / each.seconds for each in rounds),
        "tokens_per_cpu_second": _median(each.tokens / each.cpu_seconds for each in rounds),
        "times_one": _median(
            (each.tokens / each.cpu_seconds) / (single.tokens / single.cpu_seconds)
            for each, single in zip(rounds, alone, strict=True)
        ),
        "first_seconds": _median(firsts),
        "first_cpu_seconds": _median(cpu_firsts),
        "last_first_cpu_seconds": _median(max(each.cpu_firsts) for each in rounds),
        "answers": sum(len(each.texts) for each in rounds),
        "identical": sum(
            text == other
            for each, beside in zip(rounds, others, strict=True)
            for text, other in zip(each.texts, beside.texts, strict=False)
        ),
    }


def _median(values: Iterable[float]) -> float:
    return round(statistics.median(values), 2)
