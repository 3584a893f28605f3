"""What a run's request is answered with: an answer, what the run waits for, or nothing to nobody."""

from collections.abc import Coroutine
from http import HTTPStatus
from typing import Any

from fastapi import Request
from fastapi.responses import JSONResponse, Response
from pydantic import TypeAdapter

from api.events import unless_gone
from api.outcomes import Outcome, Waiting
from api.schemas import AnswerReply, WaitingReply
from api.server_timing import show_stages
from api.sse import EVENT_STREAM

__all__ = ["ANSWERS", "answered"]

ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"content": {EVENT_STREAM: {"schema": {"$ref": "#/components/schemas/RunEvent"}}}},
    202: {"model": WaitingReply, "description": "The run waits for a person's permission."},
}
_WAITING: TypeAdapter[WaitingReply] = TypeAdapter(WaitingReply)
_CLIENT_CLOSED_REQUEST = 499  # read by nobody but the server's log


async def answered(request: Request, work: Coroutine[Any, Any, Outcome]) -> AnswerReply | Response:
    """Wait for a run as long as its client does."""
    outcome = await unless_gone(request, work)
    if outcome is None:
        return Response(status_code=_CLIENT_CLOSED_REQUEST)
    result, steps = outcome
    if isinstance(result, Waiting):
        waiting = WaitingReply(result.run_id, result.permission, steps)
        return JSONResponse(_WAITING.dump_python(waiting, mode="json"), HTTPStatus.ACCEPTED)
    show_stages(request, result.timings)
    return AnswerReply.of(result, steps)
