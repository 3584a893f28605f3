"""The command line: `rag COMMAND`.

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 done in part, 130 stopped.
"""

import os
import sys
from importlib.metadata import version
from io import TextIOWrapper
from typing import Annotated

import typer
from pydantic import ValidationError
from typer.exceptions import TyperException

from api.commands import (
    ask,
    audit,
    backup,
    doctor,
    documents,
    erase,
    evaluate,
    ingest,
    jobs,
    keys,
    llm,
    runs,
    schedules,
    serve,
    sessions,
    sql,
    tools,
)
from api.console import Home, json_text
from rag.core.errors import InvalidInputError, RagError

__all__ = ["app", "main"]

_INTERRUPTED = 130  # as shells have it: 128 and the number of the signal

app = typer.Typer(
    name="rag",
    help="Answers from your documents, every claim tied to the words it came from.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for group in (
    ingest,
    documents,
    jobs,
    schedules,
    ask,
    runs,
    tools,
    sql,
    keys,
    sessions,
    audit,
    erase,
    serve,
    backup,
    doctor,
    llm,
    evaluate,
):
    group.add_commands(app)


def _print_version(is_wanted: bool) -> None:
    if is_wanted:
        typer.echo(f"rag {version('grove-rag')}")
        raise typer.Exit


@app.callback()
def _root(
    home: Home = None,
    show_version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    # `rag --home DIR COMMAND` and `rag COMMAND --home DIR` mean the same.
    if home is not None:
        os.environ["GROVE_HOME"] = str(home)


def main() -> None:
    """Run a command; our own errors, and those of files, become one line and an exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a letter that a terminal lacks must not cost the answer
            stream.reconfigure(errors="backslashreplace")
    try:
        if "--json" in sys.argv:
            raise SystemExit(app(standalone_mode=False))
        app()
    except (TyperException, RagError, ValidationError, OSError, typer.Abort) as error:
        _fail(*_said(error))
    except SystemExit as end:  # which Typer makes of Ctrl-C
        if end.code != _INTERRUPTED:
            raise
        _fail("Interrupted", "stopped; what was finished is kept", _INTERRUPTED)


def _said(error: Exception) -> tuple[str, str, int]:
    """Give the kind of an error, what is said of it, and the exit code."""
    kind = type(error).__name__
    match error:
        case TyperException():
            return "InvalidUsage", error.format_message(), 2
        case RagError():
            return kind, str(error), 2 if isinstance(error, InvalidInputError) else 1
        case ValidationError():
            problems = "; ".join(_problem(item["loc"], item["msg"]) for item in error.errors())
            return "InvalidSettings", f"{problems}; see docs/settings.md", 2
        case OSError():
            place = "" if error.filename is None else f"{error.filename}: "
            return kind, f"{place}{error.strerror or error or kind}", 1
        case _:
            return "Interrupted", "stopped; what was finished is kept", 1


def _problem(location: tuple[int | str, ...], message: str) -> str:
    message = message.removeprefix("Value error, ")
    variable = "__".join(str(part) for part in location).upper()
    return f"GROVE_{variable}: {message}" if variable else message


def _fail(kind: str, message: str, code: int) -> None:
    if "--json" in sys.argv:
        typer.echo(json_text({"error": {"type": kind, "message": message}}))
    typer.echo(f"rag: {message}", err=True)
    raise SystemExit(code)


if __name__ == "__main__":
    main()
