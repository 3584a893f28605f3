"""An answer written in a thread of its own and read by an event loop.

Knows threads and time limits; what writes is handed in.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Event

from rag.core.errors import GenerationError, InvalidInputError
from rag.core.protocols import Delta

__all__ = ["Progress", "stream_from_thread"]


@dataclass(slots=True)
class Progress:
    """How an answer is getting on: its reader may stop it, its writer counts the passes of the model."""

    stop: Event = field(default_factory=Event)
    passes: int = 0  # that gave its tokens
    reused_tokens: int = 0  # of its prompt, that were not read again


async def stream_from_thread(
    write: Callable[[], Iterator[Delta]], *, progress: Progress, model: str, timeout_seconds: float
) -> AsyncGenerator[Delta, None]:
    """Hand out what is written in a thread; closing the iterator sets the stop event.

    The thread is not one of the loop's own: those are few, and other work of the loop needs them.

    Raises:
        GenerationError: the time limit passed; it names the model.
    """
    loop = asyncio.get_running_loop()
    pieces: asyncio.Queue[Delta | Exception | None] = asyncio.Queue()

    def put(piece: Delta | Exception | None) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody reads any more
            loop.call_soon_threadsafe(pieces.put_nowait, piece)

    deadline = time.monotonic() + timeout_seconds
    thread = ThreadPoolExecutor(1, thread_name_prefix="answer")
    work = loop.run_in_executor(thread, _deliver, write, put)
    try:
        while True:
            try:
                async with asyncio.timeout(max(deadline - time.monotonic(), 0.0)):
                    piece = await pieces.get()
            except TimeoutError as error:
                raise GenerationError(
                    f"{model} took longer than {timeout_seconds} s; raise the limit, lower max_tokens or"
                    " take fewer passages"
                ) from error
            if piece is None:
                break
            if isinstance(piece, Exception):
                raise piece
            yield piece
    finally:
        progress.stop.set()
        thread.shutdown(wait=False)  # ends once the answer has stopped
    await work


def _deliver(write: Callable[[], Iterator[Delta]], put: Callable[[Delta | Exception | None], None]) -> None:
    try:
        for delta in write():
            put(delta)
    except (GenerationError, InvalidInputError) as error:
        put(error)
    except (RuntimeError, MemoryError) as error:  # what torch raises, out of memory above all
        wrapped = GenerationError(f"the model failed: {error}")
        wrapped.__cause__ = error
        put(wrapped)
    finally:
        put(None)
