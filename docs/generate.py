"""Writes the pages that are made from code: `python docs/generate.py`, or `--check` to compare only.

Made here: docs/settings.md from the fields of Settings, docs/command-line.md from the commands, and the
table of metrics in docs/operations.md.
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import typer
from pydantic import BaseModel
from typer.core import TyperCommand, TyperGroup

from api.cli import app
from api.telemetry.names import metrics_table
from rag.core.settings import Settings

DOCS = Path(__file__).parent


def settings_page() -> str:
    """Give the settings as a table, one row a field."""
    rows = "\n".join(
        f"| `{name}` | {default} | {description} |" for name, default, description in _fields()
    )
    return f"""# Settings

Everything that can be set, made from `rag/core/settings.py`. Each is an environment variable; a part
(`KIND`, `OPTIONS`) is a file of its family, chosen by name, and its parameters as JSON, or one by one:
`GROVE_GENERATOR__OPTIONS__MAX_BATCH=4`. A wrong value stops the command with exit code 2 and names the
variable. `--home` on the command line goes before `GROVE_HOME`.

| variable | default | meaning |
|---|---|---|
{rows}

Examples:

```sh
# PostgreSQL with pgvector for everything
export GROVE_DATABASE_URL=postgresql+psycopg://grove@localhost/grove
# smaller chunks; what is in already is cut anew when it is ingested again
export GROVE_CHUNKER__OPTIONS='{{"max_tokens": 120}}'
# another encoder; `rag reindex` moves the collections to it
export GROVE_ENCODER='{{"kind": "sentence_transformers", "options": {{"model": "/models/e5"}}}}'
# SmolLM2 writes the answers
export GROVE_GENERATOR__KIND=transformers
# how `default` combines words and vectors
export GROVE_RETRIEVER='{{"kind": "hybrid", "options": {{"fusion": "score"}}}}'
# generators for --generator NAME, besides `vllm`
export GROVE_GENERATORS='{{"mine": {{"kind": "openai",
  "options": {{"base_url": "http://gpu:8000/v1", "model": "m"}}}}}}'
```

What each part takes: [retrievers](retrieval.md), [chunker, encoders and stores](indexes.md), the generators
[`openai`](answers.md#with-a-language-model) and [`transformers`](generation.md). An option that a part does
not take is refused with the names of those that it takes.

OpenAI's reasoning models refuse `max_tokens` and any temperature but 1. With `"is_reasoning": true` among
the options of `openai` they get `max_completion_tokens`, of which what they think is a part (raise
`GROVE_GENERATION__MAX_TOKENS` where answers come out empty), and no temperature.
"""


def command_line_page() -> str:
    """Give the help of every command."""
    root = typer.main.get_command(app)
    assert isinstance(root, TyperGroup)
    blocks = "\n".join(f"## `rag {path}`\n\n```text\n{text}\n```\n" for path, text in _commands(root, ()))
    return f"""# Command line

Made from the commands themselves. Every command has `--help`; with `--json` it prints one JSON object on
standard output, while progress and notes go to standard error (`rag chat`, `rag worker` and `rag llm serve`
run until they are stopped, and have none). Exit codes: 0 done, 1 failed, 2 wrong usage,
3 done in part (some inputs failed, the others are safe), 130 stopped by Ctrl-C (what was finished is kept).
An error with `--json` is `{{"error": {{"type", "message"}}}}`.

`rag search`, `rag ask` and `rag chat` use the server that runs on the same home, if one does: it has the
models loaded. Where `GROVE_` settings are given, they use it only if it runs with the same.

{blocks}"""


def operations_page() -> str:
    """Give the page on operations with its table as it should be."""
    marks = ("<!-- metrics: python docs/generate.py -->", "<!-- end -->")
    page = (DOCS / "operations.md").read_text()
    block = "\n".join((marks[0], metrics_table(), marks[1]))
    return re.sub(f"{marks[0]}.*?{marks[1]}", lambda _: block, page, flags=re.DOTALL)


def _fields(model: type[BaseModel] = Settings, prefix: str = "GROVE_") -> Iterator[tuple[str, str, str]]:
    for name, field in model.model_fields.items():
        variable = f"{prefix}{name.upper()}"
        inner = next(
            (kind for kind in (field.annotation, *get_args(field.annotation)) if _is_model(kind)), None
        )
        if inner is None or get_args(field.annotation)[:1] == (str,):
            yield variable, _shown(field.default), field.description or ""
        else:
            yield from (
                (path, _shown_of(field.default, path, variable, default), f"{field.description} {text}")
                for path, default, text in _fields(inner, f"{variable}__")
            )


def _is_model(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _shown(default: object) -> str:
    if isinstance(default, dict | tuple):
        return f"`{json.dumps(default)}`"
    text = str(default).replace(sys.prefix, "<environment>")
    return "" if default is None or "Undefined" in text else f"`{text}`"


def _shown_of(owner: object, path: str, variable: str, default: str) -> str:
    value = getattr(owner, path.removeprefix(f"{variable}__").lower(), None)
    return default if value is None else _shown(value)


def _commands(group: TyperGroup, path: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for name, command in group.commands.items():
        here = (*path, name)
        if isinstance(command, TyperGroup) and not command.invoke_without_command:
            yield from _commands(command, here)
            continue
        assert isinstance(command, TyperCommand | TyperGroup)
        command.rich_markup_mode = None  # no frames
        context = typer.Context(command, info_name=f"rag {' '.join(here)}", terminal_width=100)
        yield " ".join(here), command.get_help(context).rstrip()
        if isinstance(command, TyperGroup):
            yield from _commands(command, here)


PAGES = {
    "settings.md": settings_page,
    "command-line.md": command_line_page,
    "operations.md": operations_page,
}


def main() -> int:
    """Write the pages, or with --check name those that differ."""
    stale = []
    for name, make in PAGES.items():
        page = DOCS / name
        if "--check" in sys.argv:
            stale += [name] if page.read_text() != make() else []
        else:
            page.write_text(make())
    if stale:
        sys.stderr.write(f"stale: {', '.join(stale)}; run `python docs/generate.py`\n")
    return 1 if stale else 0


if __name__ == "__main__":
    raise SystemExit(main())
