"""OpenAI's responses: a question, the search of the files, and the answer, from which the next goes on."""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Discriminator, Field, StrictBool, StrictStr, Tag
from sse_starlette import ServerSentEvent

from agents.runs import ask
from api.deps import GroveDep, GuardDep
from api.events import begun, unless_gone
from api.openai_filters import Filters, grove_filter
from api.openai_responses import Asked, ResponseEvents, run_id_of
from api.openai_shapes import KNOWN_QUERY
from api.problems import OPENAI_ERROR
from api.routes.openai import known_generator
from api.routes.vector_stores import Labels, RankingOptions
from api.schemas import Body
from api.sse import EVENT_STREAM, frames_stream
from rag.compose import DEFAULT, Grove
from rag.core.errors import InvalidInputError, UnavailableError
from rag.core.events import Event, RunStarted
from rag.core.protocols import Message

__all__ = ["router"]

router = APIRouter(
    prefix="/v1/responses", tags=["openai"], responses=OPENAI_ERROR, dependencies=[KNOWN_QUERY]
)
_STREAM: Mapping[int | str, dict[str, Any]] = {200: {"content": {EVENT_STREAM: {}}}}
_CLIENT_CLOSED_REQUEST = 499


class InputPart(BaseModel):
    """A piece of an input's content; only text is read."""

    type: Literal["input_text", "output_text"]
    text: StrictStr


class InputMessage(BaseModel):
    """A turn of the conversation."""

    type: Literal["message"] = "message"
    role: Annotated[
        Literal["user", "assistant", "system", "developer"],
        Field(
            description="What is not of the user or the assistant is left unused, as in chat completions."
        ),
    ]
    content: StrictStr | list[InputPart]

    def text(self) -> str:
        """Give the content as one text."""
        content = self.content
        return content if isinstance(content, str) else "".join(part.text for part in content)


class FormerSearch(BaseModel):
    """A search of an earlier response, which clients send back among its output; it says nothing more."""

    type: Literal["file_search_call"]


def _kind(item: Any) -> str | None:  # Any: JSON, or an item
    return item.get("type", "message") if isinstance(item, dict) else getattr(item, "type", None)


_Item = Annotated[
    Annotated[InputMessage, Tag("message")] | Annotated[FormerSearch, Tag("file_search_call")],
    Discriminator(
        _kind,
        custom_error_type="item_type",
        custom_error_message="Input should be an object whose type is 'message' or 'file_search_call'",
    ),
]
"""Told by its type, by default a message, so that a wrong one has the faults of one kind alone."""


class FileSearch(BaseModel):
    """Where to look. More stores than one, and numbers of results, are refused: the settings say these."""

    model_config = ConfigDict(extra="forbid")
    type: Literal["file_search"]
    vector_store_ids: Annotated[list[StrictStr], Field(min_length=1, max_length=1)]
    filters: Filters = None
    ranking_options: RankingOptions | None = None


class ToolChoice(BaseModel):
    """The one tool that there is."""

    type: Literal["file_search"]


class PlainText(BaseModel):
    """The one format that there is."""

    model_config = ConfigDict(extra="forbid")
    type: Literal["text"]


class TextOptions(BaseModel):
    """How the answer is written."""

    model_config = ConfigDict(extra="forbid")
    format: PlainText | None = None


class ResponseBody(Body):
    """A response request.

    Sampling parameters are accepted and left unused, as in chat completions, and so is what clients send to
    say nothing: null, plain text. What else is not here is refused by its name. Every response is kept.
    """

    input: StrictStr | Annotated[list[_Item], Field(min_length=1, max_length=200)]
    model: Annotated[str, Field(description="`grove`, or the name of a generator.")] = "grove"
    tools: Annotated[list[FileSearch], Field(max_length=1)] | None = Field(
        None, description="Where to look; without one in the collection `default`."
    )
    tool_choice: Literal["auto", "required"] | ToolChoice | None = "auto"
    include: list[Literal["file_search_call.results"]] | None = None
    previous_response_id: StrictStr | None = None
    stream: StrictBool | None = False
    store: Literal[True] | None = True
    metadata: Labels | None = None
    temperature: Annotated[float | None, Field(description="Accepted and not used.")] = None
    top_p: Annotated[float | None, Field(description="Accepted and not used.")] = None
    user: Annotated[str | None, Field(description="Accepted and not used.")] = None
    parallel_tool_calls: Annotated[bool | None, Field(description="Accepted: there is one tool.")] = None
    truncation: Annotated[
        Literal["auto", "disabled"] | None, Field(description="Accepted: the oldest turns are left out.")
    ] = None
    text: Annotated[TextOptions | None, Field(description="Plain text alone.")] = None
    instructions: Annotated[None, Field(description="Null alone.")] = None
    max_output_tokens: Annotated[None, Field(description="Null alone.")] = None
    reasoning: Annotated[None, Field(description="Null alone.")] = None


@router.post("", operation_id="createResponse", response_model=None, responses={**_STREAM})
async def create_response(
    body: ResponseBody, grove: GroveDep, guard: GuardDep, request: Request
) -> dict[str, Any] | Response:
    """Answer from the files; closing the connection cancels it."""
    generator = known_generator(grove, body.model)
    previous = None if body.previous_response_id is None else run_id_of(body.previous_response_id)
    earlier = [] if previous is None else await asyncio.to_thread(grove.responses.history, previous)
    turns = [*earlier, *_turns(body)]
    if not turns or turns[-1].role != "user":
        raise InvalidInputError("input: the last message must be the user's question")
    question = turns.pop()
    tool = body.tools[0] if body.tools else None
    ranker = "auto" if tool is None or tool.ranking_options is None else tool.ranking_options.ranker
    events = ask(
        grove,
        question.content,
        collection=DEFAULT if tool is None else tool.vector_store_ids[0],
        retriever=DEFAULT if ranker == "auto" else ranker,
        generator=generator,
        filter=None if tool is None else grove_filter(tool.filters),
        history=turns,
    )
    asked = Asked(
        body.model,
        [each.model_dump(exclude_none=True) for each in body.tools or []],
        previous,
        body.metadata or {},
        bool(body.include),
    )
    begun_events = await begun(guard(_noted(grove, events, asked)))
    stream = ResponseEvents(grove, asked).stream(begun_events)
    if body.stream:
        return frames_stream(_frames(stream))
    response = await unless_gone(request, _whole(stream))
    return Response(status_code=_CLIENT_CLOSED_REQUEST) if response is None else response


@router.get("/{response_id}", operation_id="getResponse")
def get_response(response_id: str, grove: GroveDep) -> dict[str, Any]:
    """Give a response again, also one of a question that was asked another way."""
    run_id = run_id_of(response_id)
    run = grove.runs.run(run_id)
    events = grove.runs.events(run_id)
    previous, labels = grove.responses.response(run_id)
    first = events[0] if events else None
    if not isinstance(first, RunStarted):
        raise UnavailableError(f"response {response_id} is about to begin; ask for it again")
    model = "grove" if first.generator == DEFAULT else first.generator
    tools = [{"type": "file_search", "vector_store_ids": [first.collection]}]
    shown = ResponseEvents(
        grove, Asked(model, tools, previous, labels), created_at=run.created_at.timestamp()
    )
    response: dict[str, Any] = {}
    for event in events:
        for each in shown.of(event):
            response = each.get("response", response)
    if run.state in ("cancelled", "interrupted"):
        response = {**response, "status": "cancelled"}
    return response


def _turns(body: ResponseBody) -> list[Message]:
    if isinstance(body.input, str):
        return [Message("user", body.input)]
    return [
        Message(each.role, each.text())
        for each in body.input
        if isinstance(each, InputMessage) and each.role in ("user", "assistant")
    ]


async def _noted(
    grove: Grove, events: AsyncGenerator[Event, None], asked: Asked
) -> AsyncGenerator[Event, None]:
    """Note, before anybody is told of the run, what it goes on from."""
    add = partial(grove.responses.add, previous=asked.previous, labels=asked.labels)
    async with aclosing(events):
        async for event in events:
            if isinstance(event, RunStarted):
                await asyncio.to_thread(add, event.run_id)
            yield event


async def _whole(stream: AsyncGenerator[dict[str, Any], None]) -> dict[str, Any]:
    response: dict[str, Any] = {}
    async with aclosing(stream):
        async for event in stream:
            response = event.get("response", response)
    if response["error"] is not None:
        raise UnavailableError(response["error"]["message"])
    return response


async def _frames(stream: AsyncGenerator[dict[str, Any], None]) -> AsyncGenerator[ServerSentEvent, None]:
    async with aclosing(stream):
        async for event in stream:
            yield ServerSentEvent(json.dumps(event), event=event["type"])
