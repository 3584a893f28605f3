"""Ending a job for good: also what it kept beside the database goes."""

from indexing.submit import remove_uploads
from rag.compose import Grove

__all__ = ["cancel_job"]


def cancel_job(grove: Grove, job_id: str) -> None:
    """Cancel a job; what it has done stays, what it has begun is removed.

    Raises:
        NotFoundError: no such job.
        ConflictError: it is over.
    """
    grove.job_control.cancel(job_id)
    job = grove.jobs.job(job_id)
    if job.kind == "reindex":
        grove.reindexer.abandon(job.collection)
        grove.publisher.sweep()
    remove_uploads(grove, job_id)
