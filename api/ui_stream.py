"""A run's events -> the UI message stream of the Vercel AI SDK, version 1.

The answer is one text part; each cited document is a `source-document`, each citation, with its spans, a
`data-citation`; steps are `data-step`s, which a page may show and a model never sees.

Source: vercel/ai, content/docs/04-ai-sdk-ui/50-stream-protocol.mdx.
"""

import json
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import aclosing
from typing import Any

from sse_starlette import EventSourceResponse, ServerSentEvent

from api.json_values import as_json
from api.outcomes import Waiting
from api.sse import frames_stream
from rag.core.events import (
    AnswerFinished,
    CitationFound,
    Event,
    PermissionAsked,
    RunFailed,
    RunStarted,
    StepFinished,
    StepStarted,
    TokenGenerated,
)

__all__ = ["ui_message_stream"]

_HEADERS = {"x-vercel-ai-ui-message-stream": "v1"}
_TEXT = "answer"
Part = Mapping[str, Any]  # Any: JSON


def ui_message_stream(events: AsyncGenerator[Event, None]) -> EventSourceResponse:
    """Answer with the parts as they come; a client that goes away closes the iterator."""

    async def frames() -> AsyncGenerator[ServerSentEvent, None]:
        parts = _Parts()
        async with aclosing(events):
            async for event in events:
                for part in parts.of(event):
                    yield ServerSentEvent(json.dumps(part))
        yield ServerSentEvent("[DONE]")

    reply = frames_stream(frames())
    reply.headers.update(_HEADERS)
    return reply


class _Parts:
    def __init__(self) -> None:
        self._run_id = ""
        self._is_writing = False
        self._sources: set[str] = set()

    def of(self, event: Event) -> Iterator[Part]:
        """Give the parts that an event is, which may be none."""
        match event:
            case RunStarted():
                self._run_id = event.run_id
                yield {"type": "start", "messageId": event.run_id}
            case StepStarted() | StepFinished():
                yield _step(event)
            case TokenGenerated():
                yield from self._text(event.text)
            case CitationFound():
                yield from self._cited(event)
            case PermissionAsked():
                yield from self._text(Waiting(self._run_id, event).advice)
                yield from self._finished()
            case AnswerFinished():
                yield from self._finished()
            case RunFailed():
                yield {"type": "error", "errorText": f"{event.error}: {event.message}"}

    def _text(self, text: str) -> Iterator[Part]:
        if not self._is_writing:
            self._is_writing = True
            yield {"type": "start-step"}
            yield {"type": "text-start", "id": _TEXT}
        yield {"type": "text-delta", "id": _TEXT, "delta": text}

    def _cited(self, event: CitationFound) -> Iterator[Part]:
        citation = event.citation
        if citation.document_id not in self._sources:
            self._sources.add(citation.document_id)
            yield {
                "type": "source-document",
                "sourceId": citation.document_id,
                "mediaType": "text/plain",
                "title": citation.title,
                "filename": citation.source,
            }
        data = {"number": event.number, **as_json(citation)}
        yield {"type": "data-citation", "id": str(event.number), "data": data}

    def _finished(self) -> Iterator[Part]:
        if self._is_writing:
            yield {"type": "text-end", "id": _TEXT}
            yield {"type": "finish-step"}
        yield {"type": "finish"}


def _step(event: StepStarted | StepFinished) -> Part:
    data: dict[str, Any] = {"step": event.step, "state": "started"}  # Any: JSON
    if isinstance(event, StepFinished):
        data |= {"state": "finished", "milliseconds": event.milliseconds}
    return {"type": "data-step", "id": event.step, "data": data}
