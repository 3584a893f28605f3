"""uvicorn, as Grove runs it: what is being answered when it is stopped may end, or hears why it cannot."""

import math
import socket

import uvicorn
from fastapi import FastAPI

__all__ = ["Server"]

_LAST_WORDS_SECONDS = 2  # for the last event to reach its client, behind the grace time


class Server(uvicorn.Server):
    """A server whose streams end by an event, not by a cut."""

    def __init__(self, app: FastAPI, *, grace_seconds: float) -> None:
        config = uvicorn.Config(
            app,
            log_config=None,  # the one of set_up_logs
            access_log=False,
            timeout_graceful_shutdown=math.ceil(grace_seconds) + _LAST_WORDS_SECONDS,
        )
        super().__init__(config)
        self._app = app
        self._grace_seconds = grace_seconds

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no more questions, give those at work their time, and end."""
        self._app.state.admission.close(after_seconds=self._grace_seconds)
        waited_for = self.server_state.tasks  # which each task leaves when it is done
        for task in self._app.state.detached.tasks:
            waited_for.add(task)
            task.add_done_callback(waited_for.discard)
        await super().shutdown(sockets)
