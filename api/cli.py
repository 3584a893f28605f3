"""The command line: `rag COMMAND`. Exit codes: 0 done, 1 failed, 2 wrong usage, 3 done in part."""

import json
import os
import sys

import typer
from pydantic import ValidationError

from api.commands import ask, documents, evaluate, llm, serve
from api.console import Home
from rag.core.errors import InvalidInputError, RagError

__all__ = ["app", "main"]

app = typer.Typer(
    name="rag",
    help="Answers from your documents, every claim tied to the words it came from.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for group in (documents, ask, serve, llm, evaluate):
    group.add_commands(app)


@app.callback()
def _root(home: Home = None) -> None:
    # `rag --home DIR COMMAND` and `rag COMMAND --home DIR` mean the same.
    if home is not None:
        os.environ["GROVE_HOME"] = str(home)


def main() -> None:
    """Run a command; our own errors become one line and an exit code."""
    try:
        app()
    except RagError as error:
        _fail(type(error).__name__, str(error), code=2 if isinstance(error, InvalidInputError) else 1)
    except ValidationError as error:
        problems = "; ".join(f"GROVE_{_variable(item['loc'])}: {item['msg']}" for item in error.errors())
        _fail("InvalidSettings", f"{problems}; see docs/settings.md", code=2)
    except KeyboardInterrupt:
        _fail("Interrupted", "stopped; what was finished is kept", code=1)


def _variable(location: tuple[int | str, ...]) -> str:
    return "__".join(str(part) for part in location).upper()


def _fail(kind: str, message: str, *, code: int) -> None:
    if "--json" in sys.argv:
        typer.echo(json.dumps({"error": {"type": kind, "message": message}}, ensure_ascii=False))
    typer.echo(f"rag: {message}", err=True)
    raise SystemExit(code)


if __name__ == "__main__":
    main()
