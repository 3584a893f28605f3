"""llm install, serve, check, and models prepare: the generation server and the carried model."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from api.commands import doctor
from api.console import Console, Home, Json
from api.json_values import as_json
from api.options import command_of

__all__ = ["add_commands"]

_Of = typer.Option
Environment = Annotated[
    Path | None,
    typer.Option("--environment", help="Its environment (beside this one, -vllm).", show_default=False),
]


@dataclass(frozen=True, slots=True)
class _Served:
    """What `rag llm serve` takes: too much for a list of parameters."""

    model: Annotated[Path | None, typer.Argument(help="Folder of a model (SmolLM2).")] = None
    named: Annotated[Path | None, _Of("--model", help="The same, by name.")] = None
    host: Annotated[str, _Of("--host")] = "127.0.0.1"
    port: Annotated[int, _Of("--port")] = 8765
    name: Annotated[str, _Of("--name", help="As requests name the model.")] = "smollm2"
    model_tokens: Annotated[int, _Of("--max-model-tokens", help="Prompt and answer.")] = 4096
    num_seqs: Annotated[
        int | None, _Of("--max-num-seqs", help="Requests in flight (8; on a GPU as vLLM has it).")
    ] = None
    cache: Annotated[
        int | None, _Of("--cache-bytes", help="Of keys and values (256 MiB; on a GPU what is free).")
    ] = None
    draft: Annotated[
        str | None, _Of("--draft", help="none, ngram, suffix, recycling or rasd (rasd; on a GPU none).")
    ] = None
    drafted: Annotated[int, _Of("--drafted-tokens", help="Of a request in a step, at most.")] = 8
    policy: Annotated[str | None, _Of("--kv-policy", help="Which keys and values stay (all).")] = None
    budget: Annotated[
        float | None, _Of("--kv-budget", help="Share of a prompt's that stays (0.5 with a policy).")
    ] = None
    kv_settings: Annotated[
        str, _Of("--kv-settings", help="The policy's own, as JSON: docs/serving.md.")
    ] = "{}"
    start_seconds: Annotated[float, _Of("--start-seconds", help="For it to answer.")] = 600
    more: Annotated[list[str] | None, _Of("--vllm", help="An argument of `vllm serve`; repeat it.")] = None
    environment: Environment = None
    home: Home = None


def add_commands(app: typer.Typer) -> None:
    """Register this group's commands."""
    group = typer.Typer(
        help="The generation server: vLLM in an environment of its own.", no_args_is_help=True
    )
    for command in (install, command_of(serve, _Served), check):
        group.command()(command)
    app.add_typer(group, name="llm")
    models = typer.Typer(invoke_without_command=True)
    models.callback()(doctor.models)
    models.command()(prepare)
    app.add_typer(models, name="models")


def install(environment: Environment = None, home: Home = None, json: Json = False) -> None:
    """Install vLLM: 2 to 3 minutes and about 2.4 GB without a GPU."""
    from api import llm

    console, target = Console.open(home, json), environment or llm.default_environment()
    llm.install(target, console.note)
    console.result({"environment": target}, "")


def serve(given: _Served) -> None:
    """Serve a model until stopped; `rag ask --generator vllm` asks it."""
    from api import llm
    from rag.core.errors import InvalidInputError

    if given.model and given.named and given.model != given.named:
        raise InvalidInputError(f"two models are named, {given.model} and {given.named}: give one")
    console = Console.open(given.home, is_json=False)
    options = llm.ServerOptions(
        given.model or given.named or console.grove().local_model(),
        host=given.host,
        port=given.port,
        model_name=given.name,
        max_model_tokens=given.model_tokens,
        max_num_seqs=given.num_seqs,
        cache_bytes=given.cache,
        draft=llm.checked_draft(given.draft),
        drafted_tokens=given.drafted,
        kv=llm.checked_kv(given.policy, given.budget, given.kv_settings),
        start_seconds=given.start_seconds,
        more_arguments=tuple(given.more or ()),
    )
    if not options.has_prefix_cache:
        console.note(f"{given.policy} judges by the attention of every token: the prefix cache is off")
    llm.serve(
        options,
        environment=given.environment or llm.default_environment(),
        log_file=console.settings.home_dir / "logs" / "vllm.log",
        on_line=console.note,
    )


def check(
    base_url: Annotated[str, typer.Option("--base-url")] = "http://127.0.0.1:8765/v1",
    api_key: Annotated[
        str | None, _Of("--api-key", envvar="VLLM_API_KEY", help="That the server asks for.")
    ] = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """Ask the server for its health, its model, a few tokens, and what it counted."""
    from api import llm

    console = Console.open(home, json)
    report = as_json(llm.check(base_url, api_key=api_key))
    assert isinstance(report, dict)
    counters = report["counters"]
    shown = {name: value for name, value in report.items() if name != "counters"}
    shown |= counters if isinstance(counters, dict) else {}
    lines = [f"{name}: {value}" for name, value in shown.items() if value is not None]
    console.result(report, "\n".join(lines))


def prepare(home: Home = None, json: Json = False) -> None:
    """Convert the carried language model once (about 45 s); `make setup` does it."""
    console = Console.open(home, json)
    console.note("preparing SmolLM2 (once, about 45 s) ...")
    path = console.grove().local_model()
    console.result({"model_dir": path}, f"SmolLM2 is ready in {path}")
