"""Earlier answers, each findable by those alone who ask about the same passages.

vLLM tells a proposer no tenant and no request, only tokens: what a prompt shares with an earlier one is the
key. Drafts change no text, but they change how fast it comes; that, too, is nobody else's business.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Answers", "Fingerprint", "fingerprint"]

Fingerprint = frozenset[int]
Tokens = NDArray[np.int32]

_WINDOW = 8  # tokens
_KEPT = 16  # one window of so many, chosen by its content, so that shifted texts keep the same ones
_BASE = np.uint64(0x9E3779B97F4A7C15)
_MAX_RELATED = 8


@dataclass(frozen=True, slots=True)
class _Answer:
    prompt: Fingerprint
    token_ids: tuple[int, ...]


class Answers:
    """Answers as tokens, bounded, the oldest forgotten first."""

    def __init__(self, max_tokens: int, min_shared: float) -> None:
        """Set how many tokens are kept, and how much of a prompt an earlier one must share."""
        self._max_tokens = max_tokens
        self._min_shared = min_shared
        self._answers: OrderedDict[tuple[Fingerprint, tuple[int, ...]], _Answer] = OrderedDict()
        self._num_tokens = 0

    def __len__(self) -> int:
        return len(self._answers)

    def add(self, prompt: Fingerprint, opening: Sequence[int], answer: Sequence[int]) -> None:
        """Keep an answer with the end of its prompt; the same prompt's answer before it goes."""
        if not prompt or not answer:
            return
        key = (prompt, tuple(opening))
        if (old := self._answers.pop(key, None)) is not None:
            self._num_tokens -= len(old.token_ids)
        self._answers[key] = _Answer(prompt, (*opening, *answer))
        self._num_tokens += len(opening) + len(answer)
        while self._num_tokens > self._max_tokens:
            _, oldest = self._answers.popitem(last=False)
            self._num_tokens -= len(oldest.token_ids)

    def related(self, prompt: Fingerprint) -> list[tuple[int, ...]]:
        """Give the answers to prompts that share enough with this one, the closest last."""
        if not prompt:
            return []
        least = self._min_shared * len(prompt)
        shared = [(len(prompt & each.prompt), each.token_ids) for each in self._answers.values()]
        close = sorted(each for each in shared if each[0] >= least)
        return [token_ids for _, token_ids in close[-_MAX_RELATED:]]


def fingerprint(token_ids: Tokens) -> Fingerprint:
    """Give hashes of some of the runs of 8 tokens: the same runs wherever they stand.

    >>> text = np.arange(400, dtype=np.int32)
    >>> fingerprint(text) >= fingerprint(text[100:]) > frozenset()
    True
    """
    if len(token_ids) < _WINDOW:
        return frozenset()
    windows = np.lib.stride_tricks.sliding_window_view(token_ids.astype(np.uint64), _WINDOW)
    hashes = np.zeros(len(windows), dtype=np.uint64)
    for place in range(_WINDOW):
        hashes = (hashes ^ windows[:, place]) * _BASE
        hashes ^= hashes >> np.uint64(29)
    return frozenset(hashes[hashes % np.uint64(_KEPT) == 0].tolist())
