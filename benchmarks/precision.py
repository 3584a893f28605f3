"""What bfloat16 saves a language model in this process: `python -m benchmarks.precision`.

SmolLM2 answers Grove's own prompts greedily, one after another, in float32 and in bfloat16, in turns; a row
a precision: prompt tokens read and tokens written a second of CPU, medians over the prompts, and how many
answers are those of float32, and how many of their words are before they part.
"""

import argparse
import asyncio
import json
import statistics
import time
from itertools import takewhile
from typing import Any

import torch

from benchmarks._machine import machine
from benchmarks._speculation_prompts import own_prompts
from rag.core.protocols import GenerationOptions, Prompt
from rag.core.settings import Settings
from rag.encoders._precision import Precision
from rag.generation.backends.transformers import Transformers

_PRECISIONS: tuple[Precision, ...] = ("float32", "bfloat16")


def main() -> None:
    """Measure, and print one object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--prompts", type=int, default=8)
    parser.add_argument("--tokens", type=int, default=64, help="of an answer at most")
    options = parser.parse_args()
    torch.set_num_threads(1)
    generators = {
        precision: Transformers(Settings().models_dir, precision=precision, max_batch=1)
        for precision in _PRECISIONS
    }
    asked = own_prompts(options.prompts, generators["float32"].count_tokens)
    for generator in generators.values():
        asyncio.run(_answered(generator, asked[0], 2))  # loads the weights
    answers: dict[Precision, list[tuple[str, float, float]]] = {each: [] for each in _PRECISIONS}
    for prompt in asked:
        for precision, generator in generators.items():
            answers[precision].append(asyncio.run(_answered(generator, prompt, options.tokens)))
    rows = [_row(each, answers[each], answers["float32"]) for each in _PRECISIONS]
    print(json.dumps({"machine": machine(), "prompts": len(asked), "rows": rows}, indent=1))


async def _answered(generator: Transformers, prompt: Prompt, tokens: int) -> tuple[str, float, float]:
    """Give the text, and the tokens read and written a second of CPU."""
    text, started, first = "", time.process_time(), 0.0
    async for delta in generator.stream(prompt, GenerationOptions(tokens, timeout_seconds=600)):
        first = first or time.process_time()
        text += delta.text
        usage = delta.usage
    assert usage is not None
    writing = time.process_time() - first
    return text, usage.prompt_tokens / (first - started), (usage.completion_tokens - 1) / writing


def _row(
    precision: Precision, answers: list[tuple[str, float, float]], exact: list[tuple[str, float, float]]
) -> dict[str, Any]:
    pairs = [(text.split(), other.split()) for (text, *_), (other, *_) in zip(answers, exact, strict=True)]
    before = [len([*takewhile(lambda two: two[0] == two[1], zip(*pair, strict=False))]) for pair in pairs]
    return {
        "precision": precision,
        "read_per_cpu_second": round(statistics.median(each[1] for each in answers), 1),
        "written_per_cpu_second": round(statistics.median(each[2] for each in answers), 1),
        "same_answers": sum(text == other for text, other in pairs),
        "words_before_they_part": [
            f"{count} of {len(pair[1])}" for count, pair in zip(before, pairs, strict=True)
        ],
    }


if __name__ == "__main__":
    main()
