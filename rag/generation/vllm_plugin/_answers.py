"""Earlier answers, each findable by those alone who ask about the same passages.

vLLM tells a proposer no tenant and no request, only tokens: what a prompt shares with an earlier one is the
key, but for what many prompts have, as instructions. Drafts change no text, but they change how fast it
comes; that, too, is nobody else's business.
"""

from collections import Counter, OrderedDict
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
_LEAST_SHARED = 16  # windows, about 256 tokens: more than our instructions and a chat template have
_FEW = 8  # prompts that may have a window: one in more, and in an eighth of all, is nobody's passage


@dataclass(frozen=True, slots=True)
class _Answer:
    prompt: Fingerprint
    token_ids: tuple[int, ...]


class Answers:
    """Answers as tokens, bounded, the oldest forgotten first."""

    def __init__(self, max_tokens: int, min_shared: float) -> None:
        """Set how many tokens are kept, and how much of a prompt an earlier one must share.

        Args:
            max_tokens: of all answers together.
            min_shared: of the prompt's windows but for those that many prompts have.
        """
        self._max_tokens = max_tokens
        self._min_shared = min_shared
        self._answers: OrderedDict[tuple[Fingerprint, tuple[int, ...]], _Answer] = OrderedDict()
        self._num_tokens = 0
        self._prompts: Counter[int] = Counter()  # that have a window

    def __len__(self) -> int:
        return len(self._answers)

    def add(self, prompt: Fingerprint, opening: Sequence[int], answer: Sequence[int]) -> None:
        """Keep an answer with the end of its prompt; the same prompt's answer before it goes."""
        if not prompt or not answer:
            return
        key = (prompt, tuple(opening))
        if (old := self._answers.pop(key, None)) is not None:
            self._forget(old)
        self._answers[key] = _Answer(prompt, (*opening, *answer))
        self._num_tokens += len(opening) + len(answer)
        self._prompts.update(prompt)
        while self._num_tokens > self._max_tokens:
            self._forget(self._answers.popitem(last=False)[1])

    def related(self, prompt: Fingerprint) -> list[tuple[int, ...]]:
        """Give the answers to prompts that share enough with this one, the closest last."""
        many = max(_FEW, len(self._answers) // _FEW)
        own = frozenset(window for window in prompt if self._prompts[window] <= many)
        least = max(_LEAST_SHARED, self._min_shared * len(own))
        shared = [(len(own & each.prompt), each.token_ids) for each in self._answers.values()]
        close = sorted(each for each in shared if each[0] >= least)
        return [token_ids for _, token_ids in close[-_MAX_RELATED:]]

    def _forget(self, answer: _Answer) -> None:
        self._num_tokens -= len(answer.token_ids)
        for window in answer.prompt:
            self._prompts[window] -= 1
            if not self._prompts[window]:
                del self._prompts[window]


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
