"""Asking."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Header, Request
from fastapi.responses import Response

from agents.runs import ask as ask_events
from api.citations import formatted
from api.conversing import history_of, placed, remembered
from api.deps import GroveDep, GuardDep
from api.detached import Detached
from api.events import begun, outcome
from api.replies import ANSWERS, answered
from api.schemas import AnswerReply, AskBody
from api.sse import EVENT_STREAM, event_stream
from rag.compose import Grove
from rag.core.errors import InvalidInputError
from rag.core.events import Event
from rag.core.protocols import Message

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/ask", tags=["ask"])


@router.post("", operation_id="ask", response_model=AnswerReply, responses=ANSWERS)
async def ask(
    body: AskBody,
    grove: GroveDep,
    guard: GuardDep,
    request: Request,
    accept: Annotated[str, Header()] = "",
) -> AnswerReply | Response:
    """Answer a question with citations: as one JSON object, or as server-sent events while it is worked on.

    Events are asked for by `"stream": true` or `Accept: text/event-stream`. The `data` of each is a
    `RunEvent`; the last one is `answer.finished`, `error`, or `permission.asked` of a run that waits for a
    person. Closing the connection cancels the run, unless `detach` is set: `/api/v1/runs/{run_id}/events`
    then goes on with it. With a `conversation_id` the run becomes a turn, and earlier turns its history.
    """
    is_stream = body.stream or EVENT_STREAM in accept
    if is_stream and body.citation_format is not None:
        raise InvalidInputError("citation_format: of whole replies only; leave it or `stream` out")
    body = await placed(grove, body)
    history = await history_of(grove, body)
    events = guard(remembered(grove, body, _events(grove, body, history)))
    if is_stream:
        detached: Detached = request.app.state.detached
        return event_stream(await begun(detached.follow(events) if body.detach else events))
    reply = await answered(request, outcome(events))
    if body.citation_format is not None and isinstance(reply, AnswerReply):
        return replace(reply, message=formatted(reply, body.citation_format))
    return reply


def _events(grove: Grove, body: AskBody, history: list[Message]) -> AsyncGenerator[Event, None]:
    return ask_events(
        grove,
        body.question,
        collection=body.collection,
        retriever=body.retriever,
        generator=body.generator,
        filter=body.filter,
        history=history,
    )
