"""What a command says of a job once it waits for it no longer."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rag.db.jobs import JobStatus

__all__ = ["exit_code", "job_report", "job_summary"]

_FAILED = 1
_DONE_IN_PART = 3


def job_report(
    status: "JobStatus | None", *, seconds: float, deleted: Sequence[str] = ()
) -> dict[str, Any]:
    """Give the result of a command that ran a job, as JSON; None stands for nothing to do."""
    files = status.files if status else []
    done = [file for file in files if file.state == "done"]
    return {
        "job": status.job_id if status else None,
        "state": status.state if status else "done",
        "error": status.error if status else None,
        "documents": len(done),
        "chunks": status.chunks_done
        if status and status.kind == "reindex"
        else sum(f.chunks for f in done),
        "skipped": sum(file.state == "skipped" for file in files),
        "failed": [
            {"source": file.source, "error": file.error} for file in files if file.state == "failed"
        ],
        "deleted": len(deleted),
        "seconds": round(seconds, 2),
    }


def job_summary(status: "JobStatus | None", report: Mapping[str, Any]) -> str:  # Any: JSON
    """Say the same to a person."""
    if status is not None and status.kind == "reindex":
        lines = [
            f"Rebuilt the index of {status.collection}: {report['chunks']} chunks in"
            f" {report['seconds']:.1f} s."
        ]
    else:
        lines = [
            f"Took in {report['documents']} documents ({report['chunks']} chunks) in"
            f" {report['seconds']:.1f} s; {report['skipped']} unchanged, {len(report['failed'])} failed,"
            f" {report['deleted']} deleted."
        ]
    if report["error"]:
        lines = [f"Job {report['job']} failed: {report['error']}"]
    if report["state"] in ("paused", "cancelled"):
        lines.append(f"Job {report['job']} was {report['state']}; what it has done stays.")
    lines += [f"  failed: {failure['source']}: {failure['error']}" for failure in report["failed"]]
    if report["failed"]:
        lines.append(f"`rag jobs retry {report['job']}` tries the failed files again.")
    return "\n".join(lines)


def exit_code(report: Mapping[str, Any]) -> int:  # Any: JSON
    """Give 0 when all was done, 1 when nothing was, 3 when it was done in part."""
    if report["state"] == "failed":
        return _FAILED
    return _DONE_IN_PART if report["failed"] or report["state"] != "done" else 0
