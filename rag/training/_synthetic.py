"""Questions for passages and hard negatives for both, by a language model or mined; no training.

Source: "Don't Retrieve, Generate", 2025: negatives from the question alone (version 1), from the question
and its passage (version 3). False negatives: Moreira et al., NV-Retriever, 2024, section 3 (share of the
positive's score).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from rag.core.protocols import Encoder, GenerationOptions, Generator, Prompt
from rag.generation.prompts import load_prompt
from rag.training._late_teacher import Words

MINED, FROM_QUESTION, FROM_PAIR, MIXED, RANDOM = (
    "mined",
    "question",
    "question and passage",
    "mixed",
    "random",
)
ARMS = (RANDOM, MINED, FROM_QUESTION, FROM_PAIR, MIXED)
MAX_SHARE = 0.95  # of the positive's cosine: above it, a negative may well answer
_NUM_MINED = 20
_MAX_CHARS = 800  # of a passage, in a prompt
_QUESTION = GenerationOptions(max_tokens=32, timeout_seconds=600.0)
_PASSAGE = GenerationOptions(max_tokens=80, timeout_seconds=600.0)


@dataclass(frozen=True, slots=True)
class Row:
    """A made question, its passage, and each arm's negative; an arm whose negative was false has none."""

    question: str
    passage: str
    negatives: dict[str, str] = field(default_factory=dict)


async def written(
    generator: Generator, template: str, values: dict[str, str], options: GenerationOptions
) -> str:
    """Give what the generator writes, on one line."""
    prompt = Prompt(load_prompt(template).render(values), next(iter(values.values())))
    pieces = [piece.text async for piece in generator.stream(prompt, options)]
    return " ".join("".join(pieces).split())


async def make_row(generator: Generator, passage: str) -> Row:
    """Ask for a question and for both kinds of written negatives."""
    shown = passage[:_MAX_CHARS]
    question = await written(generator, "synthetic_query", {"passage": shown}, _QUESTION)
    values = {"question": question}
    alone = await written(generator, "synthetic_negative", values, _PASSAGE)
    pair = await written(generator, "synthetic_negative_pair", values | {"passage": shown}, _PASSAGE)
    return Row(question, passage, {FROM_QUESTION: alone, FROM_PAIR: pair})


def with_mined(
    rows: Sequence[Row],
    corpus: Sequence[str],
    encoder: Encoder,
    *,
    seed: int,
    max_share: float = MAX_SHARE,
) -> list[Row]:
    """Add random and mined negatives, and the mixed arm: mined and written by turns. Drop false ones.

    Args:
        rows: with the written negatives.
        corpus: what is mined by BM25.
        encoder: whose cosines tell a false negative.
        seed: of the random negatives.
        max_share: of the positive's cosine to the question; a negative that reaches it is false.
    """
    words, chooser = Words(corpus), np.random.default_rng(seed)
    added = []
    for number, row in enumerate(rows):
        best = [corpus[place] for place in np.argsort(-words.scores(row.question))[:_NUM_MINED]]
        chance = [corpus[place] for place in chooser.integers(len(corpus), size=_NUM_MINED)]
        found = {
            MINED: _true_negative(row, best, encoder, max_share),
            RANDOM: _true_negative(row, chance, encoder, max_share),
            **{arm: _true_negative(row, [text], encoder, max_share) for arm, text in row.negatives.items()},
        }
        found[MIXED] = found[(MINED, FROM_PAIR)[number % 2]]
        kept = {arm: text for arm, text in found.items() if text is not None}
        added.append(Row(row.question, row.passage, kept))
    return added


def _true_negative(row: Row, candidates: Sequence[str], encoder: Encoder, max_share: float) -> str | None:
    """Give the first that is no part of the passage and not as near to the question, if there is one."""
    question, passage = encoder.encode([row.question, row.passage])
    limit = max_share * float(passage @ question)
    others = (text for text in candidates if text and text not in row.passage and row.passage not in text)
    return next((text for text in others if float(encoder.encode([text])[0] @ question) < limit), None)
