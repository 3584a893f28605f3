"""Words of a question that no passage has, and a sentence says by others: "luggage" by "suitcase".

Knows words and what their vectors say; the caller makes the vectors and says which sentences to look at.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import numpy as np

from rag.core.types import Vector
from rag.reading.features import Unit, passage_words
from rag.reading.questions import asked_words
from rag.scoring.words import content_words

__all__ = ["with_meanings"]

_NEAR = 0.7  # cosine, at least: docs/experiments/answers.md
_WORD = re.compile(r"[^\W\d_]{2,}")


def with_meanings(
    question: str,
    units: Sequence[Unit],
    chosen: Iterable[int],
    encode: Callable[[Sequence[str]], Sequence[Vector]],
) -> list[Unit]:
    """Give the units, those chosen with the words that their passage lacks and that they say by others.

    Args:
        question: what is asked.
        units: sentences and rows.
        chosen: numbers of those to look at.
        encode: words -> a unit vector each.
    """
    asked = {
        stem: word
        for word in _WORD.findall(question.lower())
        for stem in content_words(word)
        if stem in asked_words(question)
    }
    found, held = list(units), passage_words(units)
    for number in chosen:
        unit = units[number]
        missing = [word for stem, word in asked.items() if stem not in held[unit.passage] | unit.about]
        said = [word for word in dict.fromkeys(_WORD.findall(unit.text.lower())) if content_words(word)]
        if unit.is_heading or not missing or not said:
            continue
        vectors = np.array(encode([*missing, *said]))
        nearest = (vectors[: len(missing)] @ vectors[len(missing) :].T).max(axis=1)
        near = [word for word, cosine in zip(missing, nearest, strict=True) if cosine >= _NEAR]
        found[number] = replace(unit, words=unit.words.union(content_words(" ".join(near))))
    return found
