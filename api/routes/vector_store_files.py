"""The files of OpenAI's vector stores: documents of collections, and the jobs that take files in."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field, StrictStr

from api.deps import GroveDep
from api.openai_search import attributes_for
from api.openai_shapes import KNOWN_QUERY, After, ListLimit, listed
from api.problems import OPENAI_ERROR
from api.routes.vector_stores import AutoChunking
from api.schemas import Body
from api.store_paths import StoreRoute
from indexing.attach import attach, detach
from indexing.control import cancel_job
from indexing.parse import supported_suffixes
from rag.compose import Grove
from rag.core.errors import NotFoundError
from rag.db.catalog import DocumentSummary
from rag.db.files import StoredFile, file_id_of, is_attached, source_of
from rag.db.jobs import FileStatus, JobStatus

__all__ = ["router"]

router = APIRouter(
    prefix="/v1/vector_stores",
    tags=["openai"],
    responses=OPENAI_ERROR,
    dependencies=[KNOWN_QUERY],
    route_class=StoreRoute,
)
_STORE = "/{vector_store_id}"
_BATCH = "vsfb_"
_VECTOR_BYTES = 4
_STATUSES = {
    "queued": "in_progress",
    "running": "in_progress",
    "ready": "completed",
    "done": "completed",
    "skipped": "completed",
    "failed": "failed",
    "cancelled": "cancelled",
}


class AttachedFile(Body):
    """A file to take in. Attributes are refused: metadata is what the loader reads in the file."""

    file_id: StrictStr
    chunking_strategy: AutoChunking | None = None


class BatchBody(Body):
    """Files to take in together."""

    file_ids: Annotated[list[StrictStr], Field(min_length=1, max_length=500)]
    chunking_strategy: AutoChunking | None = None


@router.post(f"{_STORE}/file_batches/{{batch_id}}/cancel", operation_id="cancelFileBatch")
def cancel_batch(vector_store_id: str, batch_id: str, grove: GroveDep) -> dict[str, Any]:
    """End a batch; what is taken in stays. 409 when it is over."""
    cancel_job(grove, _job(grove, vector_store_id, batch_id).job_id)
    return _batch(_job(grove, vector_store_id, batch_id))


@router.get(f"{_STORE}/file_batches/{{batch_id}}/files", operation_id="listFileBatchFiles")
def list_batch_files(
    vector_store_id: str,
    batch_id: str,
    grove: GroveDep,
    limit: ListLimit = 20,
    after: After = None,
) -> dict[str, Any]:
    """List the files of a batch in the order they were given, and how they fare."""
    job = _job(grove, vector_store_id, batch_id)
    ids = [file_id_of(file.document_id or "", file.source) for file in job.files]
    if after is not None and after not in ids:
        raise NotFoundError(f"batch {batch_id} has no file {after}")
    first = 0 if after is None else ids.index(after) + 1
    files = [_batch_file(grove, job, file) for file in job.files[first : first + limit + 1]]
    return listed(files, limit)


@router.get(f"{_STORE}/file_batches/{{batch_id}}", operation_id="getFileBatch")
def get_batch(vector_store_id: str, batch_id: str, grove: GroveDep) -> dict[str, Any]:
    """Tell how a batch fares."""
    return _batch(_job(grove, vector_store_id, batch_id))


@router.post(f"{_STORE}/file_batches", operation_id="createFileBatch")
def create_batch(vector_store_id: str, body: BatchBody, grove: GroveDep) -> dict[str, Any]:
    """Queue files for a vector store; the batch tells how each of them fares."""
    return _batch(grove.jobs.job(attach(grove, vector_store_id, body.file_ids)))


@router.get(f"{_STORE}/files/{{file_id}}/content", operation_id="getVectorStoreFileContent")
def get_content(vector_store_id: str, file_id: str, grove: GroveDep) -> dict[str, Any]:
    """Give the text that was read from a file."""
    document = _attached(grove, vector_store_id, grove.files.file(file_id))
    if document.document_id is None:
        raise NotFoundError(f"file {file_id} is {document.status}; it has no text yet")
    text = grove.catalog.document(document.document_id).text
    return {
        "object": "vector_store.file_content.page",
        "data": [{"type": "text", "text": text}],
        "has_more": False,
        "next_page": None,
    }


@router.get(f"{_STORE}/files/{{file_id}}", operation_id="getVectorStoreFile")
def get_file(vector_store_id: str, file_id: str, grove: GroveDep) -> dict[str, Any]:
    """Tell how a file fares in a vector store."""
    document = _attached(grove, vector_store_id, grove.files.file(file_id))
    return _files(grove, vector_store_id, [document])[0]


@router.delete(f"{_STORE}/files/{{file_id}}", operation_id="deleteVectorStoreFile")
def delete_file(vector_store_id: str, file_id: str, grove: GroveDep) -> dict[str, Any]:
    """Take a file out of a vector store; it cannot be found there from then on."""
    detach(grove, vector_store_id, grove.files.file(file_id))
    return {"id": file_id, "object": "vector_store.file.deleted", "deleted": True}


@router.get(f"{_STORE}/files", operation_id="listVectorStoreFiles")
def list_files(
    vector_store_id: str, grove: GroveDep, limit: ListLimit = 20, after: After = None
) -> dict[str, Any]:
    """List what a vector store holds, by source; the first page also has what is pending or failed."""
    behind = None
    if after is not None:
        behind = _attached(grove, vector_store_id, grove.files.file(after)).source
    documents = grove.catalog.documents(vector_store_id, limit=limit + 1, after=behind)
    # All that is pending comes with the first page, so that `after` is always the id of a document.
    pending = [each for each in documents if each.document_id is None and is_attached(each.source)]
    ready = [each for each in documents if each.document_id is not None]
    page = listed(_files(grove, vector_store_id, ready), limit)
    return {**page, "data": [*_files(grove, vector_store_id, pending), *page["data"]]}


@router.post(f"{_STORE}/files", operation_id="createVectorStoreFile")
def create_file(vector_store_id: str, body: AttachedFile, grove: GroveDep) -> dict[str, Any]:
    """Queue a file for a vector store."""
    file = grove.files.file(body.file_id)
    attach(grove, vector_store_id, [body.file_id])
    return _files(grove, vector_store_id, [_attached(grove, vector_store_id, file)])[0]


def _attached(grove: Grove, collection: str, file: StoredFile) -> DocumentSummary:
    """Give the document that a file became in a collection, or the file while it is pending there."""
    source = source_of(file) if file.is_kept else file.name
    # The first page has all that is pending, however short it is.
    for document in grove.catalog.documents(collection, limit=1):
        if document.source == source:
            return document
    if (found := grove.files.document(collection, source)) is not None:
        return found
    raise NotFoundError(f"vector store {collection!r} has no file {file.file_id}")


def _job(grove: Grove, collection: str, batch_id: str) -> JobStatus:
    job = grove.jobs.job(batch_id.removeprefix(_BATCH))
    is_batch = all(is_attached(file.source) for file in job.files) and job.files
    if job.collection != collection or not batch_id.startswith(_BATCH) or not is_batch:
        raise NotFoundError(f"vector store {collection!r} has no batch {batch_id!r}")
    return job


def _batch(job: JobStatus) -> dict[str, Any]:
    statuses = [_STATUSES[file.state] for file in job.files]
    counts = {name: statuses.count(name) for name in ("in_progress", "completed", "failed", "cancelled")}
    # By the files: the job itself is over a moment after the last of them.
    if counts["in_progress"]:
        status = "in_progress"
    elif job.state == "cancelled":
        status = "cancelled"
    else:
        status = "failed" if counts["failed"] == len(statuses) else "completed"
    return {
        "id": f"{_BATCH}{job.job_id}",
        "object": "vector_store.files_batch",
        "created_at": int(job.created_at.timestamp()),
        "vector_store_id": job.collection,
        "status": status,
        "file_counts": {**counts, "total": len(statuses)},
    }


def _batch_file(grove: Grove, job: JobStatus, file: FileStatus) -> dict[str, Any]:
    document = DocumentSummary(
        file.document_id, file.source, "", file.state, None, file.chunks, file.error, job.created_at
    )
    return _files(grove, job.collection, [document])[0]


def _files(grove: Grove, collection: str, documents: Sequence[DocumentSummary]) -> list[dict[str, Any]]:
    ids = [document.document_id for document in documents if document.document_id is not None]
    attributes = grove.files.document_attributes(ids)
    return [
        {
            "id": file_id_of(document.document_id or "", document.source),
            "object": "vector_store.file",
            "created_at": int(document.created_at.timestamp()),
            "vector_store_id": collection,
            "status": _STATUSES[document.status],
            "last_error": _error(document),
            "usage_bytes": document.chunks * grove.encoder.dim * _VECTOR_BYTES,
            "attributes": attributes_for(attributes.get(document.document_id or "", {})),
        }
        for document in documents
    ]


def _error(document: DocumentSummary) -> dict[str, str] | None:
    if document.error is None:
        return None
    if Path(document.source).suffix.lower() not in supported_suffixes():
        code = "unsupported_file"
    else:
        code = "server_error" if document.error.startswith("unexpected ") else "invalid_file"
    return {"code": code, "message": document.error}
