"""The runs that questions leave behind."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import Response

from agents.runs import answer_permission, cancel
from api.deps import Behind, GroveDep, GuardDep, Limit
from api.detached import Detached
from api.events import begun, outcome, stored
from api.paging import cursor_of, page_of
from api.replies import ANSWERS, answered
from api.schemas import AnswerReply, PermissionBody, RunList, RunReply
from api.sse import EVENT_STREAM, event_stream
from rag.db.runs import RunSummary

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/runs", tags=["runs"])
_MAX_SEQ = 2**31 - 1
Seq = Annotated[int, Query(ge=0, le=_MAX_SEQ, description="Give the events behind this one.")]
LastEventId = Annotated[
    int | None, Header(ge=0, le=_MAX_SEQ, description="As `after`; browsers send it when they reconnect.")
]
_EVENTS: dict[int | str, dict[str, Any]] = {
    200: {"content": {EVENT_STREAM: {"schema": {"$ref": "#/components/schemas/RunEvent"}}}},
    204: {"description": "The run has ended and there is no event behind this one."},
}


@router.get("", operation_id="listRuns")
def list_runs(grove: GroveDep, after: Behind, limit: Limit = 20) -> RunList:
    """List the questions that were asked, newest first."""
    runs = grove.runs.runs(limit + 1, after=after)
    return RunList(*page_of(runs, limit, lambda run: cursor_of(run.created_at, run.run_id)))


@router.get("/{run_id}", operation_id="getRun")
def get_run(run_id: str, grove: GroveDep, after: Seq = 0) -> RunReply:
    """Give a run and its events behind a sequence number."""
    return RunReply(grove.runs.run(run_id), grove.runs.events(run_id, after=after))


@router.get("/{run_id}/events", operation_id="runEvents", response_class=Response, responses=_EVENTS)
def run_events(run_id: str, grove: GroveDep, after: Seq = 0, last_event_id: LastEventId = None) -> Response:
    """Send a run's events behind a sequence number as server-sent events, and follow it while it goes on.

    Answers 204 when nothing can follow any more, at which browsers stop to reconnect.
    """
    seen = after if last_event_id is None else last_event_id
    if grove.runs.run(run_id).state != "running" and not grove.runs.events(run_id, after=seen):
        return Response(status_code=204)
    return event_stream(stored(grove, run_id, after=seen))


@router.post(
    "/{run_id}/permission", operation_id="answerPermission", response_model=AnswerReply, responses=ANSWERS
)
async def permission(
    run_id: str,
    body: PermissionBody,
    grove: GroveDep,
    guard: GuardDep,
    request: Request,
    accept: Annotated[str, Header()] = "",
) -> AnswerReply | Response:
    """Allow or forbid the call that a run waits with, and follow the run to its answer, as `ask` does.

    409 when it waits for no permission. Closing the connection cancels the run, unless `detach` is set.
    """
    events = guard(answer_permission(grove, run_id, allow=body.allow))
    if body.stream or EVENT_STREAM in accept:
        detached: Detached = request.app.state.detached
        return event_stream(await begun(detached.follow(events) if body.detach else events))
    return await answered(request, outcome(events, run_id=run_id))


@router.post("/{run_id}/cancel", operation_id="cancelRun")
async def cancel_run(run_id: str, grove: GroveDep) -> RunSummary:
    """End a run: within a step when it is worked on, for good when it waits. 409 when it has ended."""
    await cancel(grove, run_id)
    return await asyncio.to_thread(grove.runs.run, run_id)
