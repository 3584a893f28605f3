"""Searching."""

from fastapi import APIRouter

from api.deps import GroveDep, MetricsDep
from api.schemas import SearchBody, SearchReply

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/search", tags=["search"])


@router.post("", operation_id="search")
def search(body: SearchBody, grove: GroveDep, metrics: MetricsDep) -> SearchReply:
    """Find the k best passages of a collection."""
    found = grove.search(
        body.query, collection=body.collection, retriever=body.retriever, k=body.k, filter=body.filter
    )
    metrics.searched(found.timings)
    return SearchReply(found.passages, found.timings, found.counts)
