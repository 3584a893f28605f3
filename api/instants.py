"""Dates of requests, in UTC: those of other time zones may fall out of the calendar there."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime

__all__ = ["ZonedInstant"]


def _in_utc(instant: datetime) -> datetime:
    try:
        return instant.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{instant.isoformat()} is not in the years 1 to 9999 of UTC") from None


ZonedInstant = Annotated[AwareDatetime, AfterValidator(_in_utc)]
"""A date that says its time zone."""
