"""Who is signed in, of the caller's tenant; administrators only."""

from fastapi import APIRouter

from api.deps import After, GroveDep, Limit
from api.paging import page_of
from api.session_schemas import SessionList
from rag.db.sessions import Session

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/sessions", tags=["sign-in"])


@router.get("", operation_id="listSessions")
def list_sessions(grove: GroveDep, limit: Limit = 100, after: After = None) -> SessionList:
    """List who is signed in on the page."""
    sessions = grove.sessions.sessions(limit + 1, after=after)
    return SessionList(*page_of(sessions, limit, lambda each: each.session_id))


@router.delete("/{session_id}", operation_id="revokeSession")
def revoke_session(session_id: str, grove: GroveDep) -> Session:
    """Sign somebody out at once; the provider may let them in again."""
    return grove.sessions.revoke(session_id)
