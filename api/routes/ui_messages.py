"""Chat as the Vercel AI SDK's `useChat` asks for it, so that a page built with it can use Grove."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from agents.runs import ask
from api.deps import GroveDep, GuardDep
from api.events import begun
from api.schemas import Body
from api.sse import EVENT_STREAM
from api.ui_stream import ui_message_stream
from rag.compose import DEFAULT
from rag.core.errors import InvalidInputError
from rag.core.protocols import Message

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/ui-messages", tags=["ask"])
_STREAM: dict[int | str, dict[str, Any]] = {
    200: {"description": "The parts of one message.", "content": {EVENT_STREAM: {}}}
}


class MessagePart(BaseModel):
    """A part of a message; those that are no text are left out of what is read."""

    model_config = ConfigDict(extra="ignore")
    type: str
    text: str | None = None


class UiMessage(BaseModel):
    """A message as `useChat` keeps it."""

    model_config = ConfigDict(extra="ignore")
    role: Literal["user", "assistant", "system"]
    parts: Annotated[list[MessagePart], Field(max_length=10_000)]

    def text(self) -> str:
        """Give its text."""
        return "".join(part.text or "" for part in self.parts if part.type == "text")


class UiMessagesBody(Body):
    """What `useChat` sends; its `id`, `messageId` and `trigger` are taken and not used."""

    messages: Annotated[list[UiMessage], Field(min_length=1, max_length=200)]
    collection: str = DEFAULT
    retriever: str = DEFAULT
    generator: str = DEFAULT
    id: str | None = None
    messageId: str | None = None  # as it is sent
    trigger: str | None = None


@router.post("", operation_id="askForUiMessage", response_class=Response, responses=_STREAM)
async def ask_for_ui_message(body: UiMessagesBody, grove: GroveDep, guard: GuardDep) -> Response:
    """Answer the last user message as a UI message stream; closing the connection cancels the run."""
    turns = [message for message in body.messages if message.role != "system"]
    if not turns or turns[-1].role != "user":
        raise InvalidInputError("messages: the last one must be the user's question")
    events = ask(
        grove,
        turns[-1].text(),
        collection=body.collection,
        retriever=body.retriever,
        generator=body.generator,
        history=[Message(turn.role, turn.text()) for turn in turns[:-1]],
    )
    return ui_message_stream(await begun(guard(events)))
