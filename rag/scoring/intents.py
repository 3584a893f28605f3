"""Variants of a query -> one to three intents, and a query vector that weighs them.

Knows vectors and what a language model wrote, and neither asks a model nor searches.
Source: GenCRF, 2024, https://arxiv.org/abs/2409.10909, section 3. Groups of variants are a
language model's work there; by vectors they are ours.
"""

import re
from collections.abc import Sequence

import numpy as np

from rag.core.types import Vector

__all__ = [
    "MAX_INTENTS",
    "clusters",
    "coherence",
    "fixed",
    "parse_intents",
    "parse_judgement",
    "score_dw",
    "sim_dw",
]

MAX_INTENTS = 3
_OWN = 0.7  # w0, the weight of the query as asked
_MIN_SIMILARITY = 0.2
_MIN_JUDGEMENT = 60
_LINE = re.compile(r"\s*([1-9])[.)]\s+(\S.*)")
_JUDGEMENT = re.compile(r"\s*(?:score\s*:\s*)?(\d{1,3})\s*(?:/\s*100)?\s*\.?\s*", re.IGNORECASE)


def sim_dw(query: Vector, intents: Vector) -> Vector:
    """Weigh each intent (N, D) by its cosine to the query (D,), from 0.2 on; (D,), not of unit norm.

    >>> sim_dw(np.array([1.0, 0.0]), np.array([[0.6, 0.8], [0.0, 1.0]]))
    array([1.06, 0.48])
    """
    similarities = intents @ query
    weights: Vector = np.where(similarities >= _MIN_SIMILARITY, similarities, np.zeros_like(similarities))
    moved: Vector = _OWN * query + weights @ intents
    return moved


def score_dw(query: Vector, intents: Vector, judgements: Sequence[int | None]) -> Vector:
    """Weigh each intent (N, D) by a judge's score in hundredths, from 60 on; one without a score by 0."""
    weights = [
        score / 100 if score is not None and score >= _MIN_JUDGEMENT else 0.0 for score in judgements
    ]
    moved: Vector = _OWN * query + np.array(weights, dtype=query.dtype) @ intents
    return moved


def fixed(query: Vector, intents: Vector) -> Vector:
    """Give the query (D,) 0.7 and all intents (N, D) together 0.3."""
    if not len(intents):
        return query
    moved: Vector = _OWN * query + (1 - _OWN) * intents.mean(axis=0)
    return moved


def clusters(vectors: Vector, *, most: int = MAX_INTENTS, min_cosine: float = 0.8) -> list[list[int]]:
    """Put vectors (N, D) of unit norm together by average linkage, in at most `most` groups.

    Args:
        vectors: of variants.
        most: groups at most.
        min_cosine: groups whose mean cosine is at least this are joined, however few there are.

    >>> clusters(np.array([[1.0, 0.0], [0.0, 1.0], [0.96, 0.28]]))
    [[0, 2], [1]]
    """
    similarities = vectors @ vectors.T
    groups = [[number] for number in range(len(vectors))]
    while len(groups) > 1:
        closeness, first, second = max(
            (float(similarities[np.ix_(groups[i], groups[j])].mean()), -i, -j)
            for i in range(len(groups))
            for j in range(i + 1, len(groups))
        )
        if len(groups) <= most and closeness < min_cosine:
            break
        groups[-first] += groups.pop(-second)
    return [sorted(group) for group in groups]


def coherence(vectors: Vector) -> float:
    """Give the mean cosine of vectors (N, D) of unit norm to each other, a sign that a search went well.

    >>> coherence(np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]))
    0.3333
    """
    number = len(vectors)
    if number < 2:
        return 0.0
    total = float((vectors.sum(axis=0) ** 2).sum())
    return round((total - number) / (number * (number - 1)), 4)


def parse_intents(text: str) -> list[str]:
    r"""Give the one to three queries of a numbered list, or none where the text is anything else.

    >>> parse_intents("1. snow depth\n2) ice on lakes"), parse_intents("Sure! 1. snow")
    (['snow depth', 'ice on lakes'], [])
    """
    lines = [line for line in text.splitlines() if line.strip()]
    found = [_LINE.fullmatch(line) for line in lines]
    numbers = [int(match[1]) for match in found if match]
    if not 1 <= len(lines) <= MAX_INTENTS or numbers != list(range(1, len(lines) + 1)):
        return []
    return [match[2].strip() for match in found if match]


def parse_judgement(text: str) -> int | None:
    """Give the whole number from 1 to 100 that a text is, or None.

    >>> [parse_judgement(text) for text in ("85", "Score: 70/100", "It has 3 parts", "0")]
    [85, 70, None, None]
    """
    match = _JUDGEMENT.fullmatch(text)
    return int(match[1]) if match and 1 <= int(match[1]) <= 100 else None
