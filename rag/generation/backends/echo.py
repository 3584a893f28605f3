"""A generator without a model, for tests: says back the first sentence that it was given."""

import asyncio
from collections.abc import AsyncGenerator

from rag.core.errors import GenerationError
from rag.core.protocols import Delta, GenerationOptions, GeneratorCapabilities, Prompt
from rag.core.types import Usage
from rag.scoring.sentences import sentence_spans

__all__ = ["Echo"]


class Echo:
    """Repeat the first sentence of the first passage, or the question, word by word."""

    def __init__(self, delay_seconds: float = 0.0) -> None:
        self._delay_seconds = delay_seconds

    @property
    def capabilities(self) -> GeneratorCapabilities:
        """Say that all is quoted."""
        return GeneratorCapabilities(model="echo", context_tokens=100_000, quotes_verbatim=True)

    def count_tokens(self, text: str) -> int:
        """Count words."""
        return len(text.split())

    async def stream(self, prompt: Prompt, options: GenerationOptions) -> AsyncGenerator[Delta, None]:
        """Give one word at a time, with the delay between them: the first comes at once.

        Raises:
            GenerationError: the delays add up to more than the time limit.
        """
        text = prompt.passages[0].text if prompt.passages else prompt.question
        start, end = next(iter(sentence_spans(text)), (0, len(text)))
        words = text[start:end].split()[: options.max_tokens]
        for number, word in enumerate(words):
            await asyncio.sleep(self._delay_seconds if number else 0)
            if number * self._delay_seconds >= options.timeout_seconds:
                raise GenerationError(f"echo took longer than {options.timeout_seconds} s")
            yield Delta(word if number == 0 else f" {word}")
        read = sum(self.count_tokens(message.content) for message in prompt.messages)
        yield Delta("", Usage(read, len(words)))
