"""Whether a question joins facts of several passages: signals of a search and its hops; no model, no I/O.

A question of several hops names one thing and asks of another: its words lie spread over passages, and what
was found leads on to a passage that it does not name. One gate, fitted by
`python -m rag.training treehop --calibrate MULTIHOP`, for the retriever `treehop` and for the graph.
"""

import math
import re
from collections.abc import Sequence, Set
from dataclasses import dataclass

from rag.scoring.hop_weights import MULTIHOP
from rag.scoring.words import content_words

__all__ = ["LIKELY", "NUM_READ", "Signals", "brought", "is_multihop", "num_names", "signals_of"]

LIKELY = 0.28
"""A question with this probability or more is taken for one of several hops.

A hop not taken costs more than one in vain: this is the highest at which held-out questions of several hops
lose no more than half a point of recall (`python -m rag.training treehop --calibrate MULTIHOP`).
"""
NUM_READ = 6  # passages that are looked at, before hops and after them: as many as an answer reads
_FLOOR = 0.005  # of a probability in a logarithm
_NAME = re.compile(  # a capital that opens a sentence names nothing
    r"(?<!^)(?<![.?!:]\s)(?<![.?!:]\s[\"“])\b[A-Z]\w[\w’'.-]*"
    r"(?: (?:(?:of|the|de|van|von|and|in) ){0,2}[A-Z\d][\w’'.-]*)*"
)


@dataclass(frozen=True, slots=True)
class Signals:
    """What a first search and its hops say about whether a question needs several passages."""

    best: float  # share of the question's words in that one of the first passages with most of them
    second: float  # what another one adds to that share
    num_names: int  # that the question has
    gain: float = 1.0  # probability of the best passage that hops brought; 1, the most, before any hop

    def features(self) -> list[float]:
        """Give what is weighed: of the gain and of the names their logarithms."""
        return [math.log(self.gain + _FLOOR), self.best, self.second, math.log1p(self.num_names)]


def signals_of(question: str, texts: Sequence[Set[str]]) -> Signals:
    """Give what a first search says, as if hops then brought a needed passage.

    Args:
        question: as it was searched for.
        texts: the words of each passage that was found, best first.

    >>> signals_of("Where was the father of Ada born?", [{"ada", "born"}, {"father", "ada"}]).second
    0.3333333333333333
    """
    words = set(content_words(question))
    held = [words & text for text in texts[:NUM_READ]]
    most = max(held, key=len, default=set())
    size = max(len(words), 1)
    second = max((len(each - most) for each in held), default=0) / size
    return Signals(len(most) / size, second, num_names(question))


def brought(hits: Sequence[tuple[str, float]], *, before: Sequence[str]) -> float:
    """Give the probability of the best passage that hops brought among those that are read; 0 of none.

    Args:
        hits: chunk ids after the hops with their probabilities, best first.
        before: chunk ids before them, best first.

    >>> brought([("a", 0.9), ("b", 0.4)], before=["a"])
    0.4
    """
    had = before[:NUM_READ]
    return max((chance for chunk_id, chance in hits[:NUM_READ] if chunk_id not in had), default=0.0)


def num_names(question: str) -> int:
    """Give how many names a question has, by their capitals; its first word is taken for none.

    >>> num_names("Who directed Free Guy? Give the year.")
    1
    """
    return len(_NAME.findall(question))


def is_multihop(signals: Signals) -> float:
    """Give the probability that the question needs several passages, without a language model.

    It grows with the gain: what is unlikely before any hop is so after them.
    """
    bias, *weights = MULTIHOP
    logit = bias + sum(weight * value for weight, value in zip(weights, signals.features(), strict=True))
    return 1 / (1 + math.exp(-logit))
