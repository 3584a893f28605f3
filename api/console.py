"""How commands talk: results on standard output, everything else on standard error.

With --json a command prints exactly one JSON object on standard output.
"""

import json
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console as RichConsole

from api.json_values import as_json
from rag.core.access import Access
from rag.core.settings import Settings

if TYPE_CHECKING:
    from rag.compose import Grove

__all__ = [
    "Collection",
    "Console",
    "Engine",
    "Home",
    "Index",
    "Json",
    "Tenant",
    "hand_down",
    "json_text",
    "shown",
]


def _folder(value: str) -> Path:
    if not value:
        raise typer.BadParameter("it is empty: is a variable unset? `--home .` is the current folder")
    return Path(value)


Home = Annotated[
    Path | None,
    typer.Option(
        "--home",
        help="Where everything is kept (GROVE_HOME, ~/.grove).",
        show_default=False,
        parser=_folder,
        metavar="<path>",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]
Index = Annotated[
    str | None,
    typer.Option("--index", help="Kinds of index, with commas: dense, late, long.", show_default=False),
]
Engine = Annotated[
    str | None,
    typer.Option("--engine", help="Where files are read: local, ray (GROVE_INGESTION__ENGINE)."),
]
Tenant = Annotated[
    str | None, typer.Option("--tenant", help="Whose (GROVE_TENANT, default).", show_default=False)
]
Collection = Annotated[str, typer.Option("--collection", "-c", help="The set of documents.")]


# Control characters but tabs and line ends, and marks that embed text of another direction.
_STEERING = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]|\r(?!\n)")
_PICTURES = 0x2400  # the visible signs of control characters


@dataclass(frozen=True, slots=True)
class Console:
    """Where one command reads its settings and writes its result."""

    settings: Settings
    is_json: bool
    out: RichConsole
    err: RichConsole

    @classmethod
    def open(cls, home: Path | None, is_json: bool) -> "Console":
        """Read the settings, with `--home` before the environment."""
        settings = Settings() if home is None else Settings(home=home)
        return cls(
            settings, is_json, RichConsole(soft_wrap=True, highlight=False), RichConsole(stderr=True)
        )

    def result(self, value: Mapping[str, object], text: str) -> None:
        """Print the result: as JSON, or as text for a person."""
        if self.is_json:
            typer.echo(json_text(value, indent=2))
        elif text:
            self.out.print(shown(text), markup=False)

    def grove(self, tenant: str | None = None) -> "Grove":
        """Give what the home keeps for a tenant: the one named, or the settings'."""
        from rag.compose import Grove

        return Grove(self.settings).within(Access(tenant or self.settings.tenant))

    def with_engine(self, engine: str | None) -> Settings:
        """Give the settings, with `--engine` before the environment."""
        if engine is None:
            return self.settings
        ingestion = self.settings.ingestion.model_copy(update={"engine": engine})
        return self.settings.model_copy(update={"ingestion": ingestion})

    def note(self, text: str) -> None:
        """Tell the person something that is not the result."""
        self.err.print(shown(text), markup=False, highlight=False)


def hand_down(context: typer.Context, home: Path | None, is_json: bool) -> None:
    """Let `rag GROUP --home DIR --json COMMAND` mean what `rag GROUP COMMAND --home DIR --json` means."""
    if context.invoked_subcommand is not None:
        context.default_map = {context.invoked_subcommand: {"home": home, "json": is_json}}


def json_text(value: object, *, indent: int | None = None) -> str:
    """Write JSON as standard output can take it: in ASCII where it is not in Unicode."""
    is_unicode = (sys.stdout.encoding or "").lower().startswith("utf")
    return json.dumps(as_json(value), ensure_ascii=not is_unicode, indent=indent)


def shown(text: str) -> str:
    r"""Make visible what would steer a terminal or turn letters around: a document may hold it.

    >>> shown("a\x1b[31mb\tc")
    'a␛[31mb\tc'
    """
    return _STEERING.sub(lambda match: _visible(match[0]), text)


def _visible(character: str) -> str:
    return chr(_PICTURES + ord(character)) if character < " " else "\ufffd"
