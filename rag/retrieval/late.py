"""Search by late interaction: every token of the query looks for its best match among a passage's tokens.

It finds passages itself, through the store; it does not only rank what others found.

Source: Khattab & Zaharia, ColBERT, SIGIR 2020, section 3, https://arxiv.org/abs/2004.12832.
"""

from dataclasses import dataclass
from typing import ClassVar

from rag.core.kinds import LATE
from rag.core.protocols import LateEncoder, SearchRequest, Store
from rag.core.queries import TokenQuery
from rag.core.types import Hit
from rag.retrieval._kinds import check_kind

__all__ = ["Late"]


@dataclass(frozen=True, slots=True)
class Late:
    """Find the passages with the largest sums of maximal similarities."""

    store: Store
    late_encoder: LateEncoder
    needs: ClassVar[tuple[str, ...]] = (LATE,)  # kinds of index that the collection must have

    def retrieve(self, request: SearchRequest, *, k: int) -> list[Hit]:
        """Give at most k hits, best first.

        Raises:
            ConflictError: the collection has no token vectors, or those of another encoder.
        """
        snapshot = request.snapshot
        check_kind(snapshot, LATE, now=self.late_encoder.fingerprint)
        with request.timings.stage("encode_late"):
            vectors = self.late_encoder.encode_queries([request.text])[0]
        with request.timings.stage("late"):
            return self.store.search(TokenQuery(vectors), snapshot.segments, filter=request.filter, k=k)
