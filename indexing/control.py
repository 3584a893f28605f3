"""What a person does to a job and to its files: what was begun goes, what failed is looked for again."""

from indexing.again import found_again
from indexing.submit import remove_uploads
from rag.compose import Grove

__all__ = ["cancel_job", "retry_job"]


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


def retry_job(grove: Grove, job_id: str) -> None:
    """Queue a finished job's failed files again, or a failed rebuilding.

    Raises:
        NotFoundError: no such job.
        ConflictError: it is not finished, or nothing of it failed.
    """
    grove.job_control.retry(job_id, parts=found_again(grove, grove.job_control.failed(job_id)))
