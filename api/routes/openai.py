"""OpenAI's chat completions and models, so that its clients can ask Grove.

The last user message is the question, those before it are the history. Citations come as annotations
of the message, and whole under `citations`.
"""

import json
import time
from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from agents.runs import ask
from api.console import as_json
from api.deps import GroveDep
from api.problems import error_of
from rag.compose import DEFAULT, Grove
from rag.core.errors import InvalidInputError, NotFoundError
from rag.core.events import AnswerFinished, Event, RunFailed, RunStarted, TokenGenerated
from rag.core.protocols import Message
from rag.core.types import Answer, Citation

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["openai"])
_OWN_MODEL = "grove"


class TextPart(BaseModel):
    """A piece of a message's content."""

    type: Literal["text"]
    text: str


class ChatMessage(BaseModel):
    """A message as OpenAI's clients send it."""

    role: Literal["system", "developer", "user", "assistant"]
    content: str | list[TextPart]

    def text(self) -> str:
        """Give the content as one text."""
        return (
            self.content if isinstance(self.content, str) else "".join(part.text for part in self.content)
        )


class StreamOptions(BaseModel):
    """What a stream carries besides text."""

    include_usage: bool = False


class ChatBody(BaseModel):
    """A chat completion request; sampling parameters of OpenAI are accepted and left unused."""

    model_config = ConfigDict(extra="ignore")
    model: Annotated[str, Field(description="`grove`, or the name of a generator.")] = _OWN_MODEL
    messages: Annotated[list[ChatMessage], Field(min_length=1, max_length=200)]
    stream: bool = False
    stream_options: StreamOptions | None = None
    collection: Annotated[str, Field(description="Grove's own field: where to look.")] = DEFAULT


@router.get("/models", operation_id="listModels")
def list_models(grove: GroveDep) -> dict[str, Any]:
    """List what `model` can be."""
    names = [_OWN_MODEL, *(name for name in grove.generator_names() if name != DEFAULT)]
    models = [{"id": name, "object": "model", "created": 0, "owned_by": "grove"} for name in names]
    return {"object": "list", "data": models}


@router.post("/chat/completions", operation_id="createChatCompletion", response_model=None)
async def chat_completions(
    body: ChatBody, grove: GroveDep, request: Request
) -> dict[str, Any] | StreamingResponse:
    """Answer the last user message from the documents."""
    if body.model != _OWN_MODEL and body.model not in grove.generator_names():
        raise NotFoundError(f"no model {body.model!r}; GET /v1/models lists what there is")
    events = _events(grove, body)
    started = await anext(events)
    assert isinstance(started, RunStarted)
    base_url = str(request.base_url)
    if body.stream:
        return StreamingResponse(
            _chunks(events, body, started.run_id, base_url), media_type="text/event-stream"
        )
    async for event in events:
        if isinstance(event, RunFailed):
            raise error_of(event)
        if isinstance(event, AnswerFinished):
            return _completion(event.answer, body, base_url)
    raise AssertionError("a run ends with an answer or an error")


def _events(grove: Grove, body: ChatBody) -> AsyncIterator[Event]:
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


async def _chunks(
    events: AsyncIterator[Event], body: ChatBody, run_id: str, base_url: str
) -> AsyncIterator[str]:
    head = {"id": f"chatcmpl-{run_id}", "object": "chat.completion.chunk", "created": int(time.time())}
    head["model"] = body.model

    def chunk(delta: dict[str, Any], finish: str | None = None, **more: Any) -> str:  # Any: OpenAI's JSON
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return _data({**head, "choices": [choice], **more})

    yield chunk({"role": "assistant", "content": ""})
    async for event in events:
        match event:
            case TokenGenerated():
                yield chunk({"content": event.text})
            case RunFailed():
                yield _data(
                    {"error": {"message": event.message, "type": "server_error", "code": event.error}}
                )
                return
            case AnswerFinished():
                citations = event.answer.citations
                yield chunk(
                    {"annotations": _annotations(citations, base_url)}, "stop", citations=as_json(citations)
                )
                if body.stream_options is not None and body.stream_options.include_usage:
                    yield _data({**head, "choices": [], "usage": _usage(event.answer)})
    yield "data: [DONE]\n\n"


def _completion(answer: Answer, body: ChatBody, base_url: str) -> dict[str, Any]:
    message = {
        "role": "assistant",
        "content": answer.answer,
        "refusal": None,
        "annotations": _annotations(answer.citations, base_url),
    }
    return {
        "id": f"chatcmpl-{answer.run_id}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": body.model,
        "choices": [{"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}],
        "usage": _usage(answer),
        "citations": as_json(answer.citations),
        "timings": as_json(answer.timings),
    }


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


def _usage(answer: Answer) -> dict[str, int]:
    read, written = answer.usage.prompt_tokens, answer.usage.completion_tokens
    return {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}


def _data(body: dict[str, Any]) -> str:
    return f"data: {json.dumps(body, ensure_ascii=False)}\n\n"
