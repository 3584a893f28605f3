"""Following folders: what changes on disk changes in the collection, until it is stopped."""

import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import watchfiles

from indexing.listing import Listing, list_places
from indexing.sync import Synced, submit_sync
from rag.compose import Grove
from rag.core.errors import InvalidInputError

__all__ = ["watch"]

_LOOK_SECONDS = 0.5
_QUIET_SECONDS = 1.0  # of which nothing was heard for so long, that is written
_MAX_PATIENCE_SECONDS = 60.0  # with a file that is written to without end


def watch(
    grove: Grove,
    paths: Sequence[Path],
    *,
    collection: str,
    may_delete_many: bool = False,
    stop: threading.Event | None = None,
    on_gone: Callable[[], None] = lambda: None,
) -> Iterator[Synced]:
    """Give jobs that make the collection match the paths, at first and at changes; who takes one runs it.

    Files are left alone while they change: a change is given once nothing more happened for a moment.
    While a path is gone nothing is done; `on_gone` is told once.

    Raises:
        KeyboardInterrupt: the person stopped it.
    """
    stop = stop or threading.Event()
    roots = [path.absolute() for path in paths]

    def synced(changed: _Changed) -> Iterator[Synced]:
        listing = _listed(grove, paths)
        if listing is None:
            return
        done = submit_sync(
            grove,
            listing,
            collection=collection,
            only=_sources(listing, changed),
            may_delete_many=may_delete_many,
        )
        if done.job_id or done.withheld:
            yield done

    yield from _followed(roots, stop, on_gone, synced)


def _followed(
    roots: Sequence[Path],
    stop: threading.Event,
    on_gone: Callable[[], None],
    synced: "Callable[[_Changed], Iterator[Synced]]",
) -> Iterator[Synced]:
    while not stop.is_set():
        for changed in _changes(roots, stop):
            yield from synced(changed)
        if _identities(roots) is None:
            on_gone()
        while _identities(roots) is None and not stop.wait(_LOOK_SECONDS):
            pass


def _listed(grove: Grove, paths: Sequence[Path]) -> Listing | None:
    """List the paths; None when one is gone."""
    try:
        return list_places(grove, paths)
    except InvalidInputError:
        return None


@dataclass(frozen=True, slots=True)
class _Changed:
    """Paths to look at; of a folder that is moved in nothing but itself is heard."""

    paths: Collection[Path]
    is_all: bool  # also whatever else there is
    unwritten: Collection[Path]  # to be left alone yet


def _sources(listing: Listing, changed: _Changed) -> set[str]:
    """Name the files that changed and are written."""
    return {
        source
        for source, file in listing.files.items()
        if (path := Path(file.path)) not in changed.unwritten
        and (changed.is_all or any(each in changed.paths for each in (path, *path.parents)))
    }


def _changes(roots: Sequence[Path], stop: threading.Event) -> Iterator[_Changed]:
    """Give all that there is once changes are heard of, for what happened before, and then what changes.

    Ends when a folder is gone or another, of which nothing is heard, has its place.
    """
    followed = _identities(roots)
    if followed is None:
        return
    heard = _Heard()
    is_first = True
    try:
        for events in watchfiles.watch(
            *roots,
            watch_filter=None,
            ignore_permission_denied=True,  # such a folder is a failed file of the listing
            stop_event=stop,
            rust_timeout=int(_LOOK_SECONDS * 1000),
            yield_on_timeout=True,
        ):
            heard.note(path for _, name in events if not _is_hidden(path := Path(name), roots))
            if _identities(roots) != followed:
                return
            if is_first:
                is_first = False
                yield _Changed((), is_all=True, unwritten=heard.paths)
            elif taken := heard.taken():
                yield _Changed(taken, is_all=False, unwritten=heard.paths)
    except FileNotFoundError:
        return


class _Heard:
    """Paths of which something was heard, until nothing more is."""

    def __init__(self) -> None:
        self._times: dict[Path, tuple[float, float]] = {}  # the first and the last

    @property
    def paths(self) -> set[Path]:
        """Give them."""
        return set(self._times)

    def note(self, paths: Iterable[Path]) -> None:
        """Hear of these now."""
        now = time.monotonic()
        for path in paths:
            self._times[path] = (self._times.get(path, (now, now))[0], now)

    def taken(self) -> set[Path]:
        """Take out those of which nothing more was heard for a moment, or too much for long."""
        now = time.monotonic()
        taken = {
            path
            for path, (first, last) in self._times.items()
            if now - last >= _QUIET_SECONDS or now - first >= _MAX_PATIENCE_SECONDS
        }
        for path in taken:
            del self._times[path]
        return taken


def _is_hidden(path: Path, roots: Sequence[Path]) -> bool:
    below = [path.relative_to(root).parts for root in roots if path.is_relative_to(root)]
    return bool(below) and all(any(part.startswith(".") for part in parts) for parts in below)


def _identities(roots: Sequence[Path]) -> list[tuple[int, int]] | None:
    """Tell folders from others of the same name; None when one is gone."""
    try:
        return [(stat.st_dev, stat.st_ino) for stat in (root.stat() for root in roots)]
    except OSError:
        return None
