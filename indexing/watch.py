"""Following folders: what changes on disk changes in the collection, until it is stopped."""

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import watchfiles

from indexing.listing import list_places
from indexing.sync import Synced, submit_sync
from rag.compose import Grove

__all__ = ["watch"]


def watch(
    grove: Grove,
    paths: Sequence[Path],
    *,
    collection: str,
    may_delete_many: bool = False,
    stop: threading.Event | None = None,
) -> Iterator[Synced]:
    """Wait for changes below the paths and give jobs as they come; who takes them runs the job.

    Files are left alone while they change: a change is given once nothing more happened for a moment.

    Raises:
        InvalidInputError: a path is gone.
        KeyboardInterrupt: the person stopped it.
    """
    roots = [path.absolute() for path in paths]
    for events in watchfiles.watch(*roots, stop_event=stop, raise_interrupt=True):
        touched = {Path(path) for _, path in events}
        listing = list_places(grove, paths)
        synced = submit_sync(
            grove,
            listing,
            collection=collection,
            only={source for source, file in listing.files.items() if Path(file.path) in touched},
            may_delete_many=may_delete_many,
        )
        if synced.job_id or synced.withheld:
            yield synced
