"""How good a head is on the questions of a pool that are held out: exact MaxSim over all its passages."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from rag.core.types import Vector
from rag.evaluation.metrics import ndcg
from rag.networks.late import LateHead
from rag.training._late_pool import Pool, States

_MAX_QUESTIONS = 200
_PASSAGES_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class HeldOut:
    """The held-out questions of a pool."""

    pool: Pool
    columns: list[int]  # of the states, those that the head reads

    def score(self, head: LateHead) -> float:
        """Give the mean nDCG@10 of the head's MaxSim."""
        return self._mean(self._late(head))

    def dense(self) -> float:
        """Give the mean nDCG@10 of the dense encoder's vectors."""
        chosen = self.pool.query_states.vectors[self._questions()]
        return self._mean(chosen @ self.pool.passage_states.vectors.T)

    def _mean(self, scores: Vector) -> float:
        found = [
            ndcg(
                [str(passage) for passage in np.argsort(-row, kind="stable")[:10]],
                {str(passage): 1.0 for passage in self.pool.queries[question].positives},
                k=10,
            )
            for question, row in zip(self._questions(), scores, strict=True)
        ]
        return float(np.mean(found))

    def _questions(self) -> list[int]:
        queries = enumerate(self.pool.queries)
        return [number for number, query in queries if query.dev and query.positives][:_MAX_QUESTIONS]

    @torch.inference_mode()
    def _late(self, head: LateHead) -> Vector:
        questions = self._questions()
        tokens, lengths = self._project(head, self.pool.query_states, questions)
        starts = np.cumsum([0, *lengths[:-1]])
        scores = []
        for start in range(0, len(self.pool.passages), _PASSAGES_AT_ONCE):
            passages = range(start, min(start + _PASSAGES_AT_ONCE, len(self.pool.passages)))
            vectors, counts = self._project(head, self.pool.passage_states, list(passages))
            best = np.maximum.reduceat((tokens @ vectors.T).numpy(), np.cumsum([0, *counts[:-1]]), axis=1)
            scores.append(np.add.reduceat(best, starts, axis=0))  # (Q, passages)
        return np.concatenate(scores, axis=1)

    def _project(self, head: LateHead, states: States, texts: list[int]) -> tuple[Tensor, list[int]]:
        rows, lengths = states.of(texts, self.columns)
        return head(rows), lengths
