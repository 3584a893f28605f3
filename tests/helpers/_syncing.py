"""Synchronising in one call, and what became of the files of a job."""

from collections.abc import Sequence
from pathlib import Path

from indexing.listing import list_places
from indexing.sync import submit_sync
from indexing.worker import run_job
from rag.compose import Grove
from rag.db.jobs import JobStatus

__all__ = ["deleted_by_sync", "states"]


def deleted_by_sync(grove: Grove, paths: Sequence[Path], *, collection: str) -> list[str]:
    """Make the collection match the paths, whatever that deletes; give the sources deleted."""
    synced = submit_sync(grove, list_places(grove, paths), collection=collection, may_delete_many=True)
    status = run_job(grove, synced.job_id) if synced.job_id else None
    return [file.source for file in status.files if file.state == "deleted"] if status else []


def states(status: JobStatus | None) -> dict[str, str]:
    """Give the state of each file of a job that has ended, or why it failed."""
    assert status is not None
    return {file.source: file.error or file.state for file in status.files}
