"""A question as the next turn of a conversation."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from functools import partial

from api.schemas import AskBody
from rag.compose import Grove
from rag.core.errors import InvalidInputError
from rag.core.events import Event, RunStarted
from rag.core.protocols import Message

__all__ = ["history_of", "placed", "remembered"]


async def placed(grove: Grove, body: AskBody) -> AskBody:
    """Give the question with the collection of its conversation, unless it names one itself.

    Raises:
        NotFoundError: no such conversation of the caller's.
    """
    if body.conversation_id is None or "collection" in body.model_fields_set:
        return body
    known = await asyncio.to_thread(grove.conversations.conversation, body.conversation_id)
    return body.model_copy(update={"collection": known.collection})


async def history_of(grove: Grove, body: AskBody) -> list[Message]:
    """Give the turns before a question: those of its conversation, else those that came with it.

    Raises:
        NotFoundError: no such conversation of the caller's, or no such turn of it.
        InvalidInputError: a history besides a conversation, or a turn without one.
    """
    if body.conversation_id is None:
        if body.replaces is not None:
            raise InvalidInputError("`replaces` names a turn of a conversation: send `conversation_id` too")
        return body.history
    if body.history:
        raise InvalidInputError("a conversation has its own history: send `conversation_id` or `history`")
    history = partial(grove.conversations.history, body.conversation_id, replaces=body.replaces)
    return await asyncio.to_thread(history)


async def remembered(
    grove: Grove, body: AskBody, events: AsyncGenerator[Event, None]
) -> AsyncGenerator[Event, None]:
    """Give the events of a run, which becomes a turn of its conversation as soon as it has begun."""
    async with aclosing(events):
        async for event in events:
            if isinstance(event, RunStarted) and body.conversation_id is not None:
                add = partial(grove.conversations.add, body.conversation_id, event.run_id)
                await asyncio.to_thread(partial(add, question=event.question, replaces=body.replaces))
            yield event
