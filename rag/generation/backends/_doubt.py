"""What a model thought while it wrote: kept token by token, read sentence by sentence.

Turns transformers' outputs into numbers; what is made of them is rag/scoring/adaptive.py.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rag.core.types import Doubt, Vector
from rag.scoring.adaptive import mlag, relevance
from rag.scoring.words import content_words

__all__ = ["DoubtMeter", "ends_sentence"]

_WORDS = 6
_LAYER_TEMPERATURE = 2.0  # tau of LRP: later layers weigh more in a token's state
_TINY = 1e-9


@dataclass(slots=True)
class _Thought:
    """Of one written token."""

    text: str
    probability: float
    attention: Vector | None = None  # (L, H, T) to the tokens before it and itself, once it was read


@dataclass(slots=True)
class DoubtMeter:
    """Follow one generation."""

    decode: Callable[[Sequence[int]], str]
    context_tokens: int
    _read: list[int] = field(default_factory=list)  # prompt and what was written, as far as it was read
    _states: list[Vector] = field(default_factory=list)  # (T, D) each
    _thoughts: list[_Thought] = field(default_factory=list)
    _prompt_tokens: int = 0
    _seen: int = 0  # thoughts of sentences that are done with

    def read(self, piece: Sequence[int], output: Any) -> None:  # Any: a transformers output
        """Take note of a pass over some tokens: of the prompt, or the one written last."""
        weights = torch.softmax(torch.arange(1, len(output.hidden_states)) / _LAYER_TEMPERATURE, dim=0)
        layers = zip(weights, output.hidden_states[1:], strict=True)
        self._states.append(sum(weight * states[0].float() for weight, states in layers).cpu().numpy())
        self._read += piece
        if not self._thoughts:
            self._prompt_tokens = len(self._read)
            return
        rows: list[Tensor] = [layer[0, :, -1].float().cpu() for layer in output.attentions]
        self._thoughts[-1].attention = torch.stack(rows).numpy()

    def wrote(self, token_id: int, probability: float) -> None:
        """Take note of a token and how likely it was."""
        self._thoughts.append(_Thought(self.decode([token_id]), probability))

    def doubt(self, known: str) -> Doubt:
        """Judge what was written since the last call.

        Args:
            known: text whose words may be searched for: the question, its passages, the draft.
        """
        thoughts = self._thoughts[self._seen :]
        first = self._prompt_tokens + self._seen
        self._seen = len(self._thoughts)
        looked = [thought.attention for thought in thoughts if thought.attention is not None]
        if not looked:
            return Doubt(0.0, 0.0, ())
        number = len(looked)
        attention = np.zeros((*looked[0].shape[:2], number, number), dtype=np.float32)
        for place, rows in enumerate(looked):
            attention[:, :, place, : place + 1] = rows[:, :, first : first + place + 1]
        is_content = np.array(
            [_has_content(thought.text) for thought in thoughts[:number]], dtype=np.float32
        )
        probabilities = np.array([thought.probability for thought in thoughts[:number]], dtype=np.float32)
        entropies = np.mean([_entropies(rows[-1]) for rows in looked], axis=0)
        load = len(self._read) / self.context_tokens
        doubts = mlag(attention, probabilities, is_content, entropies=entropies, load=load)
        place = int(doubts.argmax())
        words = self._words(first + place, looked[place], known)
        return Doubt(float(((1 - probabilities) * is_content).max()), float(doubts[place]), words)

    def _words(self, place: int, rows: Vector, known: str) -> tuple[str, ...]:
        """Give the words before a token that it has most to do with, in their order."""
        states = np.concatenate(self._states)
        scores = relevance(rows[:, :, :place], states[:place], states[place])
        allowed = set(content_words(known))
        best: dict[str, tuple[float, int]] = {}  # word -> its best score and where that is
        for number, word, score in self._scored(scores):
            if set(content_words(word)) & allowed and score > best.get(word, (-np.inf, 0))[0]:
                best[word] = (score, number)
        chosen = sorted(best, key=lambda word: -best[word][0])[:_WORDS]
        return tuple(sorted(chosen, key=lambda word: best[word][1]))

    def _scored(self, scores: Vector) -> list[tuple[int, str, float]]:
        """Give the words that tokens are pieces of: where each starts, and the best score of its pieces."""
        words: list[tuple[int, str, float]] = []
        for number, score in enumerate(scores.tolist()):
            piece = self.decode([self._read[number]])
            if words and piece[:1].isalnum() and words[-1][1][-1:].isalnum():
                start, word, best = words[-1]
                words[-1] = (start, word + piece, max(best, score))
            else:
                words.append((number, piece.strip(), score))
        return words


def ends_sentence(text: str) -> bool:
    """Say whether a text ends where a sentence may.

    >>> ends_sentence("It is 3."), ends_sentence("It is 3")
    (True, False)
    """
    return text.rstrip(" ").endswith((".", "!", "?", "\n", "。", "！", "？", "؟"))


def _has_content(text: str) -> bool:
    return any(not word.isdigit() for word in content_words(text))


def _entropies(rows: Vector) -> Vector:
    """Give each head's entropy, (H,), from its attention (H, T)."""
    entropies: Vector = -(rows * np.log(rows + _TINY)).sum(axis=1)
    return entropies
