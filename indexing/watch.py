"""Following folders: what changes on disk changes in the collection, until it is stopped."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import watchfiles

from indexing.submit import delete_vanished, files_below, submit_paths
from rag.compose import Grove

__all__ = ["Changes", "watch"]


@dataclass(frozen=True, slots=True)
class Changes:
    """What happened in one breath: a job that takes in the changed files, and what was deleted."""

    job_id: str | None
    deleted: list[str]


def watch(
    grove: Grove, paths: Sequence[Path], *, collection: str, stop: threading.Event | None = None
) -> Iterator[Changes]:
    """Wait for changes below the paths and give them as they come; who takes them runs the job.

    Files are left alone while they change: a change is given once nothing more happened for a moment.

    Raises:
        KeyboardInterrupt: the person stopped it.
    """
    roots = [path.absolute() for path in paths]
    for events in watchfiles.watch(*roots, stop_event=stop, raise_interrupt=True):
        touched = {Path(path) for _, path in events}
        changed = sorted(touched & {file for root in roots for file in files_below(root)})
        job_id = submit_paths(grove, changed, collection=collection) if changed else None
        deleted = delete_vanished(grove, paths, collection=collection)
        if job_id or deleted:
            yield Changes(job_id, deleted)
