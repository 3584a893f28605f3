"""Signals of what a question wants, read off what one search found; no model, no I/O.

A question of several hops names one thing and asks of another: its words lie spread over passages.
The weights were fitted by `rag bench routing`, which says on what.
"""

import math
import re
from collections.abc import Mapping, Sequence

from rag.core.types import Passage
from rag.scoring.words import analyze, content_words

__all__ = ["HOP_SIGNALS", "hop_probability", "hop_signals"]

HOP_SIGNALS = ("best", "gain", "words", "names", "margin")
_HOP_WEIGHTS = (-3.0732, -3.2611, 2.9229, 2.0856, 2.2532, -1.5944)  # bias, then one a signal
_NAME = re.compile(r"(?<!^)\b[A-Z]\w[\w’'.-]*(?: (?:(?:of|the|de|van|von|and|in) ){0,2}[A-Z\d][\w’'.-]*)*")


def hop_signals(question: str, passages: Sequence[Passage]) -> dict[str, float]:
    """Give the signals of a question and the passages that one search found, best first.

    - best: share of the question's words that the passage with most of them holds.
    - gain: what the best second passage adds to that share.
    - words, names: how many the question has (logarithm of one more).
    - margin: how far the first score stands above the second, as a share of all distances.

    >>> found = [Passage("", "", 1, "", "Ada", None, 0, 1, 2.0, "born in London"),
    ...          Passage("", "", 1, "", "Byron", None, 0, 1, 1.0, "father of Ada")]
    >>> hop_signals("Where was the father of Ada born?", found)["gain"]
    0.333
    """
    words = set(content_words(question))
    texts = [set(analyze(f"{passage.title} {passage.text}")) & words for passage in passages]
    most = max(texts, key=len, default=set())
    scores = [passage.score for passage in passages]
    spread = scores[0] - scores[-1] if scores else 0.0
    size = max(len(words), 1)
    signals = {
        "best": len(most) / size,
        "gain": max((len(text - most) for text in texts), default=0) / size,
        "words": math.log1p(len(words)),
        "names": math.log1p(len(_NAME.findall(question))),
        "margin": (scores[0] - scores[1]) / spread if len(scores) > 1 and spread > 0 else 0.0,
    }
    return {name: round(value, 3) for name, value in signals.items()}


def hop_probability(signals: Mapping[str, float]) -> float:
    """Give the probability that a question with these signals joins facts of several passages."""
    return _logistic(_HOP_WEIGHTS, [signals[name] for name in HOP_SIGNALS])


def _logistic(weights: Sequence[float], values: Sequence[float]) -> float:
    bias, *rest = weights
    logit = bias + sum(weight * value for weight, value in zip(rest, values, strict=True))
    return 1 / (1 + math.exp(-logit))
