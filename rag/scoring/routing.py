"""Signals of what a question wants, read off what one search found; no model, no I/O.

A question of several hops names one thing and asks of another: its words lie spread over passages.
The weights were fitted by `rag bench routing`, which says on what.
"""

import math
import re
from collections.abc import Mapping, Sequence, Set

from rag.core.types import Passage
from rag.scoring.words import content_words, distinct

__all__ = ["HOP_SIGNALS", "cover", "hop_probability", "hop_signals", "num_names"]

HOP_SIGNALS = ("best", "gain", "names", "margin")
_HOP_WEIGHTS = (-0.2014, -2.665, 3.152, 3.3895, -1.741)  # bias, then one a signal
_NAME = re.compile(  # a capital that opens a sentence names nothing
    r"(?<!^)(?<![.?!:]\s)(?<![.?!:]\s[\"“])\b[A-Z]\w[\w’'.-]*"
    r"(?: (?:(?:of|the|de|van|von|and|in) ){0,2}[A-Z\d][\w’'.-]*)*"
)


def hop_signals(question: str, passages: Sequence[Passage]) -> dict[str, float]:
    """Give the signals of a question and the passages that one search found, best first.

    - best, gain: as `cover` gives them.
    - names: how many the question has (logarithm of one more).
    - margin: how far the first score stands above the second, as a share of all distances.

    >>> found = [Passage("", "", 1, "", "Ada", None, 0, 1, 2.0, "born in London"),
    ...          Passage("", "", 1, "", "Byron", None, 0, 1, 1.0, "father of Ada")]
    >>> hop_signals("Where was the father of Ada born?", found)["gain"]
    0.333
    """
    best, gain = cover(question, [distinct(f"{passage.title} {passage.text}") for passage in passages])
    scores = [passage.score for passage in passages]
    spread = scores[0] - scores[-1] if scores else 0.0
    signals = {
        "best": best,
        "gain": gain,
        "names": math.log1p(num_names(question)),
        "margin": (scores[0] - scores[1]) / spread if len(scores) > 1 and spread > 0 else 0.0,
    }
    return {name: round(value, 3) for name, value in signals.items()}


def cover(question: str, texts: Sequence[Set[str]]) -> tuple[float, float]:
    """Give the share of the question's words in the text with most of them, and what a second one adds.

    >>> cover("Where was the father of Ada born?", [{"ada", "born"}, {"father", "ada"}])
    (0.6666666666666666, 0.3333333333333333)
    """
    words = set(content_words(question))
    held = [words & text for text in texts]
    most = max(held, key=len, default=set())
    size = max(len(words), 1)
    return len(most) / size, max((len(each - most) for each in held), default=0) / size


def num_names(question: str) -> int:
    """Give how many names a question has, by their capitals; its first word is taken for none.

    >>> num_names("Who directed Free Guy? Give the year.")
    1
    """
    return len(_NAME.findall(question))


def hop_probability(signals: Mapping[str, float]) -> float:
    """Give the probability that a question with these signals joins facts of several passages."""
    return _logistic(_HOP_WEIGHTS, [signals[name] for name in HOP_SIGNALS])


def _logistic(weights: Sequence[float], values: Sequence[float]) -> float:
    bias, *rest = weights
    logit = bias + sum(weight * value for weight, value in zip(rest, values, strict=True))
    return 1 / (1 + math.exp(-logit))
