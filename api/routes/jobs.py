"""Jobs: how they fare, and what a person does to them."""

from fastapi import APIRouter

from api.deps import Behind, GroveDep, Limit
from api.paging import cursor_of, page_of
from api.schemas import JobList
from indexing.control import cancel_job, retry_job
from rag.db.jobs import JobStatus

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/jobs", tags=["jobs"])


@router.get("", operation_id="listJobs")
def list_jobs(grove: GroveDep, after: Behind, limit: Limit = 20) -> JobList:
    """List jobs, newest first."""
    jobs = grove.jobs.jobs(limit + 1, after=after)
    return JobList(*page_of(jobs, limit, lambda job: cursor_of(job.created_at, job.job_id)))


@router.get("/{job_id}", operation_id="getJob")
def get_job(job_id: str, grove: GroveDep) -> JobStatus:
    """Give a job and how each of its files fares."""
    return grove.jobs.job(job_id)


@router.post("/{job_id}/pause", operation_id="pauseJob")
def pause_job(job_id: str, grove: GroveDep) -> JobStatus:
    """Leave a job alone until it is resumed; what it has done stays. 409 when it is over."""
    grove.job_control.pause(job_id)
    return grove.jobs.job(job_id)


@router.post("/{job_id}/resume", operation_id="resumeJob")
def resume_job(job_id: str, grove: GroveDep) -> JobStatus:
    """Let a paused job go on; 409 when it is not paused."""
    grove.job_control.resume(job_id)
    return grove.jobs.job(job_id)


@router.post("/{job_id}/cancel", operation_id="cancelJob")
def cancel_one_job(job_id: str, grove: GroveDep) -> JobStatus:
    """End a job for good; what it has done stays. 409 when it is over."""
    cancel_job(grove, job_id)
    return grove.jobs.job(job_id)


@router.post("/{job_id}/retry", operation_id="retryJob")
def retry_one_job(job_id: str, grove: GroveDep) -> JobStatus:
    """Try a finished job's failed files again; 409 when nothing failed."""
    retry_job(grove, job_id)
    return grove.jobs.job(job_id)
