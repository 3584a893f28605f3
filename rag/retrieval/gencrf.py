"""Dense search with a question that was written anew: variants, grouped into intents, weighed together.

Source: GenCRF, 2024, https://arxiv.org/abs/2409.10909, section 3. Deviations: without a language model,
variants come from the first answers and groups from vectors; what a round's queries are worth is estimated
by how much its answers have in common, where there a trained classifier (QERM) does it; the bound on it is
a number and no mean over all questions of a test.
"""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from rag.core.protocols import Encoder, SearchRequest, Store
from rag.core.queries import VectorQuery
from rag.core.types import Hit, Vector
from rag.db.catalog import Catalog
from rag.retrieval._intents import FoundIntents, Writer, WrittenIntents
from rag.retrieval._nearest import nearest, query_of, query_vectors
from rag.scoring.intents import coherence, fixed, parse_judgement, score_dw, sim_dw

__all__ = ["Gencrf"]

Weights = Literal["sim", "score", "fixed"]

_REWARDED = 10  # answers that a round is judged by


@dataclass(frozen=True, slots=True)
class Gencrf:
    """Search with the question and one to three intents behind it.

    `writer` names the generator that writes them; without one they come from the first answers. `weights`
    is `sim` (cosine to the question), `score` (a judgement by the writer, one call an intent) or `fixed`.
    While the answers' mean cosine to each other is below `min_reward`, intents are sought anew, at most
    `rounds` times in all; the round with the best answers counts.
    """

    store: Store
    encoder: Encoder
    catalog: Catalog
    writer: Writer | None = None
    weights: Weights = "sim"
    rounds: int = 1
    min_reward: float = 1.0

    def __post_init__(self) -> None:
        if self.weights not in get_args(Weights):
            raise ValueError(f"weights is sim, score or fixed, got {self.weights!r}")
        if self.weights == "score" and self.writer is None:
            raise ValueError(
                'weights "score" needs a language model as judge: give "writer" the name of a generator,'
                ' as in {"writer": "transformers"}, or take "sim" or "fixed"'
            )
        if self.rounds < 1:
            raise ValueError(f"rounds is 1 or more, got {self.rounds}")

    def retrieve(self, request: SearchRequest, *, k: int) -> list[Hit]:
        """Give at most k hits, best first.

        Raises:
            ConflictError: the collection was indexed by another encoder.
            GenerationError: the writer failed or its time limit passed.
        """
        query = query_of(request, self.encoder).vector
        best, best_reward = query, -np.inf
        for round in range(self.rounds):
            moved = self._moved(request, query, round=round)
            if self.rounds == 1:
                best = moved
                break
            reward = self._reward(request, moved)
            if reward > best_reward:
                best, best_reward = moved, reward
            if reward >= self.min_reward:
                break
        return nearest(request, self.store, VectorQuery(best), k=k)

    def _moved(self, request: SearchRequest, query: Vector, *, round: int) -> Vector:
        """Give the vector of the question and its intents, of unit norm."""
        source = (
            FoundIntents(self.store, self.encoder, self.catalog)
            if self.writer is None
            else WrittenIntents(self.writer, self.encoder)
        )
        with request.timings.stage("intents"):
            request.timings.count("rounds")
            texts = source.queries(request, round=round)
            intents = query_vectors(self.encoder, texts)
            if self.weights == "score":
                moved = score_dw(query, intents, [self._judgement(request, text) for text in texts])
            else:
                moved = sim_dw(query, intents) if self.weights == "sim" else fixed(query, intents)
        unit: Vector = (moved / np.linalg.norm(moved)).astype(np.float32)
        return unit

    def _judgement(self, request: SearchRequest, text: str) -> int | None:
        assert self.writer is not None, "checked at the start"
        request.timings.count("model_calls")
        values = {"question": request.text, "rewrite": text}
        return parse_judgement(self.writer.write("rewrite_judge", values, seeds=[0])[0])

    def _reward(self, request: SearchRequest, moved: Vector) -> float:
        hits = nearest(request, self.store, VectorQuery(moved), k=_REWARDED)
        return coherence(self.store.vectors([hit.chunk_id for hit in hits], request.snapshot.segments))
