"""Running jobs: leased by one worker at a time, which keeps the lease by its heartbeat."""

import logging
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress

from indexing._work import Progress, StoppedError, Work
from indexing.compaction import tidy
from indexing.file_reading import unexpected
from indexing.intake import Intake
from indexing.pipeline import portable_chunker
from indexing.reader import Reader
from indexing.readers import Readers
from indexing.reindex import Reindex
from indexing.schedules import run_due
from indexing.submit import remove_orphans, remove_uploads
from rag.compose import Grove
from rag.core.access import Access
from rag.core.errors import DamagedSegmentError, NotFoundError, UnavailableError
from rag.db.jobs import JobHaltedError, JobStatus, LeaseLostError
from rag.db.tenants import (
    tenants_with_collections,
    tenants_with_due_schedules,
    tenants_with_jobs,
)

__all__ = ["Progress", "new_reader", "run_job", "work_forever"]

_POLL_SECONDS = 0.5
_HEARTBEAT_SECONDS = 2.0  # a pause, too, is noticed by it
_RETRY_SECONDS = 5.0
_TIDY_SECONDS = 600.0
_KINDS: Mapping[str, type[Intake] | type[Reindex]] = {"ingest": Intake, "reindex": Reindex}
_log = logging.getLogger(__name__)


def run_job(
    grove: Grove,
    job_id: str | None = None,
    *,
    on_progress: Callable[[Progress], None] = lambda _: None,
    stop: threading.Event | None = None,
    reader: Reader | Readers | None = None,
) -> JobStatus | None:
    """Run the given job, or the oldest free one; None when there is none to run, or it is gone by then.

    `reader` serves job after job; without it the job starts one and ends it.

    A job that fails for a reason nobody foresaw has failed, with that reason, and can be retried.
    A job that another worker holds is not run; a worker that loses its lease stops, and one whose job is
    paused or cancelled just ends. When stopped or interrupted, the job is given back at once and what was
    published stays.

    Raises:
        LeaseLostError: another worker took the job over.
        UnavailableError: the database is down; the job is tried again later.
    """
    if reader is None:
        with new_reader(grove) as own:
            return run_job(grove, job_id, on_progress=on_progress, stop=stop, reader=own)
    lease_seconds = grove.settings.ingestion.lease_seconds
    job = grove.jobs.lease(uuid.uuid4().hex, lease_seconds=lease_seconds, job_id=job_id)
    if job is None:
        return None
    work = Work(grove, job, reader, on_progress, stop or threading.Event())
    try:
        with _heartbeat(work, lease_seconds):
            grove.publisher.sweep()
            grove.jobs.finish(job, error=_outcome(work))
            work.is_finished = True
            work.tell("finished")
    except JobHaltedError as halted:
        _log.info("%s", halted)
    except StoppedError:
        _log.info("stopped; job %s goes on with the next worker", job.job_id)
    finally:
        if not work.is_finished:
            with suppress(LeaseLostError, UnavailableError):
                grove.jobs.release(job)
    if work.is_finished:
        remove_uploads(grove, job.job_id)
    with suppress(NotFoundError):  # the next run of its schedule may have all of it, and have forgotten it
        return grove.jobs.job(job.job_id)
    return None


def _outcome(work: Work) -> str | None:
    """Do the job; give why it could not be done, None when it was."""
    job = work.job
    try:
        return _KINDS[job.kind](work).run()
    except (JobHaltedError, LeaseLostError, StoppedError, UnavailableError):
        raise
    except Exception as error:  # tried again for ever, it would keep all later jobs waiting
        _log.exception("job %s failed unexpectedly", job.job_id)
        if job.kind == "reindex":
            work.grove.reindexer.abandon(job.collection)
        return f"{unexpected(error)}; `rag jobs retry {job.job_id}` tries again"


def work_forever(grove: Grove, stop: threading.Event) -> None:
    """Run jobs of all tenants as they come until stopped.

    An unexpected failure is logged and the next job tried.
    """
    tidied = 0.0
    with new_reader(grove) as reader:
        while not stop.is_set():
            try:
                for tenant in tenants_with_due_schedules(grove.database):
                    run_due(grove.within(Access(tenant)))
                if not _run_each(grove, stop, reader):
                    if time.monotonic() - tidied > _TIDY_SECONDS:
                        tidied = time.monotonic()
                        reader.stop()  # nobody needs it now, and a scan may have made it large
                        _tidy_all(grove)
                    stop.wait(_POLL_SECONDS)
            except Exception:
                _log.exception("a job failed unexpectedly; it is tried again")
                stop.wait(_RETRY_SECONDS)


def new_reader(grove: Grove) -> Readers:
    """Make readers with the limits and the chunker of the settings."""
    limits, chunker = grove.settings.ingestion, portable_chunker(grove)
    return Readers.of(
        limits.workers,
        lambda: Reader(max_seconds=limits.read_seconds, max_bytes=limits.read_bytes, chunker=chunker),
    )


@contextmanager
def _heartbeat(work: Work, lease_seconds: float) -> Iterator[None]:
    grove, job = work.grove, work.job
    stop = threading.Event()

    def beat() -> None:
        while not stop.wait(min(lease_seconds / 3, _HEARTBEAT_SECONDS)):
            try:
                grove.jobs.heartbeat(job, lease_seconds=lease_seconds)
            except LeaseLostError as lost:
                work.lost = lost
                return
            except UnavailableError as error:
                _log.warning("the lease of job %s could not be prolonged: %s", job.job_id, error)

    thread = threading.Thread(target=beat, name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _run_each(grove: Grove, stop: threading.Event, reader: Readers) -> bool:
    """Run one job of each tenant that has some, so that none waits for another's; tell if any ran."""
    has_run = False
    for tenant in tenants_with_jobs(grove.database):
        if not stop.is_set():
            has_run |= run_job(grove.within(Access(tenant)), stop=stop, reader=reader) is not None
    return has_run


def _tidy_all(grove: Grove) -> None:
    """Remove what crashes, deletes and merges left behind."""
    grove.publisher.sweep()
    grove.originals.sweep()
    for tenant in tenants_with_collections(grove.database):
        view = grove.within(Access(tenant))
        view.originals.sweep()
        for collection in view.catalog.collections():
            with suppress(NotFoundError, DamagedSegmentError):  # deleted meanwhile; its searches tell
                tidy(view, collection.name)
    remove_orphans(grove)
