"""Iterative query writing with a language model: the slow way to several hops, to compare with.

Source: Trivedi et al., IRCoT, 2023, https://arxiv.org/abs/2212.10509: what the model writes after reading
is the next query. Here the rankings of all rounds are fused, so that it gives k results as the others do.
"""

import asyncio
from collections.abc import Callable, Sequence

from rag.core.protocols import GenerationOptions, Generator, Message, Prompt
from rag.core.types import Hit, Passage
from rag.scoring.fusion import reciprocal_rank_fusion

__all__ = ["iterative"]

_READ = 3  # passages a round
_ASK = """Passages:
{passages}

Question: {question}

Write one short sentence: the fact from the passages that is needed to go on searching for the answer."""


def iterative(
    search: Callable[[str], Sequence[Passage]], generator: Generator, question: str, *, rounds: int = 2
) -> list[str]:
    """Give sources, best first, of the question's search and of those for what the model wrote."""
    found = [search(question)]
    for _ in range(rounds - 1):
        passages = "\n".join(f"{each.title}: {each.text[:500]}" for each in found[-1][:_READ])
        content = _ASK.format(passages=passages, question=question)
        written = asyncio.run(_written(generator, Prompt((Message("user", content),), question)))
        found.append(search(f"{question} {written}"))
    rankings = [
        [Hit(source, -rank) for rank, source in enumerate(dict.fromkeys(each.source for each in passages))]
        for passages in found
    ]
    return [hit.chunk_id for hit in reciprocal_rank_fusion(rankings, weights=[1.0] * len(rankings))]


async def _written(generator: Generator, prompt: Prompt) -> str:
    options = GenerationOptions(max_tokens=40)
    return "".join([delta.text async for delta in generator.stream(prompt, options)]).strip()
