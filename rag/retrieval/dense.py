"""Search by meaning: nearest vectors of one embedding a passage."""

from dataclasses import dataclass

from rag.core.protocols import Encoder, SearchRequest, Store
from rag.core.types import Hit
from rag.retrieval._nearest import nearest, query_of

__all__ = ["Dense"]


@dataclass(frozen=True, slots=True)
class Dense:
    """Find the passages whose vectors are nearest to the query's."""

    store: Store
    encoder: Encoder

    def retrieve(self, request: SearchRequest, *, k: int) -> list[Hit]:
        """Give at most k hits, best first.

        Raises:
            ConflictError: the collection was indexed by another encoder.
        """
        return nearest(request, self.store, query_of(request, self.encoder), k=k)
