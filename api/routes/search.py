"""Searching."""

from fastapi import APIRouter, Request

from api.deps import GroveDep, MetricsDep
from api.document_schemas import RetrieverList
from api.schemas import SearchBody, SearchReply
from api.server_timing import show_stages

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/search", tags=["search"])


@router.get("/retrievers", operation_id="listRetrievers")
def list_retrievers(grove: GroveDep) -> RetrieverList:
    """List the names that `retriever` takes: the default, the pipelines of the settings, single methods."""
    return RetrieverList(grove.retriever_names())


@router.post("", operation_id="search")
def search(body: SearchBody, request: Request, grove: GroveDep, metrics: MetricsDep) -> SearchReply:
    """Find the k best passages of a collection."""
    found = grove.search(
        body.query, collection=body.collection, retriever=body.retriever, k=body.k, filter=body.filter
    )
    metrics.searched(found.timings)
    show_stages(request, found.timings)
    return SearchReply(found.passages, found.timings, found.counts)
