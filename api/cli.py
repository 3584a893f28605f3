"""The command line: `rag COMMAND`.

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 done in part, 130 stopped.
"""

import json
import os
import sys
from importlib.metadata import version
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
from api.console import Home
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
    """Run a command; our own errors become one line and an exit code."""
    try:
        if "--json" in sys.argv:
            raise SystemExit(app(standalone_mode=False))
        app()
    except TyperException as error:
        _fail("InvalidUsage", error.format_message(), code=2)
    except RagError as error:
        _fail(type(error).__name__, str(error), code=2 if isinstance(error, InvalidInputError) else 1)
    except ValidationError as error:
        problems = "; ".join(_problem(item["loc"], item["msg"]) for item in error.errors())
        _fail("InvalidSettings", f"{problems}; see docs/settings.md", code=2)
    except typer.Abort:
        _fail("Interrupted", "stopped; what was finished is kept", code=1)
    except SystemExit as end:  # which Typer makes of Ctrl-C
        if end.code != _INTERRUPTED:
            raise
        _fail("Interrupted", "stopped; what was finished is kept", code=_INTERRUPTED)


def _problem(location: tuple[int | str, ...], message: str) -> str:
    message = message.removeprefix("Value error, ")
    variable = "__".join(str(part) for part in location).upper()
    return f"GROVE_{variable}: {message}" if variable else message


def _fail(kind: str, message: str, *, code: int) -> None:
    if "--json" in sys.argv:
        typer.echo(json.dumps({"error": {"type": kind, "message": message}}, ensure_ascii=False))
    typer.echo(f"rag: {message}", err=True)
    raise SystemExit(code)


if __name__ == "__main__":
    main()
