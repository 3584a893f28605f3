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
        if request.snapshot.encoder != self.encoder.fingerprint:
            raise ConflictError(
                f"collection {request.snapshot.collection!r} was indexed with"
                f" {request.snapshot.encoder}, the settings say {self.encoder.fingerprint};"
                " set GROVE_ENCODER__KIND back, or `rag reindex` the collection"
            )
        with request.timings.stage("encode"):
            vector = self.encoder.encode([request.text])[0]
        with request.timings.stage("dense"):
            return self.store.search(
                VectorQuery(vector), request.snapshot.segments, filter=request.filter, k=k
            )
