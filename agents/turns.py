"""Work that takes all cores for most of a question's time: in turn, who came first is served first.

Side by side, questions that come together are all ready when the last of them is; in turn, each is ready
after those before it, and finds what they read.
"""

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import cache, partial
from typing import ParamSpec, TypeVar

__all__ = ["in_turn"]

_T = TypeVar("_T")
_P = ParamSpec("_P")
_CORES = 4  # that one turn keeps busy: a pass over a few passages hardly takes more


async def in_turn(work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
    """Do the work in a thread when its turn comes; cancelled before, it is never done."""
    context = copy_context()
    return await asyncio.get_running_loop().run_in_executor(
        _turns(), partial(context.run, work, *args, **kwargs)
    )


@cache
def _turns() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max(1, (os.cpu_count() or 1) // _CORES), thread_name_prefix="turn")
