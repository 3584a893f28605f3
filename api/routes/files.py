"""OpenAI's files: kept as they were sent, until a vector store takes them in."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Depends, File, Form, Query, UploadFile
from fastapi.responses import FileResponse, Response

from api.deps import GroveDep
from api.form_fields import only_fields
from api.openai_shapes import KNOWN_QUERY, After, Order, listed
from api.problems import OPENAI_ERROR
from indexing.attach import content_path, keep_file, remove_file
from rag.db.files import StoredFile

__all__ = ["router"]

router = APIRouter(prefix="/v1/files", tags=["openai"], responses=OPENAI_ERROR, dependencies=[KNOWN_QUERY])
Purpose = Literal["assistants", "user_data"]
_CONTENT: Mapping[int | str, dict[str, Any]] = {
    200: {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}
}


@router.post("", operation_id="createFile", dependencies=[Depends(only_fields("file", "purpose"))])
def create_file(
    grove: GroveDep,
    file: Annotated[UploadFile, File(description="Any format that is read.")],
    purpose: Annotated[Purpose, Form(description="Files are for searching; no other purpose is served.")],
) -> dict[str, Any]:
    """Keep a file; a vector store takes it in when it is told its id."""
    return _file(keep_file(grove, file.filename or "", file.file, purpose=purpose))


@router.get("", operation_id="listFiles")
def list_files(
    grove: GroveDep,
    limit: Annotated[int, Query(ge=1, le=10_000, description="How many at most.")] = 10_000,
    order: Order = "desc",
    after: After = None,
    purpose: Annotated[Purpose | None, Query(description="Those of one purpose.")] = None,
) -> dict[str, Any]:
    """List the files that were sent."""
    files = grove.files.files(limit=limit + 1, after=after, is_ascending=order == "asc", purpose=purpose)
    return listed([_file(file) for file in files], limit)


@router.get("/{file_id}", operation_id="getUploadedFile")
def get_file(file_id: str, grove: GroveDep) -> dict[str, Any]:
    """Describe a file, or a document that came another way, by the id that citations give."""
    return _file(grove.files.file(file_id))


@router.delete("/{file_id}", operation_id="deleteFile")
def delete_file(file_id: str, grove: GroveDep) -> dict[str, Any]:
    """Remove a file, and the documents that it became in vector stores."""
    remove_file(grove, grove.files.file(file_id))
    return {"id": file_id, "object": "file", "deleted": True}


@router.get(
    "/{file_id}/content",
    operation_id="getUploadedFileContent",
    response_class=Response,
    responses={**_CONTENT},
)
def get_content(file_id: str, grove: GroveDep) -> Response:
    """Give a file's bytes; of a document that came another way its text."""
    file = grove.files.file(file_id)
    path = content_path(grove, file)
    # Never shown by a browser: it may be a page with scripts.
    headers = {"content-disposition": f"attachment; filename*=UTF-8''{quote(file.name, safe='')}"}
    if path is not None:
        return FileResponse(path, media_type="application/octet-stream", headers=headers)
    text = grove.catalog.document(file_id.removeprefix("file-")).text
    return Response(text.encode(), media_type="application/octet-stream", headers=headers)


def _file(file: StoredFile) -> dict[str, Any]:
    return {
        "id": file.file_id,
        "object": "file",
        "bytes": file.num_bytes,
        "created_at": int(file.created_at.timestamp()),
        "filename": file.name,
        "purpose": file.purpose,
        "status": "processed",
    }
