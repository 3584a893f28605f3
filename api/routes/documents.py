"""Single documents."""

from fastapi import APIRouter

from api.deps import GroveDep, Version
from api.document_schemas import DocumentReply
from api.routes import originals
from api.schemas import Deleted
from indexing.pages import has_page_pictures

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/documents", tags=["documents"])
router.include_router(originals.router)


@router.get("/{document_id}", operation_id="getDocument")
def get_document(document_id: str, grove: GroveDep, version: Version = None) -> DocumentReply:
    """Give a document's text, pages and chunks; of an earlier version all but its chunks."""
    document = grove.catalog.document(document_id, version=version)
    has_file = grove.originals.of(document_id, version=version).path is not None
    has_pages = has_file and has_page_pictures(document.source)
    return DocumentReply.of(document, has_file=has_file, has_page_images=has_pages)


@router.delete("/{document_id}", operation_id="deleteDocument")
def delete_document(document_id: str, grove: GroveDep) -> Deleted:
    """Delete a document; it cannot be found from then on."""
    return Deleted(*grove.publisher.delete_document(document_id))
