"""A run's events -> OpenAI's response: its items, and the typed events of its stream.

A response has two items: the search of the files, and the message with the answer and its citations. An
annotation has `index`, where in the text its mark would stand, and besides it the span that it supports.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from api.openai_search import results_of
from api.outcomes import Waiting
from rag.compose import Grove
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
from rag.core.types import Answer, Citation, Hit, Usage
from rag.db.files import file_id_of, file_name_of

__all__ = ["Asked", "ResponseEvents", "annotation", "response_id", "run_id_of"]

_PREFIX = "resp_"
Body = dict[str, Any]  # Any: JSON


def response_id(run_id: str) -> str:
    """Give the id that a run has as a response."""
    return f"{_PREFIX}{run_id}"


def run_id_of(given: str) -> str:
    """Give the run of a response."""
    return given.removeprefix(_PREFIX)


def annotation(citation: Citation) -> Body:
    """Give a citation as OpenAI has it, with the spans of the answer and of the document besides."""
    return {
        "type": "file_citation",
        "file_id": file_id_of(citation.document_id, citation.source),
        "filename": file_name_of(citation.source),
        "index": citation.answer_end,
        "start_index": citation.answer_start,
        "end_index": citation.answer_end,
        "quote": citation.quote,
        "quote_start": citation.start,
        "quote_end": citation.end,
        "page": citation.page,
    }


@dataclass(frozen=True, slots=True)
class Asked:
    """What of a request its response says again."""

    model: str
    tools: list[Body]
    previous: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    has_results: bool = False  # `include` asks for what the search found


class ResponseEvents:
    """Turn a run's events into those of a response's stream; the last one holds the whole response."""

    def __init__(self, grove: Grove, asked: Asked, *, created_at: float | None = None) -> None:
        self._grove, self._asked = grove, asked
        self._created_at = time.time() if created_at is None else created_at
        self._seq = 0
        self._run_id, self._text, self._queries = "", "", [""]
        self._is_writing = False
        self._found: list[Mapping[str, Any]] = []
        self._annotations: list[Body] = []
        self._output: list[Body] = []

    async def stream(self, events: AsyncGenerator[Event, None]) -> AsyncGenerator[Body, None]:
        """Give the events of the stream, as they happen."""
        async with aclosing(events):
            async for event in events:
                # In a thread: what was found is read from the database, where it is asked for.
                for each in await asyncio.to_thread(self._all_of, event):
                    yield each

    def of(self, event: Event) -> Iterator[Body]:
        """Give what clients see of an event, which may be nothing."""
        match event:
            case RunStarted():
                self._run_id, self._queries = event.run_id, [event.question]
                yield self._event("response.created", response=self._response("in_progress"))
                yield self._event("response.in_progress", response=self._response("in_progress"))
            case StepStarted(step="retrieve"):
                yield from self._searching()
            case StepFinished(step="retrieve") if self._output:
                yield from self._searched(event)
            case RunFailed():
                error = {"code": "server_error", "message": f"{event.error}: {event.message}"}
                yield self._event("response.failed", response=self._response("failed", error=error))
            case _:
                yield from self._written(event)

    def _all_of(self, event: Event) -> list[Body]:
        return list(self.of(event))

    def _written(self, event: Event) -> Iterator[Body]:
        match event:
            case TokenGenerated():
                yield from self._begin_message()
                self._text += event.text
                yield self._in_text("response.output_text.delta", delta=event.text, logprobs=[])
            case CitationFound():
                yield from self._begin_message()
                self._annotations.append(annotation(event.citation))
                yield self._in_text(
                    "response.output_text.annotation.added",
                    annotation=self._annotations[-1],
                    annotation_index=len(self._annotations) - 1,
                )
            case PermissionAsked():  # OpenAI's clients cannot answer: the text says who can
                self._text += (advice := Waiting(self._run_id, event).advice)
                yield from self._begin_message()
                yield self._in_text("response.output_text.delta", delta=advice, logprobs=[])
                yield from self._completed(Usage())
            case AnswerFinished():
                yield from self._begin_message()
                self._text = event.answer.answer
                yield from self._completed(event.answer.usage, event.answer)

    def _searching(self) -> Iterator[Body]:
        self._output.append({**self._search_item("in_progress"), "results": None})
        yield self._event("response.output_item.added", output_index=0, item=self._output[0])
        for name in ("in_progress", "searching"):
            yield self._in_search(f"response.file_search_call.{name}")

    def _searched(self, step: StepFinished) -> Iterator[Body]:
        searched = step.inputs.get("searched")
        self._queries = [str(searched)] if searched else self._queries
        evidence = step.summary.get("evidence")
        self._found = list(evidence) if isinstance(evidence, list | tuple) else []
        self._output[0] = self._search_item("completed")
        yield self._in_search("response.file_search_call.completed")
        yield self._event("response.output_item.done", output_index=0, item=self._output[0])

    def _begin_message(self) -> Iterator[Body]:
        if self._is_writing:
            return
        self._is_writing = True
        item = {**self._message_item("in_progress"), "content": []}
        self._output.append(item)
        yield self._event("response.output_item.added", output_index=self._last, item=item)
        part = {"type": "output_text", "text": "", "annotations": [], "logprobs": []}
        yield self._in_text("response.content_part.added", part=part)

    def _completed(self, usage: Usage, answer: Answer | None = None) -> Iterator[Body]:
        item = self._message_item("completed")
        self._output[self._last] = item
        yield self._in_text("response.output_text.done", text=self._text, logprobs=[])
        yield self._in_text("response.content_part.done", part=item["content"][0])
        yield self._event("response.output_item.done", output_index=self._last, item=item)
        more = {} if answer is None else {"timings": dict(answer.timings), "refused": answer.refused}
        response = self._response("completed", usage=_usage(usage), **more)
        yield self._event("response.completed", response=response)

    @property
    def _last(self) -> int:
        return len(self._output) - 1

    def _search_item(self, status: str) -> Body:
        return {
            "type": "file_search_call",
            "id": f"fs_{self._run_id}",
            "status": status,
            "queries": self._queries,
            "results": self._results() if self._asked.has_results else None,
        }

    def _results(self) -> list[Body]:
        hits = [Hit(str(each["chunk_id"]), float(each["score"] or 0)) for each in self._found]
        return results_of(self._grove, self._grove.catalog.passages(hits))

    def _message_item(self, status: str) -> Body:
        part = {
            "type": "output_text",
            "text": self._text,
            "annotations": [*self._annotations],
            "logprobs": [],
        }
        item = {"type": "message", "id": f"msg_{self._run_id}", "role": "assistant", "status": status}
        return {**item, "content": [part]}

    def _in_search(self, kind: str) -> Body:
        return self._event(kind, item_id=f"fs_{self._run_id}", output_index=0)

    def _in_text(self, kind: str, **more: object) -> Body:
        return self._event(
            kind, item_id=f"msg_{self._run_id}", output_index=self._last, content_index=0, **more
        )

    def _event(self, kind: str, **more: object) -> Body:
        event = {"type": kind, "sequence_number": self._seq, **more}
        self._seq += 1
        return event

    def _response(self, status: str, *, usage: Body | None = None, **more: object) -> Body:
        previous = self._asked.previous
        return {
            "id": response_id(self._run_id),
            "object": "response",
            "created_at": int(self._created_at),
            "status": status,
            "error": None,
            "incomplete_details": None,
            "instructions": None,
            "metadata": dict(self._asked.labels),
            "model": self._asked.model,
            "output": list(self._output),
            "parallel_tool_calls": False,
            "previous_response_id": None if previous is None else response_id(previous),
            "temperature": None,
            "text": {"format": {"type": "text"}},
            "tool_choice": "auto",
            "tools": self._asked.tools,
            "top_p": None,
            "usage": usage,
            **more,
        }


def _usage(usage: Usage) -> Body:
    return {
        "input_tokens": usage.prompt_tokens,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": usage.completion_tokens,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": usage.prompt_tokens + usage.completion_tokens,
    }
