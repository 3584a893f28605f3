"""llm install, serve, check, and models prepare: the generation server and the carried model."""

from pathlib import Path
from typing import Annotated

import typer

from api.console import Console, Home, Json, as_json

__all__ = ["add_commands"]

Environment = Annotated[
    Path | None,
    typer.Option("--environment", help="Its environment [beside this one, -vllm].", show_default=False),
]


def add_commands(app: typer.Typer) -> None:
    """Register this group's commands."""
    group = typer.Typer(
        help="The generation server: vLLM in an environment of its own.", no_args_is_help=True
    )
    for command in (install, serve, check):
        group.command()(command)
    app.add_typer(group, name="llm")
    models = typer.Typer(help="The models that the installation carries.", no_args_is_help=True)
    models.command()(prepare)
    app.add_typer(models, name="models")


def install(environment: Environment = None, home: Home = None) -> None:
    """Install vLLM: 2 to 3 minutes and about 2.4 GB without a GPU."""
    from api import llm

    llm.install(environment or llm.default_environment(), Console.open(home, is_json=False).note)


def serve(
    model: Annotated[
        Path | None, typer.Option("--model", help="Folder of a model [SmolLM2].", show_default=False)
    ] = None,
    host: Annotated[str, typer.Option("--host")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port")] = 8765,
    name: Annotated[str, typer.Option("--name", help="As requests name the model.")] = "smollm2",
    environment: Environment = None,
    home: Home = None,
) -> None:
    """Serve a model until stopped; `rag ask --generator vllm` asks it."""
    from api import llm
    from rag.compose import Grove

    console = Console.open(home, is_json=False)
    model_dir = model or Grove(console.settings).local_model()
    llm.serve(
        llm.ServerOptions(model_dir, host=host, port=port, model_name=name),
        environment=environment or llm.default_environment(),
        log_file=console.settings.home_dir / "logs" / "vllm.log",
        on_line=console.note,
    )


def check(
    base_url: Annotated[str, typer.Option("--base-url")] = "http://127.0.0.1:8765/v1",
    home: Home = None,
    json: Json = False,
) -> None:
    """Ask the server for its health, its model and a few tokens."""
    from api import llm

    console = Console.open(home, json)
    report = as_json(llm.check(base_url))
    assert isinstance(report, dict)
    console.result(report, "\n".join(f"{name}: {value}" for name, value in report.items()))


def prepare(home: Home = None, json: Json = False) -> None:
    """Convert the carried language model once (about 45 s); `make setup` does it."""
    from rag.compose import Grove

    console = Console.open(home, json)
    console.note("preparing SmolLM2 (once, about 45 s) ...")
    path = Grove(console.settings).local_model()
    console.result({"model_dir": path}, f"SmolLM2 is ready in {path}")
