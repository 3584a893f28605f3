"""Ingestion jobs."""

from fastapi import APIRouter

from api.deps import GroveDep, Limit
from api.schemas import JobList
from rag.db.jobs import JobStatus

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/jobs", tags=["jobs"])


@router.get("", operation_id="listJobs")
def list_jobs(grove: GroveDep, limit: Limit = 20) -> JobList:
    """List jobs, newest first."""
    return JobList(grove.jobs.jobs(limit))


@router.get("/{job_id}", operation_id="getJob")
def get_job(job_id: str, grove: GroveDep) -> JobStatus:
    """Give a job and how each of its files fares."""
    return grove.jobs.job(job_id)
