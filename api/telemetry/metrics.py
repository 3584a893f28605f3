"""The instruments of one serving process, and how runs and requests move them.

Everything is counted in memory of the process; what several processes share is read from the database.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.admission import Admission
from api.telemetry.database import DatabaseMetrics
from api.telemetry.names import METRICS, Metric
from api.telemetry.requests import method_of, route_of
from rag.compose import Grove
from rag.core.errors import OverloadedError
from rag.core.events import (
    AnswerFinished,
    Event,
    PermissionAsked,
    RunFailed,
    RunStarted,
    StepFinished,
    TokenGenerated,
)
from rag.core.types import Answer

__all__ = ["Metrics", "RequestMetrics", "RunMetrics"]

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
_BEGUN_BEFORE = "resumed"  # a run that goes on after a permission: its start was another request's


class Metrics:
    """The instruments of one application, in a registry of their own."""

    def __init__(self, grove: Grove) -> None:
        # Without a second series for each counter, which nothing here reads.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        made = {metric.name: self._made(metric) for metric in METRICS if metric.source == "process"}
        self._counters = {name: each for name, each in made.items() if isinstance(each, Counter)}
        self._gauges = {name: each for name, each in made.items() if isinstance(each, Gauge)}
        self._histograms = {name: each for name, each in made.items() if isinstance(each, Histogram)}
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self.registry)
        self.registry.register(DatabaseMetrics(grove))
        self.gauge("grove_build", version=version("grove-rag")).set(1)

    def counter(self, name: str, **labels: str) -> Counter:
        """Give a counter of the list, or its child with these labels."""
        counter = self._counters[name]
        return counter.labels(**labels) if labels else counter

    def gauge(self, name: str, **labels: str) -> Gauge:
        """Give a gauge of the list, or its child with these labels."""
        gauge = self._gauges[name]
        return gauge.labels(**labels) if labels else gauge

    def histogram(self, name: str, **labels: str) -> Histogram:
        """Give a histogram of the list, or its child with these labels."""
        histogram = self._histograms[name]
        return histogram.labels(**labels) if labels else histogram

    def follow(self, admission: Admission) -> None:
        """Show what an admission counts."""
        self.gauge("grove_questions_working").set_function(lambda: admission.working)
        self.gauge("grove_questions_waiting").set_function(lambda: admission.waiting)

    def searched(self, timings: Mapping[str, float]) -> None:
        """Count the stages of a search, in milliseconds."""
        for stage, milliseconds in timings.items():
            self.histogram("grove_search_stage_seconds", stage=stage).observe(milliseconds / 1000)

    def text(self) -> bytes:
        """Give all of it in Prometheus's text format."""
        return generate_latest(self.registry)

    def _made(self, metric: Metric) -> Counter | Gauge | Histogram:
        if metric.kind == "histogram":
            return Histogram(
                metric.name, metric.help, metric.labels, registry=self.registry, buckets=_BUCKETS
            )
        if metric.kind == "counter":
            return Counter(metric.name, metric.help, metric.labels, registry=self.registry)
        return Gauge(metric.name, metric.help, metric.labels, registry=self.registry)


@dataclass(slots=True)
class RunMetrics:
    """Counts one run as its events pass."""

    metrics: Metrics
    _generator: str = _BEGUN_BEFORE
    _outcome: str = "rejected"
    _has_token: bool = False
    _started: float = field(default_factory=time.perf_counter)

    def see(self, event: Event) -> None:
        """Count an event."""
        match event:
            case RunStarted():
                self._generator = event.generator
            case TokenGenerated():
                if not self._has_token:
                    self._has_token = True
                    self._observe("grove_run_first_token_seconds")
                return
            case StepFinished():
                self._step(event)
            case PermissionAsked():
                self._outcome = "waiting"
                return
            case RunFailed():
                self._outcome = "failed"
                self.metrics.counter("grove_run_errors_total", error=event.error).inc()
                return
            case AnswerFinished():
                self._answer(event.answer)
                return
        self._outcome = "cancelled"  # unless more comes

    def end(self, error: BaseException | None) -> None:
        """Count the run as one that has ended, however it did."""
        if isinstance(error, OverloadedError):
            self._outcome = "turned_away"
        labels = {"generator": self._generator, "outcome": self._outcome}
        self.metrics.counter("grove_runs_total", **labels).inc()
        if self._outcome not in ("rejected", "turned_away"):
            self._observe("grove_run_seconds")

    def _observe(self, name: str) -> None:
        seconds = time.perf_counter() - self._started
        self.metrics.histogram(name, generator=self._generator).observe(seconds)

    def _step(self, event: StepFinished) -> None:
        self.metrics.histogram("grove_step_seconds", step=event.step).observe(event.milliseconds / 1000)
        timings = event.summary.get("timings")
        if isinstance(timings, Mapping):
            self.metrics.searched(timings)

    def _answer(self, answer: Answer) -> None:
        self._outcome = "refused" if answer.refused else "answered"
        for kind, number in (
            ("prompt", answer.usage.prompt_tokens),
            ("completion", answer.usage.completion_tokens),
        ):
            self.metrics.counter("grove_tokens_total", generator=self._generator, kind=kind).inc(number)
        for sentence in answer.sentences:
            supported = "true" if sentence.supported else "false"
            self.metrics.counter("grove_sentences_total", supported=supported).inc()


class RequestMetrics:
    """Counts requests by the template of the route that answered."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and count its reply."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 499  # nothing was answered: the client had gone
        started = time.perf_counter()
        in_progress = self._metrics.gauge("grove_http_requests_in_progress")

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        in_progress.inc()
        try:
            await self._app(scope, receive, watched)
        finally:
            in_progress.dec()
            labels = {"method": method_of(scope), "route": route_of(scope)}
            self._metrics.counter("grove_http_requests_total", status=str(status), **labels).inc()
            seconds = time.perf_counter() - started
            self._metrics.histogram("grove_http_request_seconds", **labels).observe(seconds)
