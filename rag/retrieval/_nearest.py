"""Dense search, which several retrievers begin with."""

from collections.abc import Sequence

from rag.core.errors import ConflictError
from rag.core.protocols import Encoder, QueryEncoder, SearchRequest, Store
from rag.core.queries import VectorQuery
from rag.core.types import Hit, Vector

__all__ = ["nearest", "query_of", "query_vectors"]


def query_of(request: SearchRequest, encoder: Encoder) -> VectorQuery:
    """Encode the words.

    Raises:
        ConflictError: the collection was indexed by another encoder.
    """
    if request.snapshot.encoder != encoder.fingerprint:
        raise ConflictError(
            f"collection {request.snapshot.collection!r} was indexed with"
            f" {request.snapshot.encoder}, the settings say {encoder.fingerprint};"
            " set GROVE_ENCODER__KIND back, or `rag reindex` the collection"
        )
    with request.timings.stage("encode"):
        return VectorQuery(query_vectors(encoder, [request.text])[0])


def query_vectors(encoder: Encoder, texts: Sequence[str]) -> Vector:
    """Give (N, D) of questions."""
    return encoder.encode_queries(texts) if isinstance(encoder, QueryEncoder) else encoder.encode(texts)


def nearest(request: SearchRequest, store: Store, query: VectorQuery, *, k: int) -> list[Hit]:
    """Give the at most k passages nearest to a vector, best first."""
    with request.timings.stage("dense"):
        return store.search(query, request.snapshot.segments, filter=request.filter, k=k)
