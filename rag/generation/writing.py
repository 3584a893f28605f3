"""Short texts for other parts, written by a generator: prompts of this package, filled and sampled."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from rag.core.protocols import GenerationOptions, Generator, Prompt
from rag.generation.prompts import load_prompt

__all__ = ["PromptWriter", "text_of"]


async def text_of(generator: Generator, prompt: Prompt, options: GenerationOptions) -> str:
    """Give all that a generator writes.

    Raises:
        GenerationError: the model failed or the time limit passed.
    """
    async with aclosing(generator.stream(prompt, options)) as deltas:
        return "".join([delta.text async for delta in deltas])


@dataclass(frozen=True, slots=True)
class PromptWriter:
    """Ask a generator by prompts; for threads without an event loop of their own."""

    generator: Generator
    max_tokens: int = 48
    temperature: float = 0.8

    def write(self, task: str, values: Mapping[str, str], *, seeds: Sequence[int]) -> list[str]:
        """Give one text a seed, each from one call.

        Raises:
            InvalidInputError: no such prompt, or other variables than it has.
            GenerationError: the model failed or the time limit passed.
        """
        prompt = Prompt(load_prompt(task).render(values), next(iter(values.values()), ""))
        each = [GenerationOptions(self.max_tokens, self.temperature, seed=seed) for seed in seeds]
        return [asyncio.run(text_of(self.generator, prompt, options)).strip() for options in each]
