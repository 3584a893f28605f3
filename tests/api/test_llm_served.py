"""Grove and a real vLLM behind it: the server is started once, with Grove's drafts, for all tests here."""

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from _http import free_port

from api.llm import RunningServer, ServerOptions, check, running_server
from rag.compose import Grove
from rag.core.generation import GenerationOptions, Message, Prompt
from rag.core.settings import Settings
from rag.generation.backends.openai import Openai
from rag.generation.scorers.likelihood import Likelihood
from rag.generation.scorers.served import Served

pytestmark = pytest.mark.vllm

VAULT = "# The vault\n\nThe code of the vault is 7294. It was set in 1987 by Ada Marsh.\n"
QUESTION = "What is the code of the vault?"


@pytest.fixture(scope="module")
def server(vllm_environment: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """Run the real server over SmolLM2, once for all tests here: it takes a minute to start."""
    options = ServerOptions(
        Grove(Settings()).local_model(), port=free_port(), draft="rasd", max_model_tokens=2048
    )
    log_file = tmp_path_factory.mktemp("vllm") / "vllm.log"
    with running_server(options, environment=vllm_environment, log_file=log_file, on_line=print) as running:
        yield running


def finished_requests(server: RunningServer) -> float:
    metrics = httpx.get(f"{server.base_url.removesuffix('/v1')}/metrics").text
    return sum(
        float(count) for count in re.findall(r"^vllm:request_success_total\{.*\} (\S+)$", metrics, re.M)
    )


def test_vllm_streams_a_completion(server: RunningServer) -> None:
    request = {
        "model": "smollm2",
        "messages": [{"role": "user", "content": "Repeat: the vault is 7294."}],
        "max_tokens": 12,
        "stream": True,
    }
    with httpx.stream("POST", f"{server.base_url}/chat/completions", json=request, timeout=120) as response:
        lines = [line.removeprefix("data: ") for line in response.iter_lines() if line]
    assert lines[-1] == "[DONE]"
    pieces = [
        choice["delta"].get("content") for line in lines[:-1] for choice in json.loads(line)["choices"]
    ]
    assert len([piece for piece in pieces if piece]) > 3


def test_check_reports_the_model_and_how_fast_it_answers(server: RunningServer) -> None:
    report = check(server.base_url)
    assert (report.model, report.completion_tokens) == ("smollm2", 8)
    assert report.completion_ms > report.health_ms > 0
    assert report.counters is not None
    assert report.counters.prefix_tokens > 0


def environment(server: RunningServer, home: Path) -> dict[str, str]:
    options = {
        "base_url": server.base_url,
        "model": "smollm2",
        "context_tokens": 2048,
        "passage_order": "stable",
        "cache_owner": "default",
        "follows_instructions": False,
    }
    return {
        **os.environ,
        "GROVE_ENCODER__KIND": "hashing",
        "GROVE_GENERATORS": json.dumps({"vllm": {"kind": "openai", "options": options}}),
        "GROVE_HOME": str(home),
    }


def rag(variables: dict[str, str], *arguments: str) -> Any:  # Any: JSON
    command = [str(Path(sys.prefix) / "bin" / "rag"), *arguments, "--json"]
    finished = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    return json.loads(finished.stdout)


@contextmanager
def serving(variables: dict[str, str]) -> Iterator[httpx.Client]:
    command = [str(Path(sys.prefix) / "bin" / "rag"), "serve", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=variables) as process:
        assert process.stderr is not None
        lines = (re.search(r"http://\S+:\d+", line) for line in process.stderr)
        try:
            with httpx.Client(base_url=next(match[0] for match in lines if match), timeout=120) as client:
                yield client
        finally:
            process.terminate()


def test_rag_ask_and_rag_serve_answer_through_vllm(server: RunningServer, tmp_path: Path) -> None:
    document = tmp_path / "vault.md"
    document.write_text(VAULT)
    variables = environment(server, tmp_path / "home")
    assert rag(variables, "ingest", str(document))["documents"] == 1
    before = finished_requests(server)
    answer = rag(variables, "ask", QUESTION, "--generator", "vllm")
    assert answer["usage"]["completion_tokens"] > 0
    assert finished_requests(server) > before
    with serving(variables) as client:
        asked = {"question": QUESTION, "generator": "vllm"}
        reply = client.post("/api/v1/ask", json=asked).raise_for_status().json()
        assert "7294" in reply["answer"]
        assert reply["answer"] == answer["answer"]
        quoted = [each["quote"] for each in reply["citations"] if each["source"].endswith("vault.md")]
        assert any("7294" in quote for quote in quoted)
        with client.stream("POST", "/api/v1/ask", json={**asked, "stream": True}) as stream:
            events = [
                line.removeprefix("event: ") for line in stream.iter_lines() if line.startswith("event")
            ]
        assert events.count("token") > 1
        assert events[-1] == "answer.finished"


def test_an_answer_keeps_its_schema_while_drafts_are_verified(server: RunningServer) -> None:
    schema = {
        "type": "object",
        "properties": {
            "code": {"type": "integer", "minimum": 0, "maximum": 9999},
            "is_known": {"type": "boolean"},
        },
        "required": ["code", "is_known"],
        "additionalProperties": False,
    }
    prompt = Prompt((Message("user", f"{VAULT}\n{QUESTION} Answer in JSON."),), QUESTION)

    async def written() -> str:
        options = GenerationOptions(max_tokens=60, schema=schema)
        generator = Openai(server.base_url, "smollm2", cache_owner="default")
        return "".join([delta.text async for delta in generator.stream(prompt, options)])

    answer = json.loads(asyncio.run(written()))
    assert answer.keys() == {"code", "is_known"}
    assert isinstance(answer["code"], int)


def test_passages_are_scored_as_the_same_model_scores_them_in_process(server: RunningServer) -> None:
    passages = [VAULT, "The garden is open on Sundays, and dogs are welcome there.", "7294 " * 20]
    settings = Settings()
    ours = Likelihood(settings.models_dir).scores(QUESTION, passages)
    theirs = Served(server.base_url).scores(QUESTION, passages)
    np.testing.assert_allclose(theirs, ours, atol=2e-3)  # other kernels, and a cache read in blocks
    assert theirs.argmax() == 0


def test_drafts_were_accepted_and_beginnings_found(server: RunningServer) -> None:
    """Be the last: what the tests above asked is what was counted."""
    counted = check(server.base_url).counters
    assert counted is not None
    assert counted.accepted_tokens > 0
    assert counted.prefix_hit_tokens > 0
