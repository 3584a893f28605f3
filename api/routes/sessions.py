"""Who is signed in, of the caller's tenant; administrators only."""

from fastapi import APIRouter

from api.deps import After, GroveDep, Limit
from api.session_schemas import SessionList
from rag.db.sessions import Session

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/sessions", tags=["sign-in"])


@router.get("", operation_id="listSessions")
def list_sessions(grove: GroveDep, limit: Limit = 100, after: After = None) -> SessionList:
    """List who is signed in on the page."""
    sessions = grove.sessions.sessions(limit, after=after)
    return SessionList(sessions, sessions[-1].session_id if len(sessions) == limit else None)


@router.delete("/{session_id}", operation_id="revokeSession")
def revoke_session(session_id: str, grove: GroveDep) -> Session:
    """Sign somebody out at once; the provider may let them in again."""
    return grove.sessions.revoke(session_id)
