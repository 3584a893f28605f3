"""docker-compose.yml says what the code understands; no Docker engine is needed to know."""

import os
import re
import shlex
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import httpx
import pytest
import typer
import yaml
from _http import wait_until

from api.cli import app
from api.llm import VLLM_VERSION, ServerOptions, server_arguments
from rag.compose import Grove
from rag.compose._profiles import profiles_of
from rag.core.settings import Settings

REPOSITORY = Path(__file__).parents[1]
SERVICES: dict[str, Any] = yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text())["services"]


SECRET = "0123456789abcdef0123456789abcdef"
SHARED = SERVICES["api"]["environment"]


def example(*, is_gpu: bool = False) -> dict[str, str]:
    """Give .env.example as a person fills it in, without or with what its comments offer."""
    lines = (REPOSITORY / ".env.example").read_text().splitlines()
    given = [line.removeprefix("#") if is_gpu else line for line in lines]
    pairs = (line.split("=", 1) for line in given if re.match(r"[A-Z_]+=", line))
    return {name: value or SECRET for name, value in pairs}


def filled(environment: dict[str, str], variables: dict[str, str]) -> dict[str, str]:
    """Put the variables in, as docker compose does."""

    def value(match: re.Match[str]) -> str:
        name, default = match[1], match[2] or ""
        assert name in variables or default.startswith((":-", ":?")), name
        return variables.get(name, default[2:])

    return {name: re.sub(r"\$\{(\w+)(:[-?][^}]*)?\}", value, text) for name, text in environment.items()}


@pytest.fixture(params=["cpu", "gpu"])
def settings(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Read the settings as the containers of Grove would."""
    for name, value in filled(SHARED, example(is_gpu=request.param == "gpu")).items():
        monkeypatch.setenv(name, value)
    return Settings()


def test_every_variable_is_a_setting() -> None:
    for variable in SHARED:
        fields: Any = Settings.model_fields
        for level in variable.removeprefix("GROVE_").lower().split("__"):
            assert level in fields, variable
            kinds = (fields[level].annotation, *get_args(fields[level].annotation))
            fields = next((kind.model_fields for kind in kinds if hasattr(kind, "model_fields")), {})


def test_every_variable_of_the_example_is_used() -> None:
    text = (REPOSITORY / "docker-compose.yml").read_text()
    for name in example(is_gpu=True):
        assert name == "COMPOSE_PROFILES" or f"${{{name}" in text, name


def test_without_secrets_nothing_starts_and_none_is_written_down() -> None:
    with pytest.raises(AssertionError):
        filled({"value": "${GROVE_POSTGRES_PASSWORD}"}, {})
    for name in ("GROVE_DATABASE_URL", "GROVE_SERVER__API_KEY"):
        assert ":?" in SHARED[name]
    assert "GROVE_API_KEY=\n" in (REPOSITORY / ".env.example").read_text()
    assert ".env" in (REPOSITORY / ".gitignore").read_text().splitlines()
    ignored = (REPOSITORY / ".dockerignore").read_text().splitlines()
    assert ignored[0] == "*"
    assert "!.env" not in ignored


def test_the_image_runs_as_nobody_in_particular() -> None:
    lines = (REPOSITORY / "Dockerfile").read_text().splitlines()
    users = [line for line in lines if line.startswith("USER ")]
    assert users == ["USER grove"]
    assert lines.index("USER grove") < next(n for n, line in enumerate(lines) if line.startswith("CMD"))
    for name in ("api", "worker"):
        assert SERVICES[name]["cap_drop"] == ["ALL"]
        assert SERVICES[name]["security_opt"] == ["no-new-privileges:true"]


def test_every_service_has_a_health_check_and_time_to_stop() -> None:
    assert all("healthcheck" in service for service in SERVICES.values())
    seconds = Settings().server.grace_seconds
    assert int(SERVICES["api"]["stop_grace_period"].removesuffix("s")) > seconds + 5


def test_on_a_cpu_answers_are_quoted_as_they_are_without_any_setting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    usual = Settings().generator
    for variables in (example(), {"GROVE_POSTGRES_PASSWORD": SECRET, "GROVE_API_KEY": SECRET}):
        for name, value in filled(SHARED, variables).items():
            monkeypatch.setenv(name, value)
        assert Settings().generator == usual


def test_on_a_gpu_the_vllm_service_generates(monkeypatch: pytest.MonkeyPatch) -> None:
    variables = example(is_gpu=True)
    for name, value in filled(SHARED, variables).items():
        monkeypatch.setenv(name, value)
    options = ServerOptions(Path("/models/smollm2"), host="0.0.0.0")
    assert Settings().generator.kind == "openai"
    # As the profile `vllm` asks it on this machine; the one tenant of compose shares with nobody.
    profile = {**profiles_of("")["vllm"].options, "base_url": f"http://vllm:{options.port}/v1"}
    del profile["cache_owner"]
    assert Settings().generator.options == profile
    assert profile["model"] == options.model_name
    assert SERVICES["vllm"]["profiles"] == [variables["COMPOSE_PROFILES"]]


def test_vllm_runs_as_rag_llm_serve_would_run_it_on_a_gpu() -> None:
    model_dir = Path("/models") / Grove(Settings()).local_model().name
    options = ServerOptions(model_dir, host="0.0.0.0")
    assert ["serve", *shlex.split(SERVICES["vllm"]["command"])] == server_arguments(options, is_gpu=True)
    assert SERVICES["vllm"]["image"].endswith(f":v{VLLM_VERSION}")


def test_grove_stores_in_the_postgres_service(settings: Settings) -> None:
    postgres = SERVICES["postgres"]["environment"]
    user, database = postgres["POSTGRES_USER"], postgres["POSTGRES_DB"]
    assert settings.database_url == f"postgresql+psycopg://{user}:{SECRET}@postgres:5432/{database}"
    assert settings.resolved_store.kind == "pgvector"


def test_the_published_port_is_the_one_that_grove_listens_on(settings: Settings) -> None:
    assert SERVICES["api"]["ports"] == [f"{settings.server.port}:{settings.server.port}"]
    assert f"127.0.0.1:{settings.server.port}/health" in SERVICES["api"]["healthcheck"]["test"][-1]


@pytest.mark.parametrize("service", ["api", "worker"])
def test_commands_are_ones_that_the_command_line_takes(service: str) -> None:
    for program, name, *arguments in (
        SERVICES[service]["command"],
        SERVICES["worker"]["healthcheck"]["test"][1:],
    ):
        group = typer.main.get_command(app)
        assert program == "rag"
        command = group.commands[name]  # type: ignore[attr-defined]  # a group of commands
        assert command.make_context(name, list(arguments))


def test_what_is_kept_stands_on_volumes(settings: Settings) -> None:
    mounted = {volume.split(":")[1] for volume in SERVICES["api"]["volumes"]}
    assert {str(settings.home_dir), str(settings.models_dir)} <= mounted
    assert any(volume.endswith(":/var/lib/postgresql/data") for volume in SERVICES["postgres"]["volumes"])


def test_the_file_is_short() -> None:
    assert len((REPOSITORY / "docker-compose.yml").read_text().splitlines()) < 80


@pytest.mark.postgres
def test_its_processes_work_together_on_postgresql(tmp_path: Path, postgres_url: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    # The same environment and commands; only where things are is of this machine.
    places = {
        "GROVE_DATABASE_URL": postgres_url,
        "GROVE_HOME": str(tmp_path),
        "GROVE_MODELS_DIR": str(Settings.model_fields["models_dir"].default),
        "GROVE_SERVER__PORT": port,
    }
    environment = {**os.environ, **filled(SHARED, example()), **places}
    processes = [
        subprocess.Popen(
            [Path(sys.prefix) / "bin" / "rag", *SERVICES[name]["command"][1:]],
            env=environment,
            stderr=subprocess.DEVNULL,
        )
        for name in ("api", "worker")
    ]
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            wait_until(lambda: _is_healthy(client), 120)
            assert client.get("/api/v1/jobs").status_code == 401
            client.headers["authorization"] = f"Bearer {SECRET}"
            files = {"files": ("mast.md", b"# Mast\n\nThe mast at Nordkap was replaced in March 2024.\n")}
            job = client.post("/api/v1/collections/default/documents", files=files).json()
            wait_until(lambda: client.get(f"/api/v1/jobs/{job['job_id']}").json()["state"] == "done", 120)
            question = "When was the mast at Nordkap replaced?"
            answer = client.post("/api/v1/ask", json={"question": question}).json()
            assert "March 2024" in answer["answer"]
            assert answer["citations"][0]["source"] == "mast.md"
            assert 'grove_job_files{state="done"} 1.0' in client.get("/metrics").text
    finally:
        for process in processes:
            process.terminate()
        codes = [process.wait(60) for process in processes]
    assert codes[1] == 0


def _is_healthy(client: httpx.Client) -> bool:
    try:
        return client.get("/health").is_success
    except httpx.TransportError:
        return False
