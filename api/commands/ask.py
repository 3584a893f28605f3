"""search, ask, chat, runs, explain: questions about what was ingested."""

import asyncio
import json as jsonlib
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.console import Collection, Console, Home, Json, as_json
from api.remote import find_server
from api.render import answer_text, hits_text, table_text, timings_text
from rag.core.errors import InvalidFilterError, RagError, UnavailableError, error_named
from rag.core.events import AnswerFinished, Event, RunFailed, StepFinished, StepStarted, TokenGenerated
from rag.core.protocols import Message
from rag.core.types import Answer

if TYPE_CHECKING:
    from rag.compose import Grove

__all__ = ["add_commands"]

Retriever = Annotated[str, typer.Option("--retriever", help="`default`, or another way to search.")]
Generator = Annotated[
    str, typer.Option("--generator", help="`default`, or another way to write the answer.")
]
FilterJson = Annotated[
    str | None, typer.Option("--filter", help='Metadata filter, as in {"status": "Final"}.')
]


def add_commands(app: typer.Typer) -> None:
    """Register this group's commands."""
    for command in (search, ask, chat, runs, explain):
        app.command()(command)


def search(
    text: Annotated[str, typer.Argument(help="What to look for.")],
    collection: Collection = "default",
    retriever: Retriever = "default",
    k: Annotated[int, typer.Option("-k", help="How many passages.")] = 10,
    filter: FilterJson = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """Find passages; a running server of the same home answers faster."""
    console = Console.open(home, json)
    condition = _decoded(filter)
    server = find_server(console.settings)
    if server is not None:
        found = server.search(
            {"query": text, "collection": collection, "retriever": retriever, "k": k, "filter": condition}
        )
    else:
        from rag.compose import Grove

        result = Grove(console.settings).search(
            text, collection=collection, retriever=retriever, k=k, filter=condition
        )
        found = {"hits": as_json(result.passages), "timings": result.timings, "counts": result.counts}
    console.result(found, hits_text(found["hits"]))


def ask(
    text: Annotated[str, typer.Argument(help="The question.")],
    collection: Collection = "default",
    retriever: Retriever = "default",
    generator: Generator = "default",
    filter: FilterJson = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """Answer a question with citations."""
    console = Console.open(home, json)
    request = {
        "question": text,
        "collection": collection,
        "retriever": retriever,
        "generator": generator,
        "filter": _decoded(filter),
    }
    answer, steps = _Asker(console).answer(request)
    console.result(
        {**_fields(answer), "steps": steps}, f"{answer_text(answer)}\n\n{timings_text(answer.timings)}"
    )


def chat(
    collection: Collection = "default",
    retriever: Retriever = "default",
    generator: Generator = "default",
    home: Home = None,
) -> None:
    """Talk about the documents; an empty line or Ctrl-D ends it."""
    console = Console.open(home, is_json=False)
    asker, history = _Asker(console), list[Message]()
    console.note("Ask about your documents. An empty line ends the conversation.")
    while question := _prompted():
        request = {
            "question": question,
            "collection": collection,
            "retriever": retriever,
            "generator": generator,
            "history": as_json(history),
        }
        try:
            answer, _ = asker.answer(request)
        except RagError as error:
            console.note(f"{type(error).__name__}: {error}")
            continue
        console.result({}, f"{answer_text(answer)}\n\n{timings_text(answer.timings)}")
        history += [Message("user", question), Message("assistant", answer.answer)]


def runs(
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="How many, newest first.")] = 20,
    home: Home = None,
    json: Json = False,
) -> None:
    """List the questions that were asked."""
    from rag.compose import Grove

    console = Console.open(home, json)
    listed = Grove(console.settings).runs.runs(limit)
    rows = [_fields(run) for run in listed]
    console.result({"runs": rows}, table_text(rows, ["run_id", "state", "created_at", "question"]))


def explain(
    run_id: Annotated[str, typer.Argument(help="As `rag ask` and `rag runs` print it.")],
    home: Home = None,
    json: Json = False,
) -> None:
    """Show a run step by step."""
    from rag.compose import Grove

    console = Console.open(home, json)
    events = Grove(console.settings).runs.events(run_id)
    steps = [event for event in events if isinstance(event, StepFinished)]
    lines = [f"{step.step:10} {step.milliseconds:8.1f} ms  {dict(step.summary)}" for step in steps]
    answers = [answer_text(event.answer) for event in events if isinstance(event, AnswerFinished)]
    console.result({"run_id": run_id, "events": as_json(events)}, "\n".join([*lines, "", *answers]))


class _Asker:
    """Asks the server of this home, or an installation that is opened here, once."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def answer(self, request: Mapping[str, Any]) -> tuple[Answer, list[StepFinished]]:  # Any: JSON
        """Give the answer and the steps that led to it, showing them on standard error as they come."""
        server = find_server(self._console.settings)
        follow = _Follower(self._console)
        if server is not None:
            for event in server.ask(request):
                follow.take(event)
        else:
            asyncio.run(self._ask_here(request, follow))
        return follow.outcome()

    async def _ask_here(self, request: Mapping[str, Any], follow: "_Follower") -> None:
        from agents.runs import ask

        options = {name: value for name, value in request.items() if name not in ("question", "history")}
        history = [Message(**turn) for turn in request.get("history", [])]
        async for event in ask(self._grove, request["question"], history=history, **options):
            follow.take(event)

    @cached_property
    def _grove(self) -> "Grove":
        from rag.compose import Grove

        return Grove(self._console.settings)


class _Follower:
    """Shows a run on standard error as it goes and keeps what the result needs."""

    def __init__(self, console: Console) -> None:
        self._status = console.err.status("preparing") if console.err.is_terminal else None
        self._text = ""
        self._last: Event | None = None
        self._steps: list[StepFinished] = []

    def take(self, event: Event) -> None:
        """See the next event."""
        self._last = event
        match event:
            case StepStarted():
                self._show(event.step)
            case StepFinished():
                self._steps.append(event)
            case TokenGenerated():
                self._text += event.text
                self._show(self._text[-200:])
            case AnswerFinished() | RunFailed() if self._status is not None:
                self._status.stop()

    def outcome(self) -> tuple[Answer, list[StepFinished]]:
        """Give the answer and its steps, or raise what the run failed with."""
        if isinstance(self._last, AnswerFinished):
            return self._last.answer, self._steps
        if isinstance(self._last, RunFailed):
            raise error_named(self._last.error, self._last.message)
        raise UnavailableError("the run ended without an answer: the server closed the connection")

    def _show(self, text: str) -> None:
        if self._status is not None:
            self._status.start()
            self._status.update(" ".join(text.split()))


def _prompted() -> str:
    try:
        return input("› ").strip()
    except EOFError:
        return ""


def _decoded(filter: str | None) -> object:
    if filter is None:
        return None
    try:
        return jsonlib.loads(filter)
    except jsonlib.JSONDecodeError as error:
        raise InvalidFilterError(
            f'--filter takes JSON such as {{"status": "Final"}}, got {filter!r}: {error}'
        ) from error


def _fields(value: object) -> dict[str, Any]:
    fields: dict[str, Any] = as_json(value)
    return fields
