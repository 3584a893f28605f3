"""Files of jobs as rows, and rows as files."""

import os

from rag.db._job_views import JobFile
from rag.db.tables import JobFileRow, JobRow

__all__ = ["file_of", "row_of"]


def row_of(job: JobRow, ordinal: int, file: JobFile) -> JobFileRow:
    """Give the row of a file that is to be worked on; one with an error is failed from the start."""
    return JobFileRow(
        job_id=job.id,
        ordinal=ordinal,
        tenant=job.tenant,
        source=file.source,
        base=file.base,
        path=os.fsencode(file.path),
        action=file.action,
        stamp=file.stamp,
        place=file.place,
        state="queued" if file.error is None else "failed",
        attempts=0,
        error=file.error,
    )


def file_of(row: JobFileRow) -> JobFile:
    """Give what a worker has to know of a file."""
    return JobFile(
        row.source,
        os.fsdecode(row.path),
        attempts=row.attempts,
        action=row.action,
        stamp=row.stamp,
        base=row.base,
        place=row.place,
    )
