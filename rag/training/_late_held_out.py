"""How good a head is on the questions of a pool that are held out: exact MaxSim over all its passages."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from rag.core.types import Vector
from rag.evaluation.metrics import ndcg
from rag.training._late_pool import Columns, Pool, States
from rag.training._late_student import Student

_MAX_QUESTIONS = 30  # of each part: a large part shall not hide the others
_PASSAGES_AT_ONCE = 200

_Rows = Callable[[States, list[int]], tuple[Tensor, list[int]]]


@dataclass(frozen=True, slots=True)
class HeldOut:
    """The held-out questions of a pool; each score is the mean over its parts of the mean nDCG@10."""

    pool: Pool
    columns: Columns

    def score(self, student: Student) -> float:
        """Score the student's MaxSim."""
        return self.mean(self.found(self.late(student)))

    def dense(self) -> float:
        """Score the dense encoder's vectors."""
        chosen = self.pool.query_states.vectors[self.questions()]
        return self.mean(self.found(chosen @ self.pool.passage_states.vectors.T))

    def raw(self) -> float:
        """Score MaxSim of the encoder's untrained token states."""
        ones = torch.ones(int(self.pool.query_states.offsets[-1]))

        def rows(states: States, texts: list[int]) -> tuple[Tensor, list[int]]:
            kept, lengths = states.of(texts, [self.columns.last])
            return F.normalize(kept[:, 0], dim=-1), lengths

        weights = ones[: len(rows(self.pool.query_states, self.questions())[0])]
        return self.mean(self.found(self._maxsim(rows, weights)))

    def questions(self) -> list[int]:
        """Give the numbers of the pool's questions that are asked."""
        chosen: dict[str, list[int]] = {}
        for number, query in enumerate(self.pool.queries):
            part = chosen.setdefault(query.dataset, [])
            if query.dev and query.positives and len(part) < _MAX_QUESTIONS:
                part.append(number)
        return [number for part in chosen.values() for number in part]

    @torch.inference_mode()
    def late(self, student: Student) -> Vector:
        """Give the student's scores (Q, N) of all passages."""
        return self._maxsim(student.tokens, student.weights(self.pool.query_states, self.questions()))

    @torch.inference_mode()
    def _maxsim(self, rows: _Rows, weights: Tensor) -> Vector:
        tokens, lengths = rows(self.pool.query_states, self.questions())
        tokens = tokens * weights[:, None]
        scores = []
        for start in range(0, len(self.pool.passages), _PASSAGES_AT_ONCE):
            passages = range(start, min(start + _PASSAGES_AT_ONCE, len(self.pool.passages)))
            vectors, counts = rows(self.pool.passage_states, list(passages))
            best = np.maximum.reduceat((tokens @ vectors.T).cpu().numpy(), _starts(counts), axis=1)
            scores.append(np.add.reduceat(best, _starts(lengths), axis=0))  # (Q, passages)
        return np.concatenate(scores, axis=1)

    def found(self, scores: Vector) -> list[float]:
        """Give each question's nDCG@10, by scores (Q, N) of all passages."""
        found = []
        for number, row in zip(self.questions(), scores, strict=True):
            ranking = [str(passage) for passage in np.argsort(-row, kind="stable")[:10]]
            gains = {str(passage): 1.0 for passage in self.pool.queries[number].positives}
            found.append(ndcg(ranking, gains, k=10))
        return found

    def mean(self, found: Sequence[float]) -> float:
        """Give the mean over the parts of the mean over their questions."""
        parts: dict[str, list[float]] = {}
        for number, each in zip(self.questions(), found, strict=True):
            parts.setdefault(self.pool.queries[number].dataset, []).append(each)
        return float(np.mean([np.mean(part) for part in parts.values()]))


def _starts(lengths: list[int]) -> NDArray[np.int64]:
    return np.cumsum([0, *lengths[:-1]])
