"""Following folders: what changes on disk changes in the collection, until it is stopped."""

import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path

import watchfiles

from indexing.listing import Listing, list_places
from indexing.sync import Synced, submit_sync
from rag.compose import Grove
from rag.core.errors import InvalidInputError

__all__ = ["watch"]

_LOOK_SECONDS = 0.5


def watch(
    grove: Grove,
    paths: Sequence[Path],
    *,
    collection: str,
    may_delete_many: bool = False,
    stop: threading.Event | None = None,
    on_gone: Callable[[], None] = lambda: None,
) -> Iterator[Synced]:
    """Wait for changes below the paths and give jobs as they come; who takes them runs the job.

    Files are left alone while they change: a change is given once nothing more happened for a moment.
    While a path is gone nothing is done; `on_gone` is told once.

    Raises:
        KeyboardInterrupt: the person stopped it.
    """
    stop = stop or threading.Event()
    roots = [path.absolute() for path in paths]

    def synced(touched: Collection[Path] | None) -> Iterator[Synced]:
        listing = _listed(grove, paths)
        if listing is None:
            return
        done = submit_sync(
            grove,
            listing,
            collection=collection,
            only=None if touched is None else _sources(listing, touched),
            may_delete_many=may_delete_many,
        )
        if done.job_id or done.withheld:
            yield done

    yield from _followed(roots, stop, on_gone, synced)


def _followed(
    roots: Sequence[Path],
    stop: threading.Event,
    on_gone: Callable[[], None],
    synced: Callable[[Collection[Path] | None], Iterator[Synced]],
) -> Iterator[Synced]:
    while not stop.is_set():
        for touched in _changes(roots, stop):
            yield from synced(touched)
        if _identities(roots) is None:
            on_gone()
        while _identities(roots) is None and not stop.wait(_LOOK_SECONDS):
            pass
        if not stop.is_set():
            yield from synced(None)


def _listed(grove: Grove, paths: Sequence[Path]) -> Listing | None:
    """List the paths; None when one is gone."""
    try:
        return list_places(grove, paths)
    except InvalidInputError:
        return None


def _sources(listing: Listing, touched: Collection[Path]) -> set[str]:
    """Name the files that were touched; of a folder that is moved in nothing but itself is heard."""
    paths = {source: Path(file.path) for source, file in listing.files.items()}
    return {
        source for source, path in paths.items() if any(each in touched for each in (path, *path.parents))
    }


def _changes(roots: Sequence[Path], stop: threading.Event) -> Iterator[set[Path]]:
    """Give what changes until a folder is gone or another, of which nothing is heard, has its place."""
    followed = _identities(roots)
    if followed is None:
        return
    try:
        for events in watchfiles.watch(*roots, stop_event=stop, raise_interrupt=True):
            yield {Path(path) for _, path in events}
            if _identities(roots) != followed:
                return
    except FileNotFoundError:
        return


def _identities(roots: Sequence[Path]) -> list[tuple[int, int]] | None:
    """Tell folders from others of the same name; None when one is gone."""
    try:
        return [(stat.st_dev, stat.st_ino) for stat in (root.stat() for root in roots)]
    except OSError:
        return None
