"""Small writes of many callers in one transaction: what comes while one commits is in the next one.

SQLite has one writer at a time, and a caller that finds it busy sleeps: hundreds that each commit for
themselves mostly wait for each other.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any, TypeVar

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from rag.core.errors import RagError

__all__ = ["GroupCommit", "Work"]

_T = TypeVar("_T")
Work = Callable[[Session], _T]
_Item = tuple[Work[Any], "Future[Any]", bool]  # Any: each of its own type


class GroupCommit:
    """One thread that runs works in the order they come, as many in a transaction as there are."""

    def __init__(self, write: Callable[[bool], AbstractContextManager[Session]]) -> None:
        """Commit with `write`, which is told whether to wait for the disk."""
        self._write = write
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="group-commit")
        self._lock = threading.Lock()
        self._waiting: list[_Item] = []

    def submit(self, work: Work[_T], *, is_durable: bool) -> "Future[_T]":
        """Run the work soon; the future is done once it is committed, and cannot be cancelled.

        A work that raises leaves nothing behind and harms no other: those are run again without it.
        """
        future: Future[_T] = Future()
        future.set_running_or_notify_cancel()
        with self._lock:
            self._waiting.append((work, future, is_durable))
            is_first = len(self._waiting) == 1
        if is_first:
            self._thread.submit(self._drain)
        return future

    def flush(self) -> None:
        """Wait until what was submitted is committed."""
        self._thread.submit(lambda: None).result()

    def _drain(self) -> None:
        with self._lock:
            items, self._waiting = self._waiting, []
        try:
            self._run(items)
        except BaseException as error:
            for _, future, _ in items:
                if not future.done():
                    future.set_exception(error)
            raise

    def _run(self, items: list[_Item]) -> None:
        try:
            with self._write(any(is_durable for *_, is_durable in items)) as session:
                results = [work(session) for work, _, _ in items]
        except (RagError, SQLAlchemyError) as error:
            if len(items) == 1:
                items[0][1].set_exception(error)
                return
            for item in items:
                self._run([item])
            return
        for (_, future, _), result in zip(items, results, strict=True):
            future.set_result(result)
