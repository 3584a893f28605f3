"""Asking from the command line: a server of the same home, or an installation opened here.

A run is followed as it goes; where it asks for a permission and a person is there, so is the person.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import typer

from api.console import Console
from api.outcomes import Outcome, Waiting, call_text
from api.remote import find_server
from api.trail import step_text
from rag.core.errors import UnavailableError, error_named
from rag.core.events import (
    AnswerFinished,
    Event,
    PermissionAsked,
    RunFailed,
    RunStarted,
    StepFinished,
    StepStarted,
    TokenGenerated,
)
from rag.core.protocols import Message

if TYPE_CHECKING:
    from rag.compose import Grove

__all__ = ["Asker"]


class Asker:
    """Asks, shows a run on standard error as it goes, and gives its outcome."""

    def __init__(self, console: Console, *, verbose: bool) -> None:
        self._console = console
        self._verbose = verbose

    def answer(self, request: Mapping[str, Any]) -> Outcome:  # Any: JSON
        """Ask, and give the answer and the steps that led to it.

        Raises:
            RagError: the run failed.
        """
        server = find_server(self._console.settings)
        events = server.ask(request) if server is not None else self._ask_here(request)
        return self._followed(events, _Follower(self._console, self._verbose))

    def permit(self, run_id: str, *, allow: bool) -> Outcome:
        """Answer what a run waits with, and follow it to its answer.

        Raises:
            NotFoundError: no such run.
            ConflictError: it waits for no permission.
            RagError: the run failed.
        """
        return self._followed(
            self._permit(run_id, allow=allow), _Follower(self._console, self._verbose, run_id)
        )

    def _permit(self, run_id: str, *, allow: bool) -> "Iterable[Event] | AsyncIterator[Event]":
        server = find_server(self._console.settings)
        if server is not None:
            return server.permit(run_id, allow=allow)
        from agents.runs import answer_permission

        return answer_permission(self._grove, run_id, allow=allow)

    def _ask_here(self, request: Mapping[str, Any]) -> AsyncIterator[Event]:
        from agents.runs import ask

        options = {name: value for name, value in request.items() if name not in ("question", "history")}
        history = [Message(**turn) for turn in request.get("history", [])]
        return ask(self._grove, request["question"], history=history, **options)

    def _followed(self, events: "Iterable[Event] | AsyncIterator[Event]", follow: "_Follower") -> Outcome:
        if isinstance(events, AsyncIterator):
            asyncio.run(_all(events, follow))
        else:
            for event in events:
                follow.take(event)
        result, steps = follow.outcome()
        if not isinstance(result, Waiting) or self._console.is_json or not sys.stdin.isatty():
            return result, steps
        question = f"Allow {call_text(result.permission)}?"
        allow = typer.confirm(question, default=False, err=True)
        return self._followed(self._permit(result.run_id, allow=allow), follow)

    @cached_property
    def _grove(self) -> "Grove":
        from rag.compose import Grove

        return Grove(self._console.settings)


async def _all(events: AsyncIterator[Event], follow: "_Follower") -> None:
    async for event in events:
        follow.take(event)


class _Follower:
    """Shows a run on standard error as it goes and keeps what the result needs."""

    def __init__(self, console: Console, verbose: bool, run_id: str = "") -> None:
        self._console = console
        self._verbose = verbose
        self._status = console.err.status("preparing") if console.err.is_terminal else None
        self._run_id = run_id
        self._text = ""
        self._last: Event | None = None
        self._steps: list[StepFinished] = []

    def take(self, event: Event) -> None:
        """See the next event."""
        self._last = event
        match event:
            case RunStarted():
                self._run_id = event.run_id
            case StepStarted():
                self._show(event.step)
            case StepFinished():
                self._steps.append(event)
                if self._verbose:
                    self._console.note(step_text(event))
            case TokenGenerated():
                self._text += event.text
                self._show(self._text[-200:])
            case AnswerFinished() | RunFailed() | PermissionAsked() if self._status is not None:
                self._status.stop()

    def outcome(self) -> Outcome:
        """Give the answer and its steps, or raise what the run failed with."""
        match self._last:
            case AnswerFinished():
                return self._last.answer, self._steps
            case PermissionAsked():
                return Waiting(self._run_id, self._last), self._steps
            case RunFailed():
                raise error_named(self._last.error, self._last.message)
        raise UnavailableError("the run ended without an answer: the server closed the connection")

    def _show(self, text: str) -> None:
        if self._status is not None:
            self._status.start()
            self._status.update(" ".join(text.split()))
