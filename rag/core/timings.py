"""A clock that adds up milliseconds by stage, and what was counted besides; every reply carries one."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["Timings"]


class Timings:
    """Collect how long each stage took; a stage entered twice adds up."""

    def __init__(self) -> None:
        self._milliseconds: dict[str, float] = {}
        self._counts: dict[str, int] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time the block under this name, also when it raises."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.add(name, (time.perf_counter() - started) * 1000)

    def add(self, name: str, milliseconds: float) -> None:
        """Add to a stage."""
        self._milliseconds[name] = self._milliseconds.get(name, 0.0) + milliseconds

    def count(self, name: str, number: int = 1) -> None:
        """Add to what is counted under this name."""
        self._counts[name] = self._counts.get(name, 0) + number

    @property
    def counts(self) -> dict[str, int]:
        """Give name -> number, in order of first use."""
        return dict(self._counts)

    def as_dict(self) -> dict[str, float]:
        """Give stage -> milliseconds, in order of first use, to a hundredth."""
        return {name: round(value, 2) for name, value in self._milliseconds.items()}
