"""Single documents."""

from fastapi import APIRouter

from api.deps import GroveDep
from api.schemas import Deleted, DocumentReply

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/documents", tags=["documents"])


@router.get("/{document_id}", operation_id="getDocument")
def get_document(document_id: str, grove: GroveDep) -> DocumentReply:
    """Give a document's text, pages and chunks."""
    return DocumentReply.of(grove.catalog.document(document_id))


@router.delete("/{document_id}", operation_id="deleteDocument")
def delete_document(document_id: str, grove: GroveDep) -> Deleted:
    """Delete a document; it cannot be found from then on."""
    return Deleted(*grove.publisher.delete_document(document_id))
