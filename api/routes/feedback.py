"""What people think of answers."""

from fastapi import APIRouter

from api.conversation_schemas import FeedbackBody, FeedbackList
from api.deps import Behind, GroveDep, Limit
from api.paging import cursor_of, page_of
from rag.db.feedback import Feedback

__all__ = ["router"]

router = APIRouter(tags=["feedback"])


@router.post("/api/v1/runs/{run_id}/feedback", operation_id="giveFeedback")
def give_feedback(run_id: str, body: FeedbackBody, grove: GroveDep) -> Feedback:
    """Judge an answer, in place of what the caller thought of it before."""
    return grove.feedback.give(run_id, body.rating, body.reason)


@router.delete("/api/v1/runs/{run_id}/feedback", operation_id="withdrawFeedback", status_code=204)
def withdraw_feedback(run_id: str, grove: GroveDep) -> None:
    """Take a judgement back."""
    grove.feedback.withdraw(run_id)


@router.get("/api/v1/feedback", operation_id="listFeedback")
def list_feedback(grove: GroveDep, after: Behind, limit: Limit = 100) -> FeedbackList:
    """List what people think of answers, newest first."""
    found = grove.feedback.judgements(limit=limit + 1, after=after)
    return FeedbackList(*page_of(found, limit, lambda each: cursor_of(each.created_at, each.run_id)))
