"""Candidates of each question, and what teachers say of them: words, vectors, raw tokens, gold labels."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rag.core.types import Vector
from rag.scoring.words import analyze
from rag.training._kept import whole
from rag.training._late_loss import maxima, min_max
from rag.training._late_pool import Columns, Pool

Negatives = Literal["mined", "random"]
SIGNALS = ("words", "dense", "raw", "gold")
_NUM_RANDOM = 2  # easy candidates, so that a list is not all of one kind
_K1, _B = 1.2, 0.75


class _Choices(Protocol):
    @property
    def negatives(self) -> Negatives: ...
    @property
    def ways(self) -> int: ...
    @property
    def seed(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Examples:
    """Questions with as many candidates each, and every signal about them."""

    pool: Pool
    queries: list[int]  # numbers of the pool's questions
    candidates: NDArray[np.int64]  # (Q, N) numbers of passages
    signals: dict[str, Vector]  # name -> (Q, N) float32

    def teacher(self, names: Sequence[str]) -> Vector:
        """Give (Q, N): the mean of the named signals, each scaled to 0..1; gold goes above all others."""
        others = [self.signals[name] for name in names if name != "gold"]
        scaled = [min_max(torch.from_numpy(other)).numpy() for other in others]
        mean: Vector = np.mean(scaled, axis=0) if scaled else np.zeros_like(self.signals["gold"])
        return mean + self.signals["gold"] if "gold" in names else mean


def mined(pool: Pool, columns: Columns, choices: _Choices, work: Path) -> Examples:
    """Give what `mine` gives, from `work` where it is there already."""
    file = work / f"{pool.name}_{choices.negatives}_{choices.ways}_{choices.seed}.npz"
    if not file.exists():
        found = mine(
            pool, columns=columns, ways=choices.ways, negatives=choices.negatives, seed=choices.seed
        )
        signals = np.stack([found.signals[name] for name in SIGNALS])
        with whole(file) as partial:
            np.savez(partial, queries=found.queries, candidates=found.candidates, signals=signals)
    stored = np.load(file)
    known = dict(zip(SIGNALS, stored["signals"], strict=True))
    return Examples(pool, stored["queries"].tolist(), stored["candidates"], known)


def mine(pool: Pool, *, columns: Columns, ways: int, negatives: Negatives, seed: int) -> Examples:
    """Choose the candidates of the questions that are not held out, and score them by every signal.

    Half of the mined candidates are the best by words and half the best by dense vectors. A passage that
    holds a gold passage, or lies within one, is never a negative.

    Args:
        pool: questions and passages.
        columns: of the states.
        ways: candidates a question, gold passages among them.
        negatives: `mined` or `random`.
        seed: of the random candidates.
    """
    chosen = [number for number, query in enumerate(pool.queries) if not query.dev and query.positives]
    words = Words(pool.passages)
    chooser = np.random.default_rng(seed)
    rows, candidates = [], []
    for number in chosen:
        query = pool.queries[number]
        by_words = words.scores(query.text)
        by_vectors = pool.passage_states.vectors @ pool.query_states.vectors[number]
        picked = _pick(pool, number, (by_words, by_vectors), chooser, ways, negatives)
        candidates.append(picked)
        gold = np.isin(picked, query.positives)
        rows.append(
            (
                by_words[picked],
                by_vectors[picked],
                unprojected(pool, number, picked, columns)[:, 1:].sum(dim=1).numpy(),
                gold,
            )
        )
    signals = [np.array(column, dtype=np.float32) for column in zip(*rows, strict=True)]
    return Examples(pool, chosen, np.array(candidates), dict(zip(SIGNALS, signals, strict=True)))


def _pick(
    pool: Pool,
    number: int,
    scores: Sequence[Vector],
    chooser: np.random.Generator,
    ways: int,
    negatives: Negatives,
) -> list[int]:
    gold = pool.queries[number].positives[: ways // 2]
    texts = [pool.passages[passage] for passage in pool.queries[number].positives]
    orders = [np.argsort(-each)[: 4 * ways].tolist() for each in scores]
    mined = [passage for pair in zip(*orders, strict=True) for passage in pair]
    easy = chooser.integers(len(pool.passages), size=4 * ways).tolist()
    if negatives == "random":
        mined = []
    picked = dict.fromkeys(gold)
    for passage, limit in [
        *((each, ways - _NUM_RANDOM) for each in mined),
        *((each, ways) for each in easy),
    ]:
        text = pool.passages[passage]
        if len(picked) < limit and not any(text in other or other in text for other in texts):
            picked[passage] = None
    assert len(picked) == ways, "a pool has more passages than candidates are wanted"
    return list(picked)


def unprojected(pool: Pool, question: int, passages: Sequence[int], columns: Columns) -> Tensor:
    """Give the best cosine of each of a question's token states in each passage, (N, T) float32.

    In the place of [CLS], which comes first, stands the cosine of the whole texts.
    """
    query, _ = pool.query_states.of([question], [columns.last])
    states, lengths = pool.passage_states.of(passages, [columns.last])
    unit = torch.nn.functional.normalize
    best = maxima(unit(query[:, 0], dim=-1), unit(states[:, 0], dim=-1), lengths)
    best[:, 0] = torch.from_numpy(
        pool.passage_states.vectors[list(passages)] @ pool.query_states.vectors[question]
    )
    return best


class Words:
    """BM25 over the product's own words."""

    def __init__(self, texts: Sequence[str]) -> None:
        counts = [Counter(analyze(text)) for text in texts]
        lengths = np.array([sum(count.values()) for count in counts], dtype=np.float32)
        norms = _K1 * (1 - _B + _B * lengths / lengths.mean())
        postings: dict[str, list[tuple[int, float]]] = {}
        for row, count in enumerate(counts):
            for word, times in count.items():
                postings.setdefault(word, []).append((row, times / (times + norms[row])))
        self._num_texts = len(texts)
        self._postings = {
            word: (
                np.array([row for row, _ in found]),
                self._rarity(len(found)) * np.array([w for _, w in found]),
            )
            for word, found in postings.items()
        }

    def scores(self, text: str) -> Vector:
        """Give (N,) float32."""
        scores = np.zeros(self._num_texts, dtype=np.float32)
        for word in set(analyze(text)):
            if word in self._postings:
                rows, weights = self._postings[word]
                scores[rows] += weights
        return scores

    def _rarity(self, num_holding: int) -> float:
        return float(np.log1p((self._num_texts - num_holding + 0.5) / (num_holding + 0.5)))
