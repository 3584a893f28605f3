"""Dates of requests, in UTC: those of other time zones may fall out of the calendar there."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime

__all__ = ["Instant", "ZonedInstant"]


def _in_utc(instant: datetime) -> datetime:
    zoned = instant if instant.tzinfo is not None else instant.replace(tzinfo=UTC)
    try:
        return zoned.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{instant.isoformat()} is not in the years 1 to 9999 of UTC") from None


Instant = Annotated[datetime, AfterValidator(_in_utc)]
"""A date; without a time zone it is one of UTC."""
ZonedInstant = Annotated[AwareDatetime, AfterValidator(_in_utc)]
"""A date that says its time zone."""
