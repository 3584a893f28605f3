"""OpenAI's vector stores: collections under their names, and what is in them."""

import uuid
from itertools import dropwhile, islice
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, StrictFloat, StrictInt, StrictStr

from api.deps import GroveDep, MetricsDep
from api.openai_filters import Filters, grove_filter
from api.openai_search import found_passages, results_of
from api.openai_shapes import KNOWN_QUERY, After, ListLimit, Order, listed
from api.problems import OPENAI_ERROR
from api.schemas import Body
from api.store_paths import StoreRoute
from indexing.attach import attach
from rag.compose import DEFAULT, Grove
from rag.core.errors import ConflictError, NotFoundError
from rag.db.catalog import CollectionSummary

__all__ = ["Labels", "router"]

router = APIRouter(
    prefix="/v1/vector_stores",
    tags=["openai"],
    responses=OPENAI_ERROR,
    dependencies=[KNOWN_QUERY],
    route_class=StoreRoute,
)
_VECTOR_BYTES = 4  # of each dimension
Labels = Annotated[
    dict[
        Annotated[str, Field(min_length=1, max_length=64)],
        Annotated[StrictStr, Field(max_length=512)],
    ],
    Field(max_length=16, description="What a client notes; searches do not see it."),
]


class AutoChunking(BaseModel):
    """The one way of cutting: that of the settings."""

    model_config = ConfigDict(extra="forbid")
    type: Literal["auto"]


class VectorStoreBody(Body):
    """A vector store to make. One that expires is refused: collections stay until they are deleted."""

    name: Annotated[
        str | None, Field(description="Also its id, and the collection's name; one that is free.")
    ] = None
    file_ids: list[StrictStr] = Field([], max_length=500)
    metadata: Labels | None = None
    chunking_strategy: AutoChunking | None = None


class VectorStoreChange(Body):
    """What can change of a vector store; its name cannot, for it is its id."""

    metadata: Labels | None = None


class RankingOptions(BaseModel):
    """How hits are ordered. A threshold is refused: scores of different ways do not compare."""

    model_config = ConfigDict(extra="forbid")
    ranker: Annotated[str, Field(description="`auto`, or the name of a retriever.")] = "auto"
    score_threshold: Annotated[StrictFloat | StrictInt, Field(ge=0, le=0)] = 0


class VectorSearchBody(Body):
    """What to look for in a vector store."""

    query: StrictStr | Annotated[list[StrictStr], Field(min_length=1, max_length=8)]
    filters: Filters = None
    max_num_results: Annotated[StrictInt, Field(ge=1, le=50)] = 10
    ranking_options: RankingOptions | None = None
    rewrite_query: Literal[False] = False


@router.post("", operation_id="createVectorStore")
def create_store(body: VectorStoreBody, grove: GroveDep) -> dict[str, Any]:
    """Make a collection, and queue files for it."""
    name = body.name if body.name is not None else f"vs_{uuid.uuid4().hex}"
    files = [grove.files.file(file_id) for file_id in body.file_ids]
    if not grove.ensure_collection(name):
        raise ConflictError(f"vector store {name!r} exists already; names are ids here: choose another")
    if body.metadata:
        grove.files.label(name, body.metadata)
    if files:
        attach(grove, name, body.file_ids)
    return _store(grove, _summary(grove, name))


@router.get("", operation_id="listVectorStores")
def list_stores(
    grove: GroveDep, limit: ListLimit = 20, order: Order = "desc", after: After = None
) -> dict[str, Any]:
    """List the collections by the time they were made."""
    stores = sorted(
        grove.catalog.collections(), key=lambda each: (each.created_at, each.name), reverse=order == "desc"
    )
    if after is not None:
        _summary(grove, after)
        stores = list(islice(dropwhile(lambda each: each.name != after, stores), 1, None))
    return listed([_store(grove, each) for each in stores[: limit + 1]], limit)


@router.post("/{vector_store_id}/search", operation_id="searchVectorStore")
def search_store(
    vector_store_id: str, body: VectorSearchBody, grove: GroveDep, metrics: MetricsDep
) -> dict[str, Any]:
    """Find the best passages for a query; for several queries those best for any of them."""
    queries = [body.query] if isinstance(body.query, str) else body.query
    ranker = "auto" if body.ranking_options is None else body.ranking_options.ranker
    hits = found_passages(
        grove,
        queries,
        [vector_store_id],
        k=body.max_num_results,
        metrics=metrics,
        retriever=DEFAULT if ranker == "auto" else ranker,
        filter=grove_filter(body.filters),
    )
    return {
        "object": "vector_store.search_results.page",
        "search_query": queries,
        "data": [
            {**result, "content": [{"type": "text", "text": result.pop("text")}]}
            for result in results_of(grove, hits)
        ],
        "has_more": False,
        "next_page": None,
    }


@router.get("/{vector_store_id}", operation_id="getVectorStore")
def get_store(vector_store_id: str, grove: GroveDep) -> dict[str, Any]:
    """Describe a vector store."""
    return _store(grove, _summary(grove, vector_store_id))


@router.post("/{vector_store_id}", operation_id="updateVectorStore")
def update_store(vector_store_id: str, body: VectorStoreChange, grove: GroveDep) -> dict[str, Any]:
    """Set what a client notes about a vector store."""
    if body.metadata is not None:
        grove.files.label(vector_store_id, body.metadata)
    return _store(grove, _summary(grove, vector_store_id))


@router.delete("/{vector_store_id}", operation_id="deleteVectorStore")
def delete_store(vector_store_id: str, grove: GroveDep) -> dict[str, Any]:
    """Delete a collection with its documents; files that were sent stay."""
    grove.publisher.delete_documents(vector_store_id)
    return {"id": vector_store_id, "object": "vector_store.deleted", "deleted": True}


def _summary(grove: Grove, name: str) -> CollectionSummary:
    for collection in grove.catalog.collections():
        if collection.name == name:
            return collection
    raise NotFoundError(f"no vector store {name!r}; GET /v1/vector_stores lists what there is")


def _store(grove: Grove, collection: CollectionSummary) -> dict[str, Any]:
    # The first page has all that is pending, however short it is.
    states = [each.status for each in grove.catalog.documents(collection.name, limit=1)]
    in_progress = sum(state in ("queued", "running") for state in states)
    failed = states.count("failed")
    return {
        "id": collection.name,
        "object": "vector_store",
        "created_at": int(collection.created_at.timestamp()),
        "name": collection.name,
        "usage_bytes": collection.chunks * grove.encoder.dim * _VECTOR_BYTES,
        "file_counts": {
            "in_progress": in_progress,
            "completed": collection.documents,
            "failed": failed,
            "cancelled": 0,  # what was not taken in is not there
            "total": in_progress + collection.documents + failed,
        },
        "status": "in_progress" if in_progress else "completed",
        "expires_after": None,
        "expires_at": None,
        "last_active_at": None,
        "metadata": grove.files.labels(collection.name),
    }
