"""OpenAI's chat completions and models, so that its clients can ask Grove.

The last user message is the question, those before it are the history. Citations come as annotations
of the message, and whole under `citations`.
"""

import json
import time
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field, StrictBool
from sse_starlette import ServerSentEvent

from agents.runs import ask
from api.deps import BaseUrl, GroveDep, GuardDep
from api.events import begun, outcome, unless_gone
from api.json_values import as_json
from api.outcomes import Waiting
from api.problems import OPENAI_ERROR
from api.schemas import Body
from api.server_timing import show_stages
from api.sse import EVENT_STREAM, frames_stream
from rag.compose import DEFAULT, Grove
from rag.core.errors import InvalidInputError, NotFoundError
from rag.core.events import AnswerFinished, Event, PermissionAsked, RunFailed, RunStarted, TokenGenerated
from rag.core.protocols import Message
from rag.core.types import Answer, Citation

__all__ = ["known_generator", "router"]

router = APIRouter(prefix="/v1", tags=["openai"], responses=OPENAI_ERROR)
_OWN_MODEL = "grove"


class TextPart(BaseModel):
    """A piece of a message's content."""

    type: Literal["text"]
    text: str


class ChatMessage(BaseModel):
    """A message as OpenAI's clients send it."""

    role: Literal["system", "developer", "user", "assistant"]
    content: Annotated[
        str | list[TextPart] | None, Field(description="Null, as beside calls of tools, says nothing.")
    ]

    def text(self) -> str:
        """Give the content as one text."""
        content = self.content or ""
        return content if isinstance(content, str) else "".join(part.text for part in content)


class StreamOptions(BaseModel):
    """What a stream carries besides text."""

    include_usage: bool = False


class TextFormat(BaseModel):
    """The one format that answers have."""

    type: Literal["text"]


class ChatBody(Body):
    """A chat completion request.

    Sampling parameters are accepted and left unused: the settings say how answers are written. What
    would change the shape of the reply is refused.
    """

    model_config = ConfigDict(extra="ignore")
    model: Annotated[str, Field(description="`grove`, or the name of a generator.")] = _OWN_MODEL
    messages: Annotated[list[ChatMessage], Field(min_length=1, max_length=200)]
    stream: StrictBool | None = False
    stream_options: StreamOptions | None = None
    n: Literal[1] | None = 1
    logprobs: Literal[False] | None = False
    response_format: TextFormat | None = None
    tools: Annotated[list[Any] | None, Field(max_length=0, description="There are none.")] = None
    functions: Annotated[list[Any] | None, Field(max_length=0, description="There are none.")] = None
    modalities: Annotated[list[Literal["text"]] | None, Field(description="Text alone.")] = None
    audio: Annotated[None, Field(description="Null alone.")] = None
    collection: Annotated[str, Field(description="Grove's own field: where to look.")] = DEFAULT


@router.get("/models", operation_id="listModels")
def list_models(grove: GroveDep) -> dict[str, Any]:
    """List what `model` can be."""
    return {"object": "list", "data": [_model(name) for name in _model_names(grove)]}


@router.get("/models/{model:path}", operation_id="getModel")
def get_model(model: str, grove: GroveDep) -> dict[str, Any]:
    """Describe a model."""
    return _model(_known_model(grove, model))


@router.post(
    "/chat/completions",
    operation_id="createChatCompletion",
    response_model=None,
    responses={200: {"content": {EVENT_STREAM: {}}}},
)
async def chat_completions(
    body: ChatBody, grove: GroveDep, guard: GuardDep, base_url: BaseUrl, request: Request
) -> dict[str, Any] | Response:
    """Answer the last user message from the documents; closing the connection cancels it."""
    _known_model(grove, body.model)
    events = guard(_events(grove, body))
    if body.stream:
        return frames_stream(_frames(await begun(events), body, base_url))
    answered = await unless_gone(request, outcome(events))
    if answered is None:
        return Response(status_code=499)
    result = answered[0]
    if isinstance(result, Waiting):  # OpenAI's clients cannot answer: the text says who can
        return _message(result.run_id, {"content": result.advice, "annotations": []}, body)
    show_stages(request, result.timings)
    return _completion(result, body, base_url)


def known_generator(grove: Grove, model: str) -> str:
    """Give the generator that a model's name stands for.

    Raises:
        NotFoundError: there is none of this name.
    """
    return DEFAULT if _known_model(grove, model) == _OWN_MODEL else model


def _model_names(grove: Grove) -> list[str]:
    return [_OWN_MODEL, *(name for name in grove.generator_names() if name != DEFAULT)]


def _known_model(grove: Grove, model: str) -> str:
    if model not in (names := _model_names(grove)):
        raise NotFoundError(f"no model {model!r}; choose one of: {', '.join(names)}")
    return model


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "grove"}


def _events(grove: Grove, body: ChatBody) -> AsyncGenerator[Event, None]:
    turns = [message for message in body.messages if message.role in ("user", "assistant")]
    if not turns or turns[-1].role != "user":
        raise InvalidInputError("the last message must be the user's question")
    return ask(
        grove,
        turns[-1].text(),
        collection=body.collection,
        generator=DEFAULT if body.model == _OWN_MODEL else body.model,
        history=_history(turns[:-1]),
    )


def _history(turns: Sequence[ChatMessage]) -> list[Message]:
    return [Message("user" if turn.role == "user" else "assistant", turn.text()) for turn in turns]


async def _frames(
    events: AsyncGenerator[Event, None], body: ChatBody, base_url: str
) -> AsyncGenerator[ServerSentEvent, None]:
    chunks = _Chunks(body, base_url)
    async with aclosing(events):
        async for event in events:
            for frame in chunks.of(event):
                yield frame
            if isinstance(event, RunFailed):
                return
    yield ServerSentEvent("[DONE]")


class _Chunks:
    """Turn a run's events into the chunks of a chat completion."""

    def __init__(self, body: ChatBody, base_url: str) -> None:
        self._body, self._base_url = body, base_url
        self._run_id, self._created = "", int(time.time())

    def of(self, event: Event) -> Iterator[ServerSentEvent]:
        """Give what clients see of an event, which may be nothing."""
        match event:
            case RunStarted():
                self._run_id = event.run_id
                yield self._chunk({"role": "assistant", "content": ""})
            case TokenGenerated():
                yield self._chunk({"content": event.text})
            case PermissionAsked():  # OpenAI's clients cannot answer: the text says who can
                yield self._chunk({"content": Waiting(self._run_id, event).advice}, "stop")
            case RunFailed():
                error = {"message": event.message, "type": "server_error", "param": None}
                yield _frame({"error": {**error, "code": event.error}})
            case AnswerFinished():
                answer = event.answer
                delta = {"annotations": _annotations(answer.citations, self._base_url)}
                yield self._chunk(delta, "stop", citations=as_json(answer.citations))
                if self._body.stream_options is not None and self._body.stream_options.include_usage:
                    yield _frame({**self._head(), "choices": [], "usage": _usage(answer)})

    def _chunk(self, delta: dict[str, Any], finish: str | None = None, **more: object) -> ServerSentEvent:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return _frame({**self._head(), "choices": [choice], **more})

    def _head(self) -> dict[str, Any]:
        head = {"id": _completion_id(self._run_id), "object": "chat.completion.chunk"}
        return {**head, "created": self._created, "model": self._body.model}


def _completion(answer: Answer, body: ChatBody, base_url: str) -> dict[str, Any]:
    message = {"content": answer.answer, "annotations": _annotations(answer.citations, base_url)}
    return {
        **_message(answer.run_id, message, body),
        "usage": _usage(answer),
        "citations": as_json(answer.citations),
        "timings": as_json(answer.timings),
    }


def _message(run_id: str, message: dict[str, Any], body: ChatBody) -> dict[str, Any]:
    message = {"role": "assistant", "refusal": None, **message}
    return {
        "id": _completion_id(run_id),
        "object": "chat.completion",
        "created": int(time.time()),
        "model": body.model,
        "choices": [{"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}],
        "usage": {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
    }


def _completion_id(run_id: str) -> str:
    return f"chatcmpl-{run_id}"


def _annotations(citations: Sequence[Citation], base_url: str) -> list[dict[str, Any]]:
    return [
        {
            "type": "url_citation",
            "url_citation": {
                "start_index": citation.answer_start,
                "end_index": citation.answer_end,
                "title": citation.title,
                "url": f"{base_url}api/v1/documents/{citation.document_id}",
            },
        }
        for citation in citations
    ]


def _usage(answer: Answer) -> dict[str, object]:
    read, written = answer.usage.prompt_tokens, answer.usage.completion_tokens
    return {
        "prompt_tokens": read,
        "completion_tokens": written,
        "total_tokens": read + written,
        "prompt_tokens_details": {"cached_tokens": answer.usage.reused_tokens},
    }


def _frame(body: dict[str, Any]) -> ServerSentEvent:
    return ServerSentEvent(json.dumps(body))
