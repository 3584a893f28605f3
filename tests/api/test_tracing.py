"""One tree of spans a question, with the attributes of the conventions; nothing when it is off."""

import subprocess
import sys
from pathlib import Path

import pytest
from _chat_server import running
from _http import BrokenEncoder, client_of, ingested, small_settings
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from api.telemetry.tracing import Tracing
from rag.compose import Grove
from rag.core.settings import Part, Settings
from rag.encoders.hashing import Hashing

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
BODY = {"question": "How tall is the tower?"}


def traced(home: Path, **options: object) -> tuple[list[ReadableSpan], dict[str, object]]:
    """Ask within a trace, and give the spans and the reply."""
    exporter = InMemorySpanExporter()
    grove = Grove(
        small_settings(home), encoder=BrokenEncoder() if options.pop("broken", False) else Hashing()
    )
    client = client_of(grove, tracing=Tracing(SimpleSpanProcessor(exporter)))
    ingested(client, grove)
    exporter.clear()
    reply = client.post("/api/v1/ask", json={**BODY, **options}, headers={"traceparent": PARENT})
    grove.database.close()
    is_json = reply.headers["content-type"] == "application/json"
    return list(exporter.get_finished_spans()), reply.json() if is_json else {}


def one(spans: list[ReadableSpan], name: str) -> ReadableSpan:
    (span,) = [span for span in spans if span.name == name]
    return span


def parent_of(spans: list[ReadableSpan], span: ReadableSpan) -> str | None:
    return next(
        (each.name for each in spans if span.parent and each.context.span_id == span.parent.span_id), None
    )


def test_a_question_is_one_tree_below_the_trace_of_its_sender(grove_home: Path) -> None:
    spans, _ = traced(grove_home)
    assert {f"{span.context.trace_id:032x}" for span in spans} == {PARENT.split("-")[1]}
    root = one(spans, "POST /api/v1/ask")
    assert root.parent is not None
    assert f"{root.parent.span_id:016x}" == PARENT.split("-")[2]
    run = one(spans, "invoke_agent grove")
    assert parent_of(spans, run) == root.name
    for step in ("prepare", "retrieve", "read", "generate", "cite"):
        assert parent_of(spans, one(spans, f"step {step}")) == run.name
    stages = [span for span in spans if span.name.startswith("retrieval ")]
    assert {parent_of(spans, stage) for stage in stages} == {"step retrieve"}
    assert parent_of(spans, one(spans, "chat echo")) == "step generate"


def far_settings(home: Path, url: str) -> Settings:
    return small_settings(home, generator=Part(kind="openai", options={"base_url": url, "model": "m"}))


@pytest.mark.parametrize("sent", [{}, {"stream": True}, {"stream": True, "detach": True}])
def test_a_server_that_generates_is_told_the_span_of_the_run(
    grove_home: Path, sent: dict[str, object]
) -> None:
    exporter = InMemorySpanExporter()
    with running() as chat:
        grove = Grove(far_settings(grove_home, chat.url))
        client = client_of(grove, tracing=Tracing(SimpleSpanProcessor(exporter)))
        ingested(client, grove)
        for parent in (PARENT, PARENT.replace("0af7", "1af7")):
            given = {"traceparent": parent, "tracestate": "vendor=1", "baggage": "user=ada"}
            assert client.post("/api/v1/ask", json={**BODY, **sent}, headers=given).status_code == 200
        grove.database.close()
    runs = [span for span in exporter.get_finished_spans() if span.name == "invoke_agent grove"]
    told = [(headers["traceparent"], headers["tracestate"]) for headers in chat.headers]
    assert told == [
        (f"00-{span.context.trace_id:032x}-{span.context.span_id:016x}-01", "vendor=1") for span in runs
    ]
    assert [trace[:36] for trace, _ in told] == [PARENT[:36], PARENT[:36].replace("0af7", "1af7")]
    assert not any("baggage" in headers for headers in chat.headers)


def test_without_tracing_a_server_is_told_of_no_trace(grove_home: Path) -> None:
    with running() as chat:
        grove = Grove(far_settings(grove_home, chat.url))
        client = client_of(grove)
        ingested(client, grove)
        client.post("/api/v1/ask", json=BODY, headers={"traceparent": PARENT})
        grove.database.close()
    assert [name for headers in chat.headers for name in headers if name.startswith("trace")] == []
    assert len(chat.headers) == 1


def test_the_run_is_linked_by_its_id_and_spans_carry_the_attributes_of_the_conventions(
    grove_home: Path,
) -> None:
    spans, reply = traced(grove_home)
    run, chat = (one(spans, name).attributes or {} for name in ("invoke_agent grove", "chat echo"))
    assert run["grove.run.id"] == reply["run_id"]
    assert (run["grove.outcome"], run["gen_ai.operation.name"]) == ("answered", "invoke_agent")
    assert chat["gen_ai.operation.name"] == "chat"
    assert chat["gen_ai.request.model"] == "echo"
    usage = reply["usage"]
    assert isinstance(usage, dict)
    assert chat["gen_ai.usage.input_tokens"] == usage["prompt_tokens"] > 0
    assert run["gen_ai.usage.output_tokens"] == usage["completion_tokens"] > 0
    assert (one(spans, "step retrieve").attributes or {})["gen_ai.operation.name"] == "retrieval"
    assert (one(spans, "POST /api/v1/ask").attributes or {})["http.response.status_code"] == 200
    assert [event.name for event in one(spans, "invoke_agent grove").events] == ["first token"]


def test_children_lie_within_their_parents(grove_home: Path) -> None:
    spans, _ = traced(grove_home)
    by_id = {span.context.span_id: span for span in spans}
    for span in spans:
        parent = by_id.get(span.parent.span_id) if span.parent else None
        if parent is not None and span.start_time and parent.start_time:
            assert parent.start_time <= span.start_time, span.name


def test_no_text_of_people_or_documents_is_in_a_span(grove_home: Path) -> None:
    spans, _ = traced(grove_home)
    assert not [span.name for span in spans if "tower" in span.to_json().casefold()]


def test_a_run_that_fails_is_an_error_and_all_spans_end(grove_home: Path) -> None:
    spans, _ = traced(grove_home, broken=True, stream=True)
    run = one(spans, "invoke_agent grove")
    assert not run.status.is_ok
    assert (run.attributes or {})["error.type"] == "RuntimeError"
    assert all(span.end_time for span in spans)
    assert one(spans, "step retrieve")


def test_a_question_that_is_refused_leaves_no_open_span(grove_home: Path) -> None:
    spans, _ = traced(grove_home, collection="absent")
    assert {span.name for span in spans} == {"POST /api/v1/ask", "invoke_agent grove"}
    assert (one(spans, "invoke_agent grove").attributes or {})["error.type"] == "NotFoundError"


def test_what_traces_need_is_not_loaded_when_they_are_off() -> None:
    script = "import sys, api.main, api.commands.serve; sys.exit('api.telemetry.tracing' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_events_pass_nothing_of_it_when_it_is_off(grove_home: Path) -> None:
    grove = Grove(small_settings(grove_home))
    off, on = (
        client_of(grove, tracing=tracing).app.state.guard.keywords["observers"]  # type: ignore[attr-defined]
        for tracing in (None, Tracing(SimpleSpanProcessor(InMemorySpanExporter())))
    )
    assert len(on) == len(off) + 1
