"""How well passages answer a question, and how well a span supports a sentence, as probabilities.

Knows features (features.py), vectors and small logistic models; no language model takes part. The
coefficients were fitted by `python -m rag.training.support`, which says on what.
"""

import math
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from threading import Lock

import numpy as np

from rag.core.protocols import Encoder
from rag.core.types import Passage, Vector
from rag.generation.coefficients import DENSE, LEXICAL, Coefficients
from rag.generation.features import (
    Unit,
    claim_features,
    contradicts,
    question_features,
    summary_features,
    units_of,
    weights_of,
)
from rag.generation.verbatim import find_verbatim
from rag.scoring.words import content_words

__all__ = ["SHORT_CLAIM", "Candidate", "Evidence", "Support", "windows"]

_MAX_WINDOW = 3  # sentences
SHORT_CLAIM = 4  # content words; a shorter claim is read together with its question
_CONTRADICTED = 0.2  # numbers or negation differ: never supported, whatever the words say
_CACHED_VECTORS = 4096  # 6 MB of 384 dimensions


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence of a passage, and the probability that it answers the question."""

    passage: Passage
    start: int  # offsets into the passage's text
    end: int
    relevance: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """The span of a passage that supports a sentence best."""

    passage: Passage
    start: int  # offsets into the passage's text
    end: int
    score: float  # share of the sentence's weighted words that the span holds; 1.0 when it is verbatim
    relevance: float  # probability that the span supports the sentence


class Support:
    """Judge questions and sentences against passages.

    The vectors of an encoder are used only if coefficients were fitted for it; words alone otherwise.
    """

    def __init__(self, encoder: Encoder | None = None) -> None:
        self._encoder = encoder
        self._vectors: OrderedDict[str, Vector] = OrderedDict()
        self._lock = Lock()

    def answerable(self, question: str, passages: Sequence[Passage]) -> float:
        """Give the probability that the passages hold an answer; 0 for no passages."""
        units = units_of(passages)
        if not units:
            return 0.0
        features = question_features(question, units, self.similarities(question, units))
        summary = summary_features(self._logits(features), features)
        return _sigmoid(self._coefficients.answerable, summary)

    def rank(self, question: str, passages: Sequence[Passage]) -> list[Candidate]:
        """Give every sentence of the passages but headings, likeliest answer first."""
        units = units_of(passages)
        if not units:
            return []
        logits = self._logits(question_features(question, units, self.similarities(question, units)))
        candidates = [
            Candidate(passages[unit.passage], unit.start, unit.end, _logistic(float(logit)))
            for unit, logit in zip(units, logits, strict=True)
            if not unit.is_heading
        ]
        return sorted(candidates, key=lambda candidate: -candidate.relevance)

    def evidence(
        self, sentence: str, passages: Sequence[Passage], *, question: str = ""
    ) -> Evidence | None:
        """Give the span that supports the sentence best; None when they have no word in common.

        Args:
            sentence: one sentence of an answer.
            passages: where the span may lie.
            question: what was asked; a sentence of a few words says little without it.
        """
        if (whole := find_verbatim(sentence, passages)) is not None:
            return Evidence(passages[whole.passage], whole.start, whole.end, 1.0, 1.0)
        units = units_of(passages)
        must = frozenset(content_words(sentence))
        new = must - frozenset(content_words(question))
        claim = f"{question} {sentence}" if len(must) < SHORT_CLAIM else sentence
        similarities = dict(zip(units, self.similarities(claim, units), strict=True))
        weights = weights_of(dict.fromkeys(content_words(claim)), units)
        best: Evidence | None = None
        for window in windows(units):
            if all(must.isdisjoint(unit.words) for unit in window):
                continue
            features = claim_features(window, weights, new, [similarities[unit] for unit in window])
            score, relevance = float(features[0]), _sigmoid(self._coefficients.supports, features)
            if contradicts(sentence, window):
                score, relevance = score / 2, min(relevance, _CONTRADICTED)
            if best is None or relevance > best.relevance:
                start, end = window[0].start, window[-1].end
                best = Evidence(passages[window[0].passage], start, end, score, relevance)
        return best

    @property
    def _coefficients(self) -> Coefficients:
        fingerprint = "" if self._encoder is None else self._encoder.fingerprint
        return DENSE if fingerprint.startswith("all-MiniLM-L6-v2@") else LEXICAL

    def _logits(self, features: Vector) -> Vector:
        bias, *weights = self._coefficients.answers
        logits: Vector = bias + features @ np.array(weights, dtype=np.float32)
        return logits

    def similarities(self, text: str, units: Sequence[Unit]) -> list[float]:
        """Give the cosine of a text and each unit under its title; zeros when no vectors are used."""
        if self._encoder is None or self._coefficients is LEXICAL:
            return [0.0] * len(units)
        texts = [f"{unit.label}. {unit.text}" if unit.label else unit.text for unit in units]
        target, *vectors = self._encode(self._encoder, [text, *texts])
        return [float(vector @ target) for vector in vectors]

    def _encode(self, encoder: Encoder, texts: Sequence[str]) -> list[Vector]:
        with self._lock:
            known = {text: self._vectors[text] for text in texts if text in self._vectors}
        new = [text for text in dict.fromkeys(texts) if text not in known]
        known.update(zip(new, encoder.encode(new), strict=True))
        with self._lock:
            for text in texts:
                self._vectors[text] = known[text]
                self._vectors.move_to_end(text)
            while len(self._vectors) > _CACHED_VECTORS:
                self._vectors.popitem(last=False)
        return [known[text] for text in texts]


def windows(units: Sequence[Unit]) -> Iterator[Sequence[Unit]]:
    """Give the runs of one to three units of one passage, but for those of headings alone."""
    for first, unit in enumerate(units):
        for last in range(first, min(first + _MAX_WINDOW, len(units))):
            if units[last].passage != unit.passage:
                break
            window = units[first : last + 1]
            if not all(part.is_heading for part in window):
                yield window


def _sigmoid(coefficients: Sequence[float], features: Vector) -> float:
    bias, *weights = coefficients
    return _logistic(bias + float(features @ np.array(weights, dtype=np.float32)))


def _logistic(logit: float) -> float:
    return 1 / (1 + math.exp(-logit)) if logit > 0 else math.exp(logit) / (1 + math.exp(logit))
