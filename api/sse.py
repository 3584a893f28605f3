"""Runs as server-sent events; an event's id is its sequence number."""

from collections.abc import AsyncIterator

from pydantic import TypeAdapter
from sse_starlette import EventSourceResponse, ServerSentEvent

from api.schemas import RunEvent
from rag.core.events import Event

__all__ = ["event_stream"]

_EVENT: TypeAdapter[Event] = TypeAdapter(RunEvent)
_PING_SECONDS = 10


async def event_stream(events: AsyncIterator[Event]) -> EventSourceResponse:
    """Answer with the events as they come; a client that goes away closes the iterator.

    The first event is awaited here, so that what is wrong with the request still gets its own status.
    """
    first = await anext(events)

    async def frames() -> AsyncIterator[ServerSentEvent]:
        try:
            yield _frame(first)
            async for event in events:
                yield _frame(event)
        finally:
            await events.aclose()  # type: ignore[attr-defined] # an async generator

    return EventSourceResponse(frames(), ping=_PING_SECONDS)


def _frame(event: Event) -> ServerSentEvent:
    return ServerSentEvent(_EVENT.dump_json(event).decode(), event=event.type, id=str(event.seq))
