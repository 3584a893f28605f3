"""Collections, and the documents in them."""

import os
import tempfile
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, File, Query, UploadFile

from api.deps import GroveDep, Limit
from api.problems import PayloadTooLargeError
from api.schemas import CollectionBody, CollectionList, Deleted, DocumentList
from indexing.submit import submit_uploads
from rag.core.errors import ConflictError
from rag.db.catalog import CollectionSummary
from rag.db.jobs import JobStatus

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/collections", tags=["collections"])
_PIECE_BYTES = 1 << 20


@router.get("", operation_id="listCollections")
def list_collections(grove: GroveDep) -> CollectionList:
    """List the collections by name."""
    return CollectionList(grove.catalog.collections())


@router.post("", operation_id="createCollection", status_code=201)
def create_collection(body: CollectionBody, grove: GroveDep) -> CollectionSummary:
    """Make a collection; 409 when it exists."""
    if not grove.ensure_collection(body.name):
        raise ConflictError(f"collection {body.name!r} exists already")
    return next(each for each in grove.catalog.collections() if each.name == body.name)


@router.delete("/{name}", operation_id="deleteCollection")
def delete_collection(name: str, grove: GroveDep) -> Deleted:
    """Delete a collection with all its documents."""
    return Deleted(*grove.publisher.delete_documents(name))


@router.get("/{name}/documents", operation_id="listDocuments")
def list_documents(
    name: str,
    grove: GroveDep,
    limit: Limit = 100,
    after: Annotated[str | None, Query(description="`next` of the page before.")] = None,
) -> DocumentList:
    """List documents by source; the first page also has files that are queued, running or failed."""
    documents = grove.catalog.documents(name, limit=limit, after=after)
    ready = [document.source for document in documents if document.status == "ready"]
    return DocumentList(documents, ready[-1] if len(ready) == limit else None)


@router.post("/{name}/documents", operation_id="uploadDocuments", status_code=202)
def upload_documents(
    name: str, grove: GroveDep, files: Annotated[list[UploadFile], File(description="One file or many.")]
) -> JobStatus:
    """Queue files; the job tells how each of them fares. The collection is made when there is none."""
    room = grove.settings.server.max_upload_bytes
    with tempfile.TemporaryDirectory(dir=_incoming(grove.settings.home_dir)) as folder:
        uploads = []
        for number, file in enumerate(files):
            path = Path(folder) / str(number)
            room = _saved(file, path, room, grove.settings.server.max_upload_bytes)
            uploads.append((file.filename or "", path))
        job_id = submit_uploads(grove, uploads, collection=name)
    return grove.jobs.job(job_id)


def _incoming(home: Path) -> Path:
    # On the file system of the home, so that a whole upload is moved, not copied.
    path = home / "incoming"
    path.mkdir(parents=True, exist_ok=True)
    return path


def _saved(file: UploadFile, path: Path, room: int, limit: int) -> int:
    with path.open("wb") as target:
        while piece := file.file.read(_PIECE_BYTES):
            room -= len(piece)
            if room < 0:
                raise PayloadTooLargeError(
                    f"more than {limit} bytes were sent; send fewer files at once, or raise"
                    " GROVE_SERVER__MAX_UPLOAD_BYTES"
                )
            target.write(piece)
        target.flush()
        os.fsync(target.fileno())
    return room
