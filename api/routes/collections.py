"""Collections, and the documents in them."""

import shutil
import uuid
from typing import Annotated

from fastapi import APIRouter, Depends, File, Query, UploadFile

from api.deps import After, GroveDep, Kinds, Limit
from api.form_fields import only_fields
from api.paging import named_page, page_of
from api.schemas import CollectionBody, CollectionList, Deleted, DocumentList
from indexing.reindex import submit_reindex
from indexing.submit import submit_uploads
from rag.core.errors import ConflictError, NotFoundError
from rag.core.kinds import kinds_of
from rag.db.catalog import CollectionSummary
from rag.db.jobs import JobStatus

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/collections", tags=["collections"])


@router.get("", operation_id="listCollections")
def list_collections(grove: GroveDep, limit: Limit = 1000, after: After = None) -> CollectionList:
    """List the collections by name."""
    return CollectionList(*named_page(grove.catalog.collections(), limit, after, lambda each: each.name))


@router.post("", operation_id="createCollection", status_code=201)
def create_collection(body: CollectionBody, grove: GroveDep) -> CollectionSummary:
    """Make a collection; 409 when it exists."""
    kinds = kinds_of(body.index)
    if not grove.ensure_collection(body.name, kinds=kinds):
        raise ConflictError(f"collection {body.name!r} exists already")
    for collection in grove.catalog.collections():
        if collection.name == body.name:
            return collection
    raise NotFoundError(f"collection {body.name!r} was made and deleted again meanwhile")


@router.delete("/{name:path}", operation_id="deleteCollection")
def delete_collection(name: str, grove: GroveDep) -> Deleted:
    """Delete a collection with all its documents."""
    return Deleted(*grove.publisher.delete_documents(name))


@router.get("/{name:path}/documents", operation_id="listDocuments")
def list_documents(
    name: str,
    grove: GroveDep,
    limit: Limit = 100,
    after: Annotated[str | None, Query(description="`next` of the page before.")] = None,
) -> DocumentList:
    """List documents by source; the first page also has files that are queued, running or failed."""
    documents = grove.catalog.documents(name, limit=limit + 1, after=after)
    pending = [document for document in documents if document.status != "ready"]
    page, behind = page_of(documents[len(pending) :], limit, lambda each: each.source)
    return DocumentList(pending + page, behind)


@router.post(
    "/{name:path}/documents",
    operation_id="uploadDocuments",
    status_code=202,
    dependencies=[Depends(only_fields(many="files"))],
)
def upload_documents(
    name: str,
    grove: GroveDep,
    files: Annotated[list[UploadFile], File(description="One file or many.")],
    kinds: Kinds,
) -> JobStatus:
    """Queue files; the job tells how each of them fares. The collection is made when there is none."""
    # In the home already, so that a file is copied once; what a crash leaves here, the worker removes.
    folder = grove.settings.uploads_dir
    folder.mkdir(parents=True, exist_ok=True)
    uploads = [(file, folder / f"{uuid.uuid4().hex}.part") for file in files]
    try:
        for file, path in uploads:
            with path.open("wb") as target:
                shutil.copyfileobj(file.file, target)
        named = [(file.filename or "", path) for file, path in uploads]
        return grove.jobs.job(submit_uploads(grove, named, collection=name, kinds=kinds))
    finally:
        for _, path in uploads:
            path.unlink(missing_ok=True)


@router.post("/{name:path}/reindex", operation_id="reindexCollection", status_code=202)
def reindex_collection(name: str, grove: GroveDep, kinds: Kinds) -> JobStatus:
    """Queue the rebuilding of the index from the stored chunks; the present one serves until it is done."""
    return grove.jobs.job(submit_reindex(grove, name, kinds=kinds))
