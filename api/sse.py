"""Server-sent events: a run's, whose ids are their sequence numbers, and plain ones."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from pydantic import TypeAdapter
from sse_starlette import EventSourceResponse, ServerSentEvent

from api.schemas import RunEvent
from rag.core.events import Event

__all__ = ["EVENT_STREAM", "event_stream", "frames_stream"]

EVENT_STREAM = "text/event-stream"
_EVENT: TypeAdapter[Event] = TypeAdapter(RunEvent)
_PING_SECONDS = 10
_NEVER_SECONDS = 86_400


def event_stream(events: AsyncGenerator[Event, None]) -> EventSourceResponse:
    """Answer with the events as they come; a client that goes away closes the iterator."""

    async def frames() -> AsyncGenerator[ServerSentEvent, None]:
        async with aclosing(events):
            async for event in events:
                yield _frame(event)

    return frames_stream(frames())


def frames_stream(frames: AsyncGenerator[ServerSentEvent, None]) -> EventSourceResponse:
    """Answer with server-sent events, and with comments when there are none for a while."""
    # A server that stops ends the run, and the run its stream: nothing else may cut it.
    return EventSourceResponse(frames, ping=_PING_SECONDS, shutdown_grace_period=_NEVER_SECONDS)


def _frame(event: Event) -> ServerSentEvent:
    # ASCII: many readers of lines also break them at U+2028 or U+0085, which JSON does not escape.
    data = _EVENT.dump_json(event, ensure_ascii=True).decode()
    return ServerSentEvent(data, event=event.type, id=str(event.seq))
