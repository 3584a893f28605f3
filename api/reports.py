"""What a command says of a job once it waits for it no longer."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from api.render import one_line

if TYPE_CHECKING:
    from indexing.sync import Synced
    from rag.db.jobs import JobStatus

__all__ = ["exit_code", "job_report", "job_summary", "plan_text", "sync_report"]

_FAILED = 1
_DONE_IN_PART = 3


def job_report(
    status: "JobStatus | None", *, seconds: float, synced: "Synced | None" = None
) -> dict[str, Any]:
    """Give the result of a command that ran a job, as JSON; None stands for nothing to do.

    What synchronising left out of the job, for it is as it was, counts as skipped, too.
    """
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
        "skipped": sum(file.state == "skipped" for file in files) + (synced.num_unchanged if synced else 0),
        "failed": [
            {"source": file.source, "error": file.error} for file in files if file.state == "failed"
        ],
        "deleted": sum(file.state == "deleted" for file in files),
        "seconds": round(seconds, 2),
        **sync_report(synced),
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
    lines += [f"  failed: {one_line(each['source'])}: {each['error']}" for each in report["failed"]]
    if report.get("withheld"):
        lines.append(f"  not deleted: {len(report['withheld'])} documents. {report['reason']}.")
    if report["failed"]:
        lines.append(f"`rag jobs retry {report['job']}` tries the failed files again.")
    return "\n".join(lines)


def exit_code(report: Mapping[str, Any]) -> int:  # Any: JSON
    """Give 0 when all was done, 1 when nothing was, 3 when it was done in part."""
    if report["state"] == "failed":
        return _FAILED
    is_whole = report["state"] == "done" and not report["failed"] and not report.get("withheld")
    return 0 if is_whole else _DONE_IN_PART


def sync_report(synced: "Synced | None") -> dict[str, Any]:
    """Give what synchronising, if it was that, adds to the report of its job, as JSON."""
    return {"withheld": synced.withheld, "reason": synced.reason} if synced else {}


def plan_text(plan: Mapping[str, Any]) -> str:  # Any: JSON
    """Say what synchronising would do.

    >>> print(plan_text({"add": ["a.txt"], "unchanged": ["b.txt"], "delete": [], "reason": None}))
    would add: 1, unchanged: 1, delete: 0
      add a.txt
    """
    counts = {name: value for name, value in plan.items() if isinstance(value, list)}
    lines = [f"would {', '.join(f'{name}: {len(sources)}' for name, sources in counts.items())}"]
    for name in ("add", "replace", "unknown", "delete", "withheld"):
        lines += [f"  {name} {one_line(source)}" for source in counts.get(name, ())]
    return "\n".join(lines + ([f"  {plan['reason']}"] if plan["reason"] else []))
