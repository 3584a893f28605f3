"""A clock that adds up milliseconds by stage; every reply carries one."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["Timings"]


class Timings:
    """Collect how long each stage took; a stage entered twice adds up."""

    def __init__(self) -> None:
        self._milliseconds: dict[str, float] = {}

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

    def as_dict(self) -> dict[str, float]:
        """Give stage -> milliseconds, in order of first use, to a hundredth."""
        return {name: round(value, 2) for name, value in self._milliseconds.items()}
