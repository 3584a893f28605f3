"""Synchronising in one call."""

from collections.abc import Sequence
from pathlib import Path

from indexing.listing import list_places
from indexing.sync import submit_sync
from indexing.worker import run_job
from rag.compose import Grove

__all__ = ["deleted_by_sync"]


def deleted_by_sync(grove: Grove, paths: Sequence[Path], *, collection: str) -> list[str]:
    """Make the collection match the paths, whatever that deletes; give the sources deleted."""
    synced = submit_sync(grove, list_places(grove, paths), collection=collection, may_delete_many=True)
    status = run_job(grove, synced.job_id) if synced.job_id else None
    return [file.source for file in status.files if file.state == "deleted"] if status else []
