"""Files of jobs that are no documents: they wait, are worked on, or failed."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from rag.db._job_status import UNSETTLED
from rag.db._views import DocumentSummary
from rag.db.tables import CollectionRow, DocumentRow, JobFileRow, JobRow

__all__ = ["pending_bases", "pending_files"]

_PENDING = (*UNSETTLED, "failed")


def pending_files(session: Session, collection: CollectionRow) -> list[DocumentSummary]:
    """Give the files of a collection whose last submission waits or failed."""
    return [_summary(file, job) for file, job in _pending(session, collection)]


def pending_bases(session: Session, collection: CollectionRow) -> dict[str, str | None]:
    """Give the sources of the same, and the folder that each is relative to."""
    return {file.source: file.base for file, _ in _pending(session, collection)}


def _pending(session: Session, collection: CollectionRow) -> list[tuple[JobFileRow, JobRow]]:
    of_collection = (
        JobRow.tenant == collection.tenant,
        JobRow.collection == collection.name,
        JobRow.created_at >= collection.created_at,  # not those of a deleted one of the same name
    )
    is_job = JobRow.id == JobFileRow.job_id
    is_document = (DocumentRow.collection_id == collection.id) & (DocumentRow.source == JobFileRow.source)
    sources = select(JobFileRow.source).join(JobRow, is_job).where(*of_collection)
    query = (
        select(JobFileRow, JobRow, DocumentRow.base)
        .join(JobRow, is_job)
        .outerjoin(DocumentRow, is_document)
        .where(*of_collection, JobFileRow.source.in_(sources.where(JobFileRow.state.in_(_PENDING))))
        .order_by(JobRow.created_at)
    )
    last = {file.source: (file, job, base) for file, job, base in session.execute(query)}
    return [
        (file, job)
        for file, job, base in last.values()
        if file.state in _PENDING
        and not _is_of_another_folder(file, base)
        and not _is_taken_apart_since(session, file, job)
    ]


def _summary(file: JobFileRow, job: JobRow) -> DocumentSummary:
    state, error = file.state, file.error
    if job.state == "failed" and state in UNSETTLED:  # the job did not come to it
        state, error = "failed", job.error
    return DocumentSummary(None, file.source, file.source, state, None, 0, error, job.created_at)


def _is_of_another_folder(file: JobFileRow, base: str | None) -> bool:
    """Tell whether the document of this source is of another file, which only the job of this one tells."""
    return file.state == "failed" and None not in (base, file.base) and base != file.base


def _is_taken_apart_since(session: Session, file: JobFileRow, job: JobRow) -> bool:
    """Tell of an archive or folder that could not be read whether a later job has files of it."""
    if file.place != file.source:
        return False
    later = select(JobFileRow.ordinal).join(JobRow, JobRow.id == JobFileRow.job_id)
    later = later.where(JobRow.tenant == job.tenant, JobRow.collection == job.collection)
    later = later.where(JobRow.created_at > job.created_at)
    is_inside = JobFileRow.source.startswith(f"{file.source}/", autoescape=True)
    return session.scalar(later.where(is_inside).limit(1)) is not None
