"""What a run's generators may read and write together, and what they have."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, replace

from rag.core.errors import OutOfTokensError
from rag.core.protocols import Delta, GenerationOptions, Generator, GeneratorCapabilities, Prompt
from rag.core.types import Usage
from rag.generation.context import message_tokens

__all__ = ["Meter"]


@dataclass
class Meter:
    """The tokens of one run."""

    max_tokens: int | None = None  # read and written; none for as many as there come
    usage: Usage = Usage()

    def over(self, generator: Generator) -> Generator:
        """Give the generator, held to what is left; its stream raises OutOfTokensError where nothing is."""
        return _Metered(generator, self)

    def add(self, usage: Usage) -> None:
        """Count what was read and written."""
        self.usage = Usage(
            self.usage.prompt_tokens + usage.prompt_tokens,
            self.usage.completion_tokens + usage.completion_tokens,
            self.usage.passes + usage.passes,
            usage.cache_bytes,
            self.usage.reused_tokens + usage.reused_tokens,
        )

    def affordable(
        self, prompt: Prompt, options: GenerationOptions, generator: Generator
    ) -> GenerationOptions:
        """Give the options with no more tokens than are left.

        Raises:
            OutOfTokensError: nothing is left for an answer.
        """
        if self.max_tokens is None or generator.capabilities.quotes_verbatim:  # no model, no tokens
            return options
        left = self.max_tokens - self.usage.prompt_tokens - self.usage.completion_tokens
        left -= _read_by(generator, prompt)
        if left < 1:
            raise OutOfTokensError(
                f"the model would have read and written more than {self.max_tokens} tokens for this"
                " question (GROVE_ORCHESTRATION__MAX_TOKENS)"
            )
        return replace(options, max_tokens=min(options.max_tokens, left))


@dataclass(frozen=True, slots=True)
class _Metered:
    generator: Generator
    meter: Meter

    @property
    def capabilities(self) -> GeneratorCapabilities:
        return self.generator.capabilities

    def count_tokens(self, text: str) -> int:
        return self.generator.count_tokens(text)

    async def stream(self, prompt: Prompt, options: GenerationOptions) -> AsyncGenerator[Delta, None]:
        options = await asyncio.to_thread(self.meter.affordable, prompt, options, self.generator)
        usage: Usage | None = None
        written: list[str] = []
        try:
            async with aclosing(self.generator.stream(prompt, options)) as deltas:
                async for delta in deltas:
                    usage = delta.usage or usage
                    written.append(delta.text)
                    yield delta
        finally:
            self.meter.add(usage or self._counted(prompt, "".join(written)))

    def _counted(self, prompt: Prompt, written: str) -> Usage:
        """Count for a generator that does not say, or was stopped before it did."""
        if self.generator.capabilities.quotes_verbatim:
            return Usage()
        return Usage(_read_by(self.generator, prompt), self.generator.count_tokens(written))


def _read_by(generator: Generator, prompt: Prompt) -> int:
    return message_tokens(prompt.messages, generator.count_tokens)
