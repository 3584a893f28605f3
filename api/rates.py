"""How much one caller may ask for: so many requests a minute, and so many at once.

Counted in memory of the serving process, by its event loop alone: two processes allow twice as much.
"""

import math
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rag.core.access import LOCAL, Access
from rag.core.errors import TooManyRequestsError
from rag.core.settings import ServerSettings

__all__ = ["RateLimits"]

_BURST_SECONDS = 10.0  # who was silent for so long may make up for it at once


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled_at: float


class RateLimits:
    """A token bucket for each caller, and how many of its requests are worked on."""

    def __init__(self, settings: ServerSettings, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Take the limits of the settings.

        Args:
            settings: 0 is no limit.
            clock: seconds that never go back.
        """
        self._settings = settings
        self._clock = clock
        self._rate = settings.requests_per_minute / 60
        self._capacity = max(1.0, self._rate * _BURST_SECONDS)
        self._buckets: dict[tuple[str, str], _Bucket] = {}  # as many as there are keys
        self._working: Counter[tuple[str, str]] = Counter()

    @contextmanager
    def place(self, access: Access) -> Iterator[None]:
        """Hold one of the caller's places for as long as the block runs; the person at the machine has all.

        Raises:
            TooManyRequestsError: the caller has asked too often, or for too much at once.
        """
        if access.subject == LOCAL:
            yield
            return
        caller = (access.tenant, access.subject)
        at_once = self._settings.requests_at_once
        if at_once and self._working[caller] >= at_once:
            raise TooManyRequestsError(
                f"{at_once} of your requests are worked on, as many as may be at once"
                " (GROVE_SERVER__REQUESTS_AT_ONCE); wait for one of them to end"
            )
        self._take(caller)
        self._working[caller] += 1
        try:
            yield
        finally:
            self._working[caller] -= 1
            if not self._working[caller]:
                del self._working[caller]

    def _take(self, caller: tuple[str, str]) -> None:
        if not self._rate:
            return
        now = self._clock()
        bucket = self._buckets.setdefault(caller, _Bucket(self._capacity, now))
        bucket.tokens = min(self._capacity, bucket.tokens + self._rate * (now - bucket.filled_at))
        bucket.filled_at = now
        if bucket.tokens < 1:
            raise TooManyRequestsError(
                f"a key may send {self._settings.requests_per_minute} requests a minute"
                " (GROVE_SERVER__REQUESTS_PER_MINUTE); send the next one later",
                retry_after_seconds=math.ceil((1 - bucket.tokens) / self._rate),
            )
        bucket.tokens -= 1
