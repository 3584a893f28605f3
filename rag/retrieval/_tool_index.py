"""Thousands of tools in memory, and the few that a request needs; no database.

A request that asks for several things is cut into parts: each part has its say beside the whole, so that
one thing does not push out the tools of another. Scores join aligned vectors and words.
"""

from collections.abc import Sequence
from functools import cache
from typing import Self

import numpy as np

from rag.core.minilm import is_minilm
from rag.core.protocols import Encoder
from rag.core.types import Vector
from rag.networks.tools import ToolAlignment
from rag.retrieval._nearest import query_vectors
from rag.retrieval._remembered import RememberedVectors
from rag.scoring.tools import Bm25, Tool, prerequisites, request_parts

_LEXICAL = 0.3  # weight of words beside cosines; chosen on other sets, docs/experiments/orchestration.md
_WHOLE = 0.5  # weight of the whole request beside its best part
_EARLIER = 0.5  # weight of an earlier turn beside the last
_BEFORE = 0.95  # share of its score that a tool hands to what must be called before it
_SLOPE, _INTERCEPT = 12.6, -4.71  # of the logit of a cosine; benchmarks/tool_fits.py


class ToolIndex:
    """Tools, encoded once, ranked for each request."""

    def __init__(
        self,
        tools: Sequence[Tool],
        encoder: Encoder,
        *,
        alignment: ToolAlignment | None = None,
        known: RememberedVectors | None = None,
    ) -> None:
        """Encode the tools.

        Args:
            tools: with distinct names.
            encoder: of the tools and the requests.
            alignment: of its vectors; without one they are compared as they are.
            known: vectors that this encoder made of the tools before.
        """
        self._tools, self._encoder, self._alignment = list(tools), encoder, alignment
        self._words = Bm25([tool.text for tool in self._tools])
        self._before = prerequisites(self._tools)
        vectors = tool_vectors(self._tools, known or encoder)
        self._vectors = vectors if self._alignment is None else self._alignment.tools(vectors)

    @classmethod
    def aligned(
        cls, tools: Sequence[Tool], encoder: Encoder, *, known: RememberedVectors | None = None
    ) -> Self:
        """Encode the tools, with the shipped alignment where the encoder is MiniLM."""
        alignment = _shipped() if is_minilm(encoder.fingerprint) else None
        return cls(tools, encoder, alignment=alignment, known=known)

    def best(self, request: str, k: int, *, earlier: Sequence[str] = ()) -> list[str]:
        """Give the names of at most k tools, best first.

        Args:
            request: the user's last turn.
            k: how many.
            earlier: the user's turns before it, which weigh half.
        """
        scores = self.scores(request, earlier=earlier)
        return [self._tools[number].name for number in np.argsort(-scores, kind="stable")[:k]]

    def scores(self, request: str, *, earlier: Sequence[str] = ()) -> Vector:
        """Give (N,) float32, one score a tool in their order; only the order means something."""
        if not self._tools:
            return np.zeros(0, dtype=np.float32)
        parts = request_parts(request)
        texts = [request, *parts, *earlier]
        fused = self._fused(texts)
        whole, others = fused[0], fused[1 : 1 + len(parts)]
        scores = whole if not parts else (others.max(axis=0) + _WHOLE * whole) / (1 + _WHOLE)
        for turn in fused[1 + len(parts) :]:
            scores = np.maximum(scores, _EARLIER * turn)
        return self._with_prerequisites(scores)

    def probabilities(self, request: str) -> Vector:
        """Give (N,) float32: how likely the request, or a part of it, wants each tool, in their order.

        Calibrated for the shipped alignment; of another encoder only the order means something.
        """
        parts = [request, *request_parts(request)]
        nearness = (self._encoded(parts) @ self._vectors.T).max(axis=0)
        likely: Vector = 1 / (1 + np.exp(-(_SLOPE * nearness + _INTERCEPT)))
        return likely

    def _encoded(self, texts: Sequence[str]) -> Vector:
        vectors = query_vectors(self._encoder, texts)
        return vectors if self._alignment is None else self._alignment.queries(vectors)

    def _fused(self, texts: Sequence[str]) -> Vector:
        """Give (Q, N), each row's best at 1, so that every part speaks as loud."""
        vectors = self._encoded(texts)
        words = np.stack([self._words.scores(text) for text in texts])
        words /= np.maximum(words.max(axis=1, keepdims=True), 1e-9)
        fused = np.maximum(vectors @ self._vectors.T, 0) + _LEXICAL * words
        scaled: Vector = fused / np.maximum(fused.max(axis=1, keepdims=True), 1e-9)
        return scaled

    def _with_prerequisites(self, scores: Vector) -> Vector:
        raised = scores.copy()
        for number, before in enumerate(self._before):
            for other in before:
                raised[other] = max(raised[other], _BEFORE * scores[number])
        return raised


_shipped = cache(ToolAlignment.shipped)


def tool_vectors(tools: Sequence[Tool], encoder: Encoder | RememberedVectors) -> Vector:
    """Give (N, D) float32 of unit norm: of all that is known of a tool, and of its description alone."""
    joined = encoder.encode([tool.text for tool in tools])
    joined = joined + encoder.encode([tool.description for tool in tools])
    unit: Vector = joined / np.maximum(np.linalg.norm(joined, axis=1, keepdims=True), 1e-9)
    return unit
