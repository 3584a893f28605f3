"""Search by meaning: nearest vectors of one embedding a passage."""

from dataclasses import dataclass

from rag.core.errors import ConflictError
from rag.core.protocols import Encoder, SearchRequest, Store, VectorQuery
from rag.core.types import Hit

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
        return self.nearest(request, self.query(request), k=k)

    def query(self, request: SearchRequest) -> VectorQuery:
        """Encode the words.

        Raises:
            ConflictError: the collection was indexed by another encoder.
        """
        if request.snapshot.encoder != self.encoder.fingerprint:
            raise ConflictError(
                f"collection {request.snapshot.collection!r} was indexed with"
                f" {request.snapshot.encoder}, the settings say {self.encoder.fingerprint};"
                " set GROVE_ENCODER__KIND back, or `rag reindex` the collection"
            )
        with request.timings.stage("encode"):
            return VectorQuery(self.encoder.encode([request.text])[0])

    def nearest(self, request: SearchRequest, query: VectorQuery, *, k: int) -> list[Hit]:
        """Give the at most k passages nearest to a vector, best first."""
        with request.timings.stage("dense"):
            return self.store.search(query, request.snapshot.segments, filter=request.filter, k=k)
