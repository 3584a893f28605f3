"""docker-compose.yml says what the code understands; no Docker engine is needed to know."""

import shlex
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from api.cli import app
from api.llm import VLLM_VERSION, ServerOptions, server_arguments
from rag.compose import Grove
from rag.core.settings import Settings

REPOSITORY = Path(__file__).parents[1]
SERVICES: dict[str, Any] = yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text())["services"]


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Read the settings as the container of Grove would."""
    for name, value in SERVICES["grove"]["environment"].items():
        monkeypatch.setenv(name, value.replace("${GROVE_POSTGRES_PASSWORD:-grove}", "grove"))
    return Settings()


def test_every_variable_is_a_setting() -> None:
    for variable in SERVICES["grove"]["environment"]:
        fields: Any = Settings.model_fields
        for level in variable.removeprefix("GROVE_").lower().split("__"):
            assert level in fields, variable
            fields = getattr(fields[level].annotation, "model_fields", {})


def test_grove_generates_with_the_vllm_service(settings: Settings) -> None:
    options = ServerOptions(Path("/models/smollm2"), host="0.0.0.0")
    assert settings.generator.options == {
        "base_url": f"http://vllm:{options.port}/v1",
        "model": options.model_name,
    }


def test_vllm_runs_as_rag_llm_serve_would_run_it_on_a_gpu() -> None:
    model_dir = Path("/models") / Grove(Settings()).local_model().name
    options = ServerOptions(model_dir, host="0.0.0.0")
    assert ["serve", *shlex.split(SERVICES["vllm"]["command"])] == server_arguments(options, is_gpu=True)
    assert SERVICES["vllm"]["image"].endswith(f":v{VLLM_VERSION}")


def test_grove_stores_in_the_postgres_service(settings: Settings) -> None:
    postgres = SERVICES["postgres"]["environment"]
    user, database = postgres["POSTGRES_USER"], postgres["POSTGRES_DB"]
    assert settings.database_url == f"postgresql+psycopg://{user}:grove@postgres:5432/{database}"
    assert settings.resolved_store.kind == "pgvector"


def test_the_published_port_is_the_one_that_grove_listens_on(settings: Settings) -> None:
    assert SERVICES["grove"]["ports"] == [f"{settings.server.port}:{settings.server.port}"]
    assert f"127.0.0.1:{settings.server.port}/health" in SERVICES["grove"]["healthcheck"]["test"][-1]


def test_the_command_of_grove_is_one_that_the_command_line_takes() -> None:
    program, name, *arguments = SERVICES["grove"]["command"]
    group = typer.main.get_command(app)
    assert program == "rag"
    command = group.commands[name]  # type: ignore[attr-defined]  # a group of commands
    assert command.make_context(name, arguments)


def test_what_is_kept_stands_on_volumes(settings: Settings) -> None:
    mounted = {volume.split(":")[1] for volume in SERVICES["grove"]["volumes"]}
    assert {str(settings.home_dir), str(settings.models_dir)} <= mounted
    assert any(volume.endswith(":/var/lib/postgresql/data") for volume in SERVICES["postgres"]["volumes"])


def test_the_file_is_short() -> None:
    assert len((REPOSITORY / "docker-compose.yml").read_text().splitlines()) < 60
