"""What is kept in memory of what was worked out: the latest of it, by its key."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from threading import Lock
from typing import Generic, TypeVar

__all__ = ["Latest"]

_K = TypeVar("_K")
_V = TypeVar("_V")


class Latest(Generic[_K, _V]):
    """The `size` entries that were remembered last; threads may share it.

    >>> latest = Latest[str, int](2)
    >>> latest.remember({"a": 1, "b": 2})
    >>> latest.remember({"a": 3, "c": 4})
    >>> latest.known("abc")
    {'a': 3, 'c': 4}
    """

    def __init__(self, size: int) -> None:
        if size < 1:
            raise ValueError(f"size is 1 or more, got {size}")
        self._size = size
        self._entries: OrderedDict[_K, _V] = OrderedDict()
        self._lock = Lock()

    def known(self, keys: Iterable[_K]) -> dict[_K, _V]:
        """Give the entries of these keys, in their order, of those that it has."""
        with self._lock:
            return {key: self._entries[key] for key in keys if key in self._entries}

    def remember(self, entries: Mapping[_K, _V]) -> None:
        """Keep entries as the latest; the oldest make room."""
        with self._lock:
            for key, value in entries.items():
                self._entries[key] = value
                self._entries.move_to_end(key)
            while len(self._entries) > self._size:
                self._entries.popitem(last=False)
