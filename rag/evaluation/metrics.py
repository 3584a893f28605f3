"""Measures of rankings and answers; fractions from 0 to 1."""

import math
import re
import string
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from rag.scoring._scripts import CJK, SOUTHEAST

__all__ = [
    "contains_answer",
    "exact_match",
    "ndcg",
    "paired_interval",
    "recall",
    "reciprocal_rank",
    "sufficiency",
    "token_f1",
]

_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)
_UNSPACED = re.compile(f"[{CJK}{SOUTHEAST}]")


def ndcg(ranking: Sequence[str], gains: Mapping[str, float], *, k: int) -> float:
    """Give the normalised discounted cumulative gain of the first k, gains linear.

    Source: Järvelin & Kekäläinen, 2002, with trec_eval's linear gain.

    >>> round(ndcg(["b", "a"], {"a": 1.0}, k=10), 3)
    0.631
    """
    found = sum(gains.get(item, 0.0) / math.log2(rank + 1) for rank, item in enumerate(ranking[:k], 1))
    best = sorted(gains.values(), reverse=True)[:k]
    ideal = sum(gain / math.log2(rank + 1) for rank, gain in enumerate(best, 1))
    return found / ideal if ideal else 0.0


def recall(ranking: Sequence[str], relevant: Mapping[str, float], *, k: int) -> float:
    """Give the share of the relevant items among the first k.

    >>> recall(["a", "x"], {"a": 1.0, "b": 1.0}, k=2)
    0.5
    """
    return len(set(ranking[:k]) & set(relevant)) / len(relevant) if relevant else 0.0


def sufficiency(ranking: Sequence[str], relevant: Mapping[str, float], *, k: int) -> float:
    """Give 1 when every relevant item is among the first k, else 0.

    Source: Data-Efficient Massive Tool Retrieval, 2024, section 4.

    >>> sufficiency(["a", "x", "b"], {"a": 1.0, "b": 1.0}, k=2)
    0.0
    """
    return float(set(relevant) <= set(ranking[:k]))


def reciprocal_rank(ranking: Sequence[str], relevant: Mapping[str, float], *, k: int) -> float:
    """Give 1 / rank of the first relevant item among the first k, else 0.

    >>> reciprocal_rank(["x", "a"], {"a": 1.0}, k=10)
    0.5
    """
    return next((1 / rank for rank, item in enumerate(ranking[:k], 1) if item in relevant), 0.0)


def paired_interval(
    ones: Sequence[float], others: Sequence[float], *, samples: int = 10_000, seed: int = 0
) -> tuple[float, float]:
    """Give the 95% interval of the mean of ones - others, a pair a question, by a bootstrap over them.

    Source: Efron & Tibshirani, An Introduction to the Bootstrap, 1993, section 13.3 (percentiles).

    >>> paired_interval([0.5, 0.7], [0.25, 0.45])
    (0.25, 0.25)
    """
    differences = np.array(ones) - np.array(others)
    drawn = np.random.default_rng(seed).integers(len(differences), size=(samples, len(differences)))
    low, high = np.percentile(differences[drawn].mean(axis=1), [2.5, 97.5])
    return round(float(low), 4), round(float(high), 4)


def exact_match(answer: str, accepted: Sequence[str]) -> float:
    """Give 1 when the answer equals an accepted one but for case, articles and punctuation, else 0.

    Source: Rajpurkar et al., SQuAD, 2016, section 6.1.

    >>> exact_match("The Eiffel Tower.", ["eiffel tower"])
    1.0
    """
    return float(any(_normalised(answer) == _normalised(each) for each in accepted))


def token_f1(answer: str, accepted: Sequence[str]) -> float:
    """Give the best token F1 against an accepted answer.

    Source: as `exact_match`.

    >>> token_f1("tower in Paris", ["Paris"])
    0.5
    """
    return max(
        (_f1(_normalised(answer).split(), _normalised(each).split()) for each in accepted), default=0.0
    )


def contains_answer(text: str, accepted: Sequence[str]) -> bool:
    """Tell whether the text holds an accepted answer, word for word.

    >>> contains_answer("It is in Paris, France.", ["paris"]), contains_answer("Parisian", ["paris"])
    (True, False)
    >>> contains_answer("它在巴黎。", ["巴黎"])
    True
    """
    words = f" {_normalised(text)} "
    return any((wanted := _normalised(each)) and f" {wanted} " in words for each in accepted)


def _normalised(text: str) -> str:
    # A character of Chinese, Japanese, Korean or Thai is a word, as CMRC 2018 and KorQuAD score.
    spaced = _UNSPACED.sub(r" \g<0> ", text.lower().translate(_PUNCTUATION))
    return " ".join(_ARTICLES.sub(" ", spaced).split())


def _f1(found: Sequence[str], wanted: Sequence[str]) -> float:
    shared = sum((Counter(found) & Counter(wanted)).values())
    return 2 * shared / (len(found) + len(wanted)) if shared else 0.0
