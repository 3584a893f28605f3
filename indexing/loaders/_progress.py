"""How a loader of a long document says that it has not hanged: page by page."""

from collections.abc import Callable
from contextvars import ContextVar

__all__ = ["LISTENER", "made_progress"]

LISTENER: ContextVar[Callable[[], None]] = ContextVar("LISTENER", default=lambda: None)


def made_progress() -> None:
    """Say that a page was read."""
    LISTENER.get()()
