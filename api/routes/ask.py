"""Asking, and the runs that questions leave behind."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header
from fastapi.responses import Response

from agents.runs import ask as ask_events
from api.deps import GroveDep, Limit
from api.problems import error_of
from api.schemas import AnswerReply, AskBody, RunList, RunReply
from api.sse import event_stream
from rag.compose import Grove
from rag.core.events import AnswerFinished, Event, RunFailed, StepFinished

__all__ = ["router"]

router = APIRouter(prefix="/api/v1", tags=["ask"])
_EVENT_STREAM = "text/event-stream"


@router.post(
    "/ask",
    operation_id="ask",
    response_model=AnswerReply,
    responses={200: {"content": {_EVENT_STREAM: {"schema": {"$ref": "#/components/schemas/RunReply"}}}}},
)
async def ask(
    body: AskBody, grove: GroveDep, accept: Annotated[str, Header()] = ""
) -> AnswerReply | Response:
    """Answer a question with citations: as one JSON object, or as events while it is worked on.

    Events are asked for by `"stream": true` or `Accept: text/event-stream`; each carries one element of
    `events` of the run. Closing the connection cancels the run.
    """
    events = _events(grove, body)
    if body.stream or _EVENT_STREAM in accept:
        return await event_stream(events)
    steps = []
    async for event in events:
        match event:
            case StepFinished():
                steps.append(event)
            case RunFailed():
                raise error_of(event)
            case AnswerFinished():
                return AnswerReply.of(event.answer, steps)
    raise AssertionError("a run ends with an answer or an error")


@router.get("/runs", operation_id="listRuns")
def list_runs(grove: GroveDep, limit: Limit = 20) -> RunList:
    """List the questions that were asked, newest first."""
    return RunList(grove.runs.runs(limit))


@router.get("/runs/{run_id}", operation_id="getRun")
def get_run(run_id: str, grove: GroveDep, after: int = 0) -> RunReply:
    """Give a run and its events behind a sequence number: the whole run, or what a broken stream missed."""
    return RunReply(grove.runs.run(run_id), grove.runs.events(run_id, after=after))


def _events(grove: Grove, body: AskBody) -> AsyncIterator[Event]:
    return ask_events(
        grove,
        body.question,
        collection=body.collection,
        retriever=body.retriever,
        generator=body.generator,
        filter=body.filter,
        history=body.history,
    )
