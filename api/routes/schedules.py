"""Schedules: buckets and web addresses that are synchronised again and again."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from api.deps import GroveDep
from api.routes.sources import checked_places
from api.schemas import Body
from indexing.schedules import add_schedule, run_schedule, timing_of
from rag.core.errors import NotFoundError
from rag.db.schedules import Schedule

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/schedules", tags=["schedules"])


class ScheduleBody(Body):
    """What is synchronised, and when."""

    collection: str
    places: list[Annotated[str, Field(min_length=1, max_length=2000)]] = Field(
        min_length=1,
        max_length=100,
        description="Addresses as s3://bucket/folder, each below one of GROVE_SOURCES__SERVED.",
    )
    every: str | None = Field(None, description="Interval, as 30s, 15m, 2h or 1d.", max_length=20)
    cron: str | None = Field(None, description="Minute, hour, day, month, weekday, in UTC.", max_length=200)


@dataclass(frozen=True, slots=True)
class ScheduleList:
    """Schedules, the next one first."""

    schedules: list[Schedule]


@router.get("", operation_id="listSchedules")
def list_schedules(grove: GroveDep) -> ScheduleList:
    """List the schedules, the next one first, with how the last run went."""
    return ScheduleList(grove.schedules.list())


@router.post("", operation_id="addSchedule", status_code=201)
def add_one_schedule(body: ScheduleBody, grove: GroveDep) -> Schedule:
    """Synchronise places with a collection again and again."""
    grove.access.check_write(body.collection)
    timing = timing_of(every=body.every, cron=body.cron)
    places = checked_places(grove, body.places)
    return _found(grove, add_schedule(grove, places, collection=body.collection, timing=timing))


@router.post("/{schedule_id}/run", operation_id="runSchedule", status_code=202)
def run_one_schedule(schedule_id: str, grove: GroveDep) -> Schedule:
    """Queue now what a schedule does; `last_job_id` is its job."""
    run_schedule(grove, schedule_id)
    return _found(grove, schedule_id)


@router.post("/{schedule_id}/pause", operation_id="pauseSchedule")
def pause_schedule(schedule_id: str, grove: GroveDep) -> Schedule:
    """Leave a schedule alone until it is resumed; it still runs when it is told to."""
    grove.schedules.pause(schedule_id)
    return _found(grove, schedule_id)


@router.post("/{schedule_id}/resume", operation_id="resumeSchedule")
def resume_schedule(schedule_id: str, grove: GroveDep) -> Schedule:
    """Run a schedule again when it is due; what was missed is made up once."""
    grove.schedules.resume(schedule_id)
    return _found(grove, schedule_id)


@router.delete("/{schedule_id}", operation_id="removeSchedule")
def remove_schedule(schedule_id: str, grove: GroveDep) -> ScheduleList:
    """Forget a schedule and give those that are left; its documents stay."""
    grove.schedules.remove(schedule_id)
    return ScheduleList(grove.schedules.list())


def _found(grove: GroveDep, schedule_id: str) -> Schedule:
    for schedule in grove.schedules.list():
        if schedule.schedule_id == schedule_id:
            return schedule
    raise NotFoundError(f"schedule {schedule_id!r} was removed meanwhile")
