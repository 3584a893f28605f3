"""A worker that kills itself at a named step; _graveyard.py forks it.

A step is one that the worker reports, or a moment
inside the store's work: before-stage, after-stage, merging (after a merged segment was written), merged
(after the commit that names it, before the sweep).
"""

import os
import signal
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from indexing.worker import Progress, run_job
from rag.compose import Grove
from rag.core.protocols import Store
from rag.core.settings import IngestionSettings, Part, Settings
from rag.core.types import Row, Segment

__all__ = ["run_to_death", "settings_of"]


def settings_of(home: Path, database_url: str | None = None, *, encoder: str = "hashing") -> Settings:
    """Give small batches and few segments, so that a dozen files make several commits and merges."""
    return Settings(
        home=home,
        database_url=database_url,
        encoder=Part(kind=encoder),
        ingestion=IngestionSettings(batch_chunks=4, max_segments=2, lease_seconds=0.4),
    )


@dataclass(slots=True)
class _Doom:
    step: str
    count: int  # how often the step is survived, plus one

    def reach(self, step: str) -> None:
        if step == self.step:
            self.count -= 1
            if self.count == 0:
                os.kill(os.getpid(), signal.SIGKILL)


class _DoomedStore:
    """The store of the settings, with a chance to die around what it writes."""

    def __init__(self, store: Store, doom: _Doom) -> None:
        self._store = store
        self._doom = doom
        self._is_merging = False
        self.capabilities = store.capabilities
        self.search = store.search
        self.vectors = store.vectors

    def rows(self, segment: Segment, *, session: Session) -> Iterator[Row]:
        self._is_merging = True
        return self._store.rows(segment, session=session)

    def stage(self, rows: Iterable[Row], *, session: Session) -> Segment:
        self._doom.reach("before-stage")
        segment = self._store.stage(rows, session=session)
        self._doom.reach("merging" if self._is_merging else "after-stage")
        return segment

    def drop(
        self, segment_ids: Sequence[str] | None, *, keep: Sequence[str], session: Session
    ) -> list[str]:
        if self._is_merging:
            self._doom.reach("merged")
        self._is_merging = False
        return self._store.drop(segment_ids, keep=keep, session=session)


def run_to_death(settings: Settings, job_id: str, step: str, count: int) -> None:
    """Run the job until the step is reached for the given time, or to its end if it never is."""
    doom = _Doom(step, count)
    grove = Grove(settings)
    grove.store = _DoomedStore(grove.store, doom)  # a cached property: set before anything uses it

    def on_progress(progress: Progress) -> None:
        doom.reach(progress.step)

    run_job(grove, job_id, on_progress=on_progress)
