"""The metrics by name: the one list that instruments, the documentation and the dashboard are made from."""

from dataclasses import dataclass
from typing import Literal

__all__ = ["METRICS", "Metric", "metrics_table"]

Kind = Literal["counter", "gauge", "histogram"]


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric: what it is called, what it counts and by what."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    source: Literal["process", "database"] = "process"


def _stored(name: str, help: str, *labels: str) -> Metric:
    return Metric(name, "gauge", help, labels, "database")


METRICS: tuple[Metric, ...] = (
    Metric("grove_build", "gauge", "Always 1; its label says which version runs.", ("version",)),
    Metric(
        "grove_http_requests_total",
        "counter",
        "Requests answered, by route template and status; what no route has is `unmatched`.",
        ("method", "route", "status"),
    ),
    Metric(
        "grove_http_request_seconds",
        "histogram",
        "From the request to the last byte of its reply, the whole of a stream included.",
        ("method", "route"),
    ),
    Metric("grove_http_requests_in_progress", "gauge", "Requests that are being answered."),
    Metric(
        "grove_runs_total",
        "counter",
        "Questions by how they ended: answered, refused, waiting (for a permission), failed, cancelled,"
        " rejected (before they began), turned_away (too many came).",
        ("generator", "outcome"),
    ),
    Metric("grove_run_errors_total", "counter", "Questions that failed, by the error's name.", ("error",)),
    Metric("grove_run_seconds", "histogram", "From a question to its end.", ("generator",)),
    Metric(
        "grove_run_first_token_seconds",
        "histogram",
        "From a question to the first piece of its answer, the time in the queue included.",
        ("generator",),
    ),
    Metric(
        "grove_questions_working",
        "gauge",
        "Questions that are worked on, GROVE_SERVER__MAX_WORKING at most.",
    ),
    Metric(
        "grove_questions_waiting",
        "gauge",
        "Questions that wait for that, GROVE_SERVER__MAX_WAITING at most.",
    ),
    Metric("grove_step_seconds", "histogram", "How long the steps of runs took.", ("step",)),
    Metric(
        "grove_search_stage_seconds",
        "histogram",
        "How long the stages of searches took, those of runs included; `total` is the whole of one.",
        ("stage",),
    ),
    Metric(
        "grove_tokens_total",
        "counter",
        "Tokens that generators read (prompt) and wrote (completion).",
        ("generator", "kind"),
    ),
    Metric(
        "grove_sentences_total",
        "counter",
        "Sentences of answers, by whether a passage supports them.",
        ("supported",),
    ),
    _stored("grove_database_up", "1 when the database answered; without it the metrics below are absent."),
    _stored("grove_database_pool_connections", "Connections of this process: in_use, idle.", "state"),
    _stored("grove_database_bytes", "Size of the database, the vectors of PostgreSQL included."),
    _stored("grove_segment_files_bytes", "Size of the segments on disk; absent where vectors are rows."),
    _stored("grove_jobs", "Jobs by kind and state.", "kind", "state"),
    _stored("grove_queue_depth", "Jobs that no worker holds and one should."),
    _stored("grove_queue_oldest_job_age_seconds", "How long the oldest of these has been waiting."),
    _stored("grove_job_files", "Files of jobs by state: done ones were ingested.", "state"),
    _stored("grove_job_chunks", "Chunks that jobs have ingested."),
    _stored("grove_collections", "Collections."),
    _stored("grove_documents", "Documents."),
    _stored("grove_segments", "Segments that searches read."),
    _stored("grove_index_rows", "Rows of segments; dead ones wait for compaction.", "state"),
)


def metrics_table() -> str:
    """Give the metrics as a Markdown table."""
    rows = (
        f"| `{metric.name}` | {metric.kind} | {', '.join(f'`{label}`' for label in metric.labels)}"
        f" | {metric.source} | {metric.help} |"
        for metric in METRICS
    )
    return "\n".join(("| metric | type | labels | from | meaning |", "|---|---|---|---|---|", *rows))
