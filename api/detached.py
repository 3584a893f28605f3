"""Runs that go on when nobody listens any more."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from rag.core.events import Event

__all__ = ["Detached"]


class Detached:
    """Works on runs in tasks of its own; a server that stops waits for them as for its connections."""

    def __init__(self) -> None:
        self.tasks: set[asyncio.Task[None]] = set()  # the loop alone would let them be collected

    async def follow(self, events: AsyncGenerator[Event, None]) -> AsyncGenerator[Event, None]:
        """Give the events as they come; closing this iterator does not end them."""
        coming: asyncio.Queue[Event | None] = asyncio.Queue()
        task = asyncio.create_task(_pump(events, coming))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        while (event := await coming.get()) is not None:
            yield event
        await task  # raises what it ended with


async def _pump(events: AsyncGenerator[Event, None], coming: "asyncio.Queue[Event | None]") -> None:
    try:
        async with aclosing(events):
            async for event in events:
                coming.put_nowait(event)
    finally:
        coming.put_nowait(None)
