"""OpenTelemetry traces: one tree of spans a request, made of the events that its run goes by.

    POST /api/v1/ask                          the request; goes on a trace that its `traceparent` names
    └── invoke_agent grove                    the run: its id, how it ended, its tokens
        ├── step prepare
        ├── step retrieve
        │   └── retrieval dense, ...          the stages of the search
        ├── step generate
        │   └── chat MODEL                    with the gen_ai attributes of OpenTelemetry's conventions
        └── step cite

Needs the extra `otel`; imported only where GROVE_SERVER__TRACES_ENDPOINT is set, and free elsewhere.
Requests to a generator's server carry the run's span as `traceparent`.
No question, passage or answer is in a span: these are under the run's id, for those who may see them.
"""

import time
from collections.abc import Mapping
from importlib.metadata import version

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.propagate import extract
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.telemetry.requests import method_of, route_of
from rag.core.events import (
    AnswerFinished,
    Event,
    PermissionAsked,
    RunFailed,
    RunStarted,
    StepFinished,
    StepStarted,
    TokenGenerated,
)
from rag.core.trace_context import tracing, within_span

__all__ = ["TracedRequests", "Tracing"]

_NANOSECONDS_A_MS = 1_000_000
_OF_STEPS = {
    "retrieve": "retrieval",
    "hop": "retrieval",
    "search_again": "retrieval",
    "act": "execute_tool",
}


class Tracing:
    """Where the spans of one application go."""

    def __init__(self, processor: SpanProcessor) -> None:
        resource = Resource.create({"service.name": "grove", "service.version": version("grove-rag")})
        self._provider = TracerProvider(resource=resource)  # sends what is left when the process ends
        self._provider.add_span_processor(processor)
        self.tracer = self._provider.get_tracer("grove")

    @classmethod
    def to_endpoint(cls, url: str) -> "Tracing":
        """Send the spans to a collector, `http://HOST:4318/v1/traces`, in batches and beside the work."""
        return cls(BatchSpanProcessor(OTLPSpanExporter(endpoint=url)))

    def run(self) -> "TracedRun":
        """Follow a run that begins now, in the request that is being answered."""
        return TracedRun(self.tracer)


class TracedRun:
    """Makes the spans of one run as its events pass."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer
        self._run = tracer.start_span("invoke_agent grove", kind=SpanKind.INTERNAL)
        self._run.set_attribute("gen_ai.operation.name", "invoke_agent")
        self._run.set_attribute("gen_ai.agent.name", "grove")
        within_span(_headers_of(self._run))
        self._step: Span | None = None
        self._step_began = 0
        self._has_token = False

    def see(self, event: Event) -> None:
        """Begin, fill or end the span that an event is about."""
        match event:
            case TokenGenerated():
                if not self._has_token:
                    self._has_token = True
                    self._run.add_event("first token")
            case RunStarted():
                self._run.set_attributes(
                    {
                        "grove.run.id": event.run_id,
                        "grove.collection": event.collection,
                        "grove.retriever": event.retriever,
                        "grove.generator": event.generator,
                    }
                )
            case StepStarted() | StepFinished():
                self._of_step(event)
            case PermissionAsked():
                self._run.set_attributes({"grove.outcome": "waiting", "gen_ai.tool.name": event.tool})
            case RunFailed():
                self._fail(event.error, event.message)
            case AnswerFinished():
                self._answer(event)

    def end(self, error: BaseException | None) -> None:
        """End what is open."""
        if error is not None:
            self._fail(type(error).__name__, str(error))
        if self._step is not None:
            self._step.end()
        self._run.end()

    def _of_step(self, event: StepStarted | StepFinished) -> None:
        if isinstance(event, StepStarted):
            self._step_began = time.time_ns()
            self._step = self._child(self._run, f"step {event.step}", self._step_began)
        elif self._step is not None:
            self._finish(self._step, event)
            self._step = None

    def _child(self, parent: Span, name: str, start: int, kind: SpanKind = SpanKind.INTERNAL) -> Span:
        context = trace.set_span_in_context(parent)
        return self._tracer.start_span(name, context=context, kind=kind, start_time=start)

    def _finish(self, step: Span, event: StepFinished) -> None:
        for name, value in event.summary.items():
            if isinstance(value, int | float) and not isinstance(value, bool):
                step.set_attribute(f"grove.step.{name}", value)
        if operation := _OF_STEPS.get(event.step):
            step.set_attribute("gen_ai.operation.name", operation)
        if isinstance(tool := event.inputs.get("tool"), str):
            step.set_attribute("gen_ai.tool.name", tool)
        timings = event.summary.get("timings")
        if isinstance(timings, Mapping):
            self._stages(step, timings)
        if event.step == "generate":
            self._generation(step, event.summary)
        step.end()

    def _stages(self, step: Span, timings: Mapping[str, float]) -> None:
        # How long each took was measured, not when it began: all begin with their step.
        for stage, milliseconds in timings.items():
            if stage != "total":
                span = self._child(step, f"retrieval {stage}", self._step_began)
                span.end(self._step_began + int(milliseconds * _NANOSECONDS_A_MS))

    def _generation(self, step: Span, summary: Mapping[str, object]) -> None:
        model = str(summary.get("model", "none"))
        span = self._child(step, f"chat {model}", self._step_began, SpanKind.CLIENT)
        span.set_attributes({"gen_ai.operation.name": "chat", "gen_ai.request.model": model})
        for attribute, name in (("input_tokens", "prompt_tokens"), ("output_tokens", "completion_tokens")):
            if isinstance(number := summary.get(name), int):
                span.set_attribute(f"gen_ai.usage.{attribute}", number)
        span.end()

    def _answer(self, event: AnswerFinished) -> None:
        answer = event.answer
        self._run.set_attributes(
            {
                "grove.outcome": "refused" if answer.refused else "answered",
                "grove.citations": len(answer.citations),
                "gen_ai.usage.input_tokens": answer.usage.prompt_tokens,
                "gen_ai.usage.output_tokens": answer.usage.completion_tokens,
            }
        )

    def _fail(self, kind: str, message: str) -> None:
        self._run.set_attributes({"grove.outcome": "failed", "error.type": kind})
        self._run.set_status(Status(StatusCode.ERROR, message))


def _headers_of(span: Span) -> dict[str, str]:
    """Give what names a span to another server, and nothing else of where the request came from."""
    headers: dict[str, str] = {}
    context = trace.set_span_in_context(span, Context())
    TraceContextTextMapPropagator().inject(headers, context)
    return headers


class TracedRequests:
    """Makes a span of each request, as part of the trace that its sender names."""

    def __init__(self, app: ASGIApp, *, tracing: Tracing) -> None:
        self._app = app
        self._tracer = tracing.tracer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on within its span."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        parent = extract(dict(Headers(scope=scope)))
        method = method_of(scope)
        with (
            self._tracer.start_as_current_span(method, context=parent, kind=SpanKind.SERVER) as span,
            tracing(),
        ):
            within_span(_headers_of(span))

            async def watched(message: Message) -> None:
                if message["type"] == "http.response.start":
                    span.set_attribute("http.response.status_code", message["status"])
                    if message["status"] >= 500:
                        span.set_status(StatusCode.ERROR)
                await send(message)

            try:
                await self._app(scope, receive, watched)
            finally:
                span.update_name(f"{method} {route_of(scope)}")
                span.set_attributes({"http.request.method": method, "http.route": route_of(scope)})
