"""One installation, many callers: which parts all of them share, and which each has of its own."""

from collections import OrderedDict
from collections.abc import Callable
from functools import cached_property
from threading import Lock
from typing import Any, Generic, Self, TypeVar, overload

from rag.core.access import Access

__all__ = ["Views", "shared"]

_T = TypeVar("_T")
_V = TypeVar("_V")
_MAX_VIEWS = 256


class shared(cached_property[_T]):  # used like `cached_property`
    """A part that is built once and holds nothing of any tenant: each view gives the installation's."""

    @overload
    def __get__(self, instance: None, owner: type[Any] | None = None) -> Self: ...

    @overload
    def __get__(self, instance: object, owner: type[Any] | None = None) -> _T: ...

    def __get__(self, instance: Any, owner: type[Any] | None = None) -> Any:  # Any: the two above
        """Give the part, built at first need."""
        return self if instance is None else super().__get__(instance.installation, owner)


class Views(Generic[_V]):
    """The latest callers' views of an installation, so that a caller's caches outlive a request."""

    def __init__(self) -> None:
        self._views: OrderedDict[Access, _V] = OrderedDict()
        self._lock = Lock()

    def of(self, access: Access, make: Callable[[Access], _V]) -> _V:
        """Give the view of whoever has this access, made if it is not there."""
        with self._lock:
            view = self._views.get(access)
            if view is None:
                view = self._views[access] = make(access)
            self._views.move_to_end(access)
            if len(self._views) > _MAX_VIEWS:
                self._views.popitem(last=False)
        return view
