"""Asking."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header, Request
from fastapi.responses import Response

from agents.runs import ask as ask_events
from api.deps import GroveDep, GuardDep
from api.events import begun, outcome, unless_gone
from api.schemas import AnswerReply, AskBody
from api.sse import EVENT_STREAM, event_stream
from rag.compose import Grove
from rag.core.events import Event

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/ask", tags=["ask"])
_CLIENT_CLOSED_REQUEST = 499  # read by nobody but the server's log
_AS_EVENTS = {"content": {EVENT_STREAM: {"schema": {"$ref": "#/components/schemas/RunEvent"}}}}


@router.post("", operation_id="ask", response_model=AnswerReply, responses={200: _AS_EVENTS})
async def ask(
    body: AskBody,
    grove: GroveDep,
    guard: GuardDep,
    request: Request,
    accept: Annotated[str, Header()] = "",
) -> AnswerReply | Response:
    """Answer a question with citations: as one JSON object, or as server-sent events while it is worked on.

    Events are asked for by `"stream": true` or `Accept: text/event-stream`. The `data` of each is a
    `RunEvent`; the last one is `answer.finished` or `error`. Closing the connection cancels the run.
    """
    events = guard(_events(grove, body))
    if body.stream or EVENT_STREAM in accept:
        return event_stream(await begun(events))
    answered = await unless_gone(request, outcome(events))
    return Response(status_code=_CLIENT_CLOSED_REQUEST) if answered is None else AnswerReply.of(*answered)


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
