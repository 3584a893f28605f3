"""Documents that the server gets itself: from web addresses and from buckets, where that is allowed."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter
from pydantic import Field, StrictBool

from api.deps import GroveDep, Kinds
from api.schemas import Body
from indexing.listing import Listing, list_places, list_urls
from indexing.submit import submit_listing
from indexing.sync import Plan, plan_sync, submit_sync
from rag.compose import Grove
from rag.core.errors import InvalidInputError
from rag.db.jobs import JobStatus

__all__ = ["checked_places", "router"]

router = APIRouter(prefix="/api/v1/collections", tags=["collections"])

_MAX_URLS = 1000
_MAX_CHARS = 2000
Place = Annotated[str, Field(min_length=1, max_length=_MAX_CHARS)]


class UrlsBody(Body):
    """Web addresses to fetch."""

    urls: list[Place] = Field(min_length=1, max_length=_MAX_URLS)


class SyncBody(Body):
    """What a collection is to match."""

    places: list[Place] = Field(
        min_length=1,
        max_length=100,
        description="Addresses as s3://bucket/folder, each below one of GROVE_SOURCES__SERVED.",
    )
    dry_run: StrictBool = Field(False, description="Tell what would be done, and do nothing.")
    delete_many: StrictBool = Field(
        False, description="Delete also when nothing is found, or most of it is gone."
    )


@dataclass(frozen=True, slots=True)
class SyncReply:
    """What synchronising does: a job, or with `dry_run` the plan."""

    job: JobStatus | None  # none when there is nothing to do
    plan: Plan | None
    withheld: list[str]
    reason: str | None


@router.post("/{name:path}/urls", operation_id="ingestUrls", status_code=202)
def ingest_urls(name: str, body: UrlsBody, grove: GroveDep, kinds: Kinds) -> JobStatus:
    """Queue the fetching of web addresses; the job tells how each fares. 422 unless fetching is turned on.

    Only what leads to the public network is fetched, redirects included.
    """
    grove.access.check_write(name)
    return grove.jobs.job(submit_listing(grove, list_urls(grove, body.urls), collection=name, kinds=kinds))


@router.post("/{name:path}/sync", operation_id="syncCollection", status_code=202)
def sync_collection(name: str, body: SyncBody, grove: GroveDep, kinds: Kinds) -> SyncReply:
    """Queue what makes the collection match the places: add, replace, delete.

    Nothing is deleted when nothing is found or most is gone, unless `delete_many` is set.
    """
    grove.access.check_write(name)
    listing: Listing = list_places(grove, checked_places(grove, body.places))
    if body.dry_run:
        plan = plan_sync(grove, listing, collection=name, may_delete_many=body.delete_many)
        return SyncReply(None, plan, plan.withheld, plan.reason)
    synced = submit_sync(grove, listing, collection=name, kinds=kinds, may_delete_many=body.delete_many)
    job = grove.jobs.job(synced.job_id) if synced.job_id else None
    return SyncReply(job, None, synced.withheld, synced.reason)


def checked_places(grove: Grove, places: list[str]) -> list[str]:
    """Give the places, all of which this caller of the HTTP API may name.

    Raises:
        InvalidInputError: one it may not: a path of the server, or a bucket that is not for it.
    """
    served = grove.settings.sources.served if grove.sees_settings else ()
    for place in places:
        is_plain = ".." not in place.split("/") and "//" not in place.partition("://")[2]
        if not is_plain or not any(place.startswith(prefix) for prefix in served):
            raise InvalidInputError(
                f"{place!r:.200} may not be named over HTTP; it begins with one of:"
                f" {', '.join(served) or 'nothing (GROVE_SOURCES__SERVED is empty, or not for your key)'}"
            )
    return places
