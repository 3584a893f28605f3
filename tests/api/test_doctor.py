"""`rag doctor` finds what is wrong and says what to do; `rag models` lists what is there."""

import json
import shutil
import socket
from datetime import timedelta
from pathlib import Path

import pytest
from _http import client_of, ingested, small_settings
from _openid import openid_provider
from sqlalchemy import update
from typer.testing import CliRunner

from api.checks import services
from api.checks.environment import vllm_in
from api.cli import app
from api.doctor import CHECKS, Finding, examine
from rag.compose import Grove
from rag.core.oidc_settings import OidcSettings
from rag.core.settings import Part, ServerSettings, Settings
from rag.db.tables import JobRow, utc_now
from rag.networks.cards import heads


def findings(settings: Settings, *names: str) -> list[Finding]:
    return [finding for finding in examine(settings) if finding.name in (names or CHECKS)]


def test_a_sound_installation_has_no_fault(grove_home: Path) -> None:
    grove = Grove(small_settings(grove_home, store=None))
    ingested(client_of(grove), grove)
    found = {finding.name: finding for finding in findings(grove.settings)}
    assert found.keys() == CHECKS.keys()
    assert not [finding for finding in found.values() if finding.state == "failed"]
    assert "1 collections with" in found["index"].found
    grove.database.close()


def test_an_empty_home_is_sound_and_stays_empty(grove_home: Path) -> None:
    states = {finding.state for finding in findings(small_settings(grove_home))}
    assert "failed" not in states
    assert not grove_home.exists()


@pytest.mark.parametrize(
    ("check", "changes", "said"),
    [
        ("database", {"database_url": "sqlite:////nowhere/at/all.db"}, "no tables yet"),
        ("database", {"database_url": "postgresql://nobody@127.0.0.1:1/none"}, "failed"),
        ("database", {"database_url": "mysql://host/name"}, "not supported"),
        ("pgvector", {"store": Part(kind="pgvector")}, "no extension"),
        ("encoder", {"encoder": Part(kind="oracle")}, "no 'oracle'"),
        ("generator", {"generator": Part(kind="oracle")}, "no 'oracle'"),
        ("language model", {"models_dir": Path("/nowhere")}, "is not there"),
    ],
)
def test_what_is_wrong_is_named(
    grove_home: Path, check: str, changes: dict[str, object], said: str
) -> None:
    (finding,) = findings(small_settings(grove_home, **changes), check)
    assert said in finding.found
    assert finding.advice or finding.state == "ok"


def test_a_generator_that_does_not_answer_has_failed(grove_home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    part = Part(kind="openai", options={"base_url": url, "model": "m"})
    (finding,) = findings(small_settings(grove_home, generator=part), "generator")
    assert finding.state == "failed"
    assert "rag llm serve" in finding.advice


@pytest.mark.parametrize(
    ("metadata", "state", "words"),
    [
        ({}, "ok", "must know http://127.0.0.1:8080/auth/callback"),
        ({"code_challenge_methods_supported": None}, "warning", "PKCE"),
        ({"issuer": "https://other.example"}, "failed", "calls itself"),
    ],
)
def test_the_provider_of_sign_ins_is_asked_what_it_is(
    grove_home: Path, metadata: dict[str, object], state: str, words: str
) -> None:
    with openid_provider() as provider:
        provider.metadata = metadata
        oidc = OidcSettings(
            issuer=provider.issuer,
            client_id="grove",
            public_url="http://127.0.0.1:8080",
            default_scopes=("ask",),
        )
        found = services.sign_in(Settings(home=grove_home, server=ServerSettings(oidc=oidc)))
    assert found[0] == state
    assert words in found[1]
    assert services.sign_in(Settings(home=grove_home, server=ServerSettings(oidc=oidc)))[0] == "failed"


def test_a_port_that_is_taken_is_a_warning(grove_home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        server = ServerSettings(port=taken.getsockname()[1])
        (finding,) = findings(small_settings(grove_home, server=server), "port")
    assert finding.state == "warning"


def test_jobs_that_nobody_takes_have_failed(grove_home: Path) -> None:
    grove = Grove(small_settings(grove_home))
    files = {"files": ("wait.txt", b"not yet")}
    client_of(grove).post("/api/v1/collections/default/documents", files=files)
    (young,) = findings(grove.settings, "worker")
    with grove.database.write() as session:
        session.execute(update(JobRow).values(created_at=utc_now() - timedelta(hours=1)))
    (old,) = findings(grove.settings, "worker")
    assert (young.state, old.state) == ("ok", "failed")
    assert "rag worker" in old.advice
    grove.database.close()


def test_a_collection_that_lost_its_files_has_failed(grove_home: Path) -> None:
    grove = Grove(small_settings(grove_home, store=Part(kind="faiss")))
    ingested(client_of(grove), grove)
    shutil.rmtree(grove_home / "segments")
    (finding,) = findings(grove.settings, "index")
    assert finding.state == "failed"
    assert "rag reindex" in finding.advice
    grove.database.close()


def test_an_unfinished_environment_of_vllm_is_a_warning(tmp_path: Path) -> None:
    state, _, advice = vllm_in(tmp_path)
    assert state == "warning"
    assert "rag llm install" in advice
    assert vllm_in(tmp_path / "absent")[0] == "ok"


@pytest.mark.vllm
def test_the_environment_of_vllm_knows_itself_by_name(vllm_environment: Path) -> None:
    state, found, _ = vllm_in(vllm_environment)
    assert state != "failed", found


@pytest.mark.postgres
def test_postgresql_with_pgvector_is_told_with_its_versions(grove_home: Path, postgres_url: str) -> None:
    settings = small_settings(grove_home, database_url=postgres_url, store=None)
    database, pgvector = findings(settings, "database", "pgvector")
    assert "PostgreSQL" in database.found
    assert "no tables yet" in database.found
    assert (pgvector.state, pgvector.found.split(".")[0]) == ("ok", "pgvector 0")


def test_the_exit_code_tells(grove_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROVE_ENCODER__KIND", "hashing")
    sound = CliRunner().invoke(app, ["doctor", "--home", str(grove_home), "--json"])
    assert (sound.exit_code, json.loads(sound.stdout)["ok"]) == (0, True)
    monkeypatch.setenv("GROVE_ENCODER__KIND", "oracle")
    broken = CliRunner().invoke(app, ["doctor", "--home", str(grove_home), "--json"])
    assert (broken.exit_code, json.loads(broken.stdout)["ok"]) == (1, False)


def test_models_lists_heads_with_card_and_digest_and_says_what_is_used(grove_home: Path) -> None:
    result = CliRunner().invoke(app, ["models", "--home", str(grove_home), "--json"])
    models = {(each["family"], each["name"]): each for each in json.loads(result.stdout)["models"]}
    assert models["encoder", "minilm"]["used"] == "encoder"
    assert {name for family, name in models if family == "head"} == {head.name for head in heads()}
    late = models["head", "late"]
    assert len(late["sha256"]) == 64
    assert Path(late["card"]).read_text().startswith("# late")
    assert models["generator", "vllm"]["installed"]


def test_a_damaged_head_is_known_by_its_digest(tmp_path: Path) -> None:
    (tmp_path / "SHA256SUMS").write_text(f"{'0' * 64}  late.safetensors\n{'1' * 64}  gone.safetensors\n")
    (tmp_path / "late.safetensors").write_bytes(b"other")
    gone, late = heads(tmp_path)
    assert (gone.is_intact, gone.size_bytes) == (False, 0)
    assert (late.is_intact, late.size_bytes) == (False, 5)
