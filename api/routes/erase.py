"""Erasing for good; administrators only."""

from fastapi import APIRouter

from api.deps import GroveDep
from api.erasing import Erased, erase_conversation, erase_document, erase_run, erase_subject

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/erase", tags=["erase"])


@router.delete("/documents/{document_id}", operation_id="eraseDocument")
def erase_one_document(document_id: str, grove: GroveDep) -> Erased:
    """Erase a document and the questions whose answers quote it; nothing of it is left in any file."""
    return erase_document(grove, document_id)


@router.delete("/runs/{run_id}", operation_id="eraseRun")
def erase_one_run(run_id: str, grove: GroveDep) -> Erased:
    """Erase a question with its answer and its steps."""
    return erase_run(grove, run_id)


@router.delete("/conversations/{conversation_id}", operation_id="eraseConversation")
def erase_one_conversation(conversation_id: str, grove: GroveDep) -> Erased:
    """Erase a conversation, whoever's it is, with all its questions and answers."""
    return erase_conversation(grove, conversation_id)


@router.delete("/subjects/{subject:path}", operation_id="eraseSubject")
def erase_one_subject(subject: str, grove: GroveDep) -> Erased:
    """Erase what `user:NAME` or `key:ID` has asked and sent, and make its keys invalid."""
    return erase_subject(grove, subject)
