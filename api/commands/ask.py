"""search, ask, chat, permit: questions about what was ingested."""

import gc
import json as jsonlib
from typing import Annotated

import typer

from api.asking import Asker
from api.console import Collection, Console, Home, Json
from api.json_values import as_json
from api.outcomes import Outcome, Waiting
from api.remote import find_server
from api.render import answer_text, hits_text, timings_text
from rag.core.errors import InvalidFilterError, RagError
from rag.core.protocols import Message

__all__ = ["add_commands"]

_DONE_IN_PART = 3

Retriever = Annotated[str, typer.Option("--retriever", help="`default`, or another way to search.")]
Generator = Annotated[
    str, typer.Option("--generator", help="`default`, or another way to write the answer.")
]
Verbose = Annotated[
    bool, typer.Option("--verbose", "-v", help="Show each step on standard error, as it ends.")
]
FilterJson = Annotated[
    str | None, typer.Option("--filter", help='Metadata filter, as in {"status": "Final"}.')
]


def add_commands(app: typer.Typer) -> None:
    """Register this group's commands."""
    for command in (search, ask, chat, permit):
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
    _collect_no_garbage()
    console = Console.open(home, json)
    condition = _decoded(filter)
    server = find_server(console.settings)
    if server is not None:
        found = server.search(
            {"query": text, "collection": collection, "retriever": retriever, "k": k, "filter": condition}
        )
    else:
        result = console.grove().search(
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
    verbose: Verbose = False,
    home: Home = None,
    json: Json = False,
) -> None:
    """Answer a question with citations."""
    _collect_no_garbage()
    console = Console.open(home, json)
    request = {
        "question": text,
        "collection": collection,
        "retriever": retriever,
        "generator": generator,
        "filter": _decoded(filter),
    }
    _show(console, Asker(console, verbose=verbose).answer(request))


def permit(
    run_id: Annotated[str, typer.Argument(help="A run that waits, as `rag ask` and `rag runs` print it.")],
    deny: Annotated[bool, typer.Option("--deny", help="Forbid it; the documents alone answer.")] = False,
    verbose: Verbose = False,
    home: Home = None,
    json: Json = False,
) -> None:
    """Allow what a run waits to do, and give its answer."""
    console = Console.open(home, json)
    _show(console, Asker(console, verbose=verbose).permit(run_id, allow=not deny))


def chat(
    collection: Collection = "default",
    retriever: Retriever = "default",
    generator: Generator = "default",
    verbose: Verbose = False,
    home: Home = None,
) -> None:
    """Talk about the documents; an empty line or Ctrl-D ends it."""
    console = Console.open(home, is_json=False)
    asker, history = Asker(console, verbose=verbose), list[Message]()
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
        if isinstance(answer, Waiting):
            console.note(answer.advice)
            continue
        console.result({}, f"{answer_text(answer)}\n\n{timings_text(answer.timings)}")
        history += [Message("user", question), Message("assistant", answer.answer)]


def _collect_no_garbage() -> None:
    # A process of one question: what it loads stays, and looking through it took a tenth of the time.
    gc.disable()


def _show(console: Console, outcome: Outcome) -> None:
    result, steps = outcome
    if isinstance(result, Waiting):
        fields = {
            "run_id": result.run_id,
            "permission": as_json(result.permission),
            "steps": as_json(steps),
        }
        console.result(fields, result.advice)
        raise typer.Exit(_DONE_IN_PART)
    text = f"{answer_text(result)}\n\n{timings_text(result.timings)}"
    console.result({**as_json(result), "steps": steps}, text)


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
