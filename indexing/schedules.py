"""Synchronising at an interval or by a cron expression: what is due becomes a job, run by any worker.

A run that was missed, however often, is made up once. While the job of the last run is not finished, no
other one is begun.
"""

import logging
import re
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from cronsim import CronSim, CronSimError

from indexing.file_reading import unexpected
from indexing.listing import list_places
from indexing.sync import submit_sync
from rag.compose import Grove
from rag.core.errors import InvalidInputError, NotFoundError, RagError
from rag.db.schedules import DueSchedule
from rag.db.tables import utc_now

__all__ = ["add_schedule", "next_after", "run_due", "run_schedule", "timing_of"]

_MIN_SECONDS = 10
_MAX_DAYS = 366
_LEASE_SECONDS = 600.0  # listing a large bucket takes minutes
_CRON_FIELDS = 5  # a sixth would be seconds
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_EVERY = re.compile(r"every (\d+) s")
_log = logging.getLogger(__name__)


def timing_of(*, every: str | None = None, cron: str | None = None) -> str:
    """Check and spell when something is to be done.

    >>> timing_of(every="15m"), timing_of(cron="0 3 * * *")
    ('every 900 s', '0 3 * * *')

    Raises:
        InvalidInputError: neither or both are given, or one is wrong.
    """
    if (every is None) == (cron is None):
        raise InvalidInputError("give either an interval, as 15m, or a cron expression, as '0 3 * * *'")
    if cron is not None:
        try:
            if len(cron.split()) != _CRON_FIELDS:
                raise CronSimError("it has other than five fields")
            CronSim(cron, utc_now())
        except CronSimError as error:
            raise InvalidInputError(
                f"{cron!r:.80} is no cron expression: {error}; write minute, hour, day, month, weekday"
            ) from error
        return cron
    match = re.fullmatch(r"(\d{1,9})([smhd])", every or "")
    seconds = int(match[1]) * _UNITS[match[2]] if match else 0
    if not _MIN_SECONDS <= seconds <= _MAX_DAYS * _UNITS["d"]:
        raise InvalidInputError(
            f"{every!r:.40} is no interval; write a number and s, m, h or d, from {_MIN_SECONDS}s"
            f" to {_MAX_DAYS}d"
        )
    return f"every {seconds} s"


def next_after(timing: str, instant: datetime) -> datetime:
    """Give the first instant after this one at which it is time.

    >>> from datetime import UTC
    >>> next_after("0 3 * * *", datetime(2026, 5, 1, 12, tzinfo=UTC)).isoformat()
    '2026-05-02T03:00:00+00:00'
    """
    if match := _EVERY.fullmatch(timing):
        # The calendar ends before some intervals that were once allowed.
        return instant + min(timedelta(seconds=int(match[1])), timedelta(days=_MAX_DAYS))
    return next(CronSim(timing, instant))


def add_schedule(
    grove: Grove, places: Sequence[str], *, collection: str, timing: str, base: Path | None = None
) -> str:
    """Keep a schedule, whose first run is due at once when it has an interval; give its id.

    Raises:
        InvalidInputError: a place that does not exist, or that may not be read.
        UnavailableError: one that cannot be listed now.
        ConflictError: the collection has other encoders than the settings.
    """
    list_places(grove, places, base=base)
    grove.ensure_collection(collection)
    now = utc_now()
    first = now if _EVERY.fullmatch(timing) else next_after(timing, now)
    return grove.schedules.add(
        collection, places, base=str(base or Path.cwd()), timing=timing, next_run_at=first
    )


def run_due(grove: Grove) -> bool:
    """Queue the job of one schedule that is due; tell whether there was one."""
    due = grove.schedules.lease(uuid.uuid4().hex, lease_seconds=_LEASE_SECONDS)
    if due is None:
        return False
    _run(grove, due)
    return True


def run_schedule(grove: Grove, schedule_id: str) -> str | None:
    """Do now what a schedule does; give the job's id, None when there is nothing to do.

    Raises:
        NotFoundError: no such schedule, or a worker has it in hand.
    """
    due = grove.schedules.lease(uuid.uuid4().hex, lease_seconds=_LEASE_SECONDS, schedule_id=schedule_id)
    if due is None:
        raise NotFoundError(
            f"no schedule {schedule_id!r}, or a worker has it in hand; `rag schedules list` lists what"
            " there is"
        )
    return _run(grove, due)


def _run(grove: Grove, due: DueSchedule) -> str | None:
    job_id, result = None, None
    try:
        if _is_busy(grove, due):
            result = f"left out: job {due.last_job_id} of the run before is not finished"
        else:
            listing = list_places(grove, due.places, base=Path(due.base))
            grove.catalog.snapshot(due.collection)  # one that was deleted is not made again
            synced = submit_sync(grove, listing, collection=due.collection)
            job_id = synced.job_id
            if job_id is not None and due.last_job_id is not None:  # else jobs would become ever more
                grove.job_control.forget_overtaken(due.last_job_id, by=job_id)
            if synced.withheld:
                result = f"{len(synced.withheld)} documents were not deleted: {synced.reason}"
            elif job_id is None:
                result = "nothing to do"
    except RagError as error:
        result = f"failed: {error}"
    except Exception as error:  # whatever it is, the other schedules go on
        _log.exception("schedule %s failed unexpectedly", due.schedule_id)
        result = unexpected(error)
    grove.schedules.finish(due, job_id=job_id, result=result, next_run_at=next_after(due.timing, utc_now()))
    return job_id


def _is_busy(grove: Grove, due: DueSchedule) -> bool:
    if due.last_job_id is None:
        return False
    try:
        return grove.jobs.job(due.last_job_id).finished_at is None
    except NotFoundError:
        return False
