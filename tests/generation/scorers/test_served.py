import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from rag.core.errors import GenerationError, UnavailableError
from rag.generation.scorers.served import Served


class Vllm:
    """Tokens are words, each as likely as how often its passage has it."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self.requests: list[dict[str, Any]] = []
        self.keys: list[str | None] = []

    def tokenize(self, body: dict[str, Any]) -> object:
        tokens = []
        for word in body["prompt"].split():
            if word not in self.words:
                self.words.append(word)
            tokens.append(self.words.index(word))
        return {"count": len(tokens), "tokens": tokens}

    def completions(self, body: dict[str, Any]) -> object:
        choices = []
        for index, prompt in enumerate(body["prompt"]):
            logprobs: list[object] = [None]
            for place in range(1, len(prompt)):
                seen = prompt[:place].count(prompt[place])
                logprobs.append({str(prompt[place]): {"logprob": float(seen) - 5.0, "rank": 1}})
            choices.append({"index": index, "prompt_logprobs": logprobs, "text": ""})
        return {"choices": choices[::-1]}


@contextmanager
def serving(vllm: Any, status: int = 200) -> Iterator[str]:  # Any: with methods named after routes
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            if isinstance(vllm, Vllm):
                vllm.requests.append(body)
                vllm.keys.append(self.headers["authorization"])
            answer = getattr(vllm, self.path.rsplit("/", 1)[1])(body)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/v1"
        server.shutdown()


def test_each_passage_has_the_mean_of_the_questions_tokens() -> None:
    with serving(Vllm()) as url:
        scores = Served(url).scores("depot opens", ["nothing here", "the depot opens late", "depot"])
    assert scores.tolist() == [-5.0, -4.0, -4.5]


def test_passages_are_cut_and_belong_to_their_tenant() -> None:
    vllm = Vllm()
    with serving(vllm) as url:
        for tenant in ("one", "another"):
            Served(url, passage_tokens=2, tenant=tenant).scores("depot", ["in the depot"])
    first, second = (request for request in vllm.requests if "prompt_logprobs" in request)
    assert len(first["prompt"][0]) == 2 + 6 + 1
    assert first["cache_salt"] != second["cache_salt"]


def test_without_passages_nobody_is_asked() -> None:
    assert Served("http://127.0.0.1:1/v1").scores("depot", []).shape == (0,)


def test_nobody_there_names_the_serve_command() -> None:
    with pytest.raises(UnavailableError, match="rag llm serve"):
        Served("http://127.0.0.1:1/v1").scores("depot", ["depot"])


def test_a_server_that_refuses_is_quoted() -> None:
    with serving(Vllm(), status=404) as url, pytest.raises(GenerationError, match="HTTP 404: "):
        Served(url).scores("depot", ["depot"])


def test_a_server_without_such_probabilities_is_told_from_vllm() -> None:
    class Other(Vllm):
        def completions(self, body: dict[str, Any]) -> object:
            return {"choices": [{"index": 0, "text": "x"}]}

    with serving(Other()) as url, pytest.raises(GenerationError, match="needs a server of vLLM"):
        Served(url).scores("depot", ["depot"])


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="http://"):
        Served("127.0.0.1:8765")


def test_a_key_is_sent_and_asked_for() -> None:
    vllm = Vllm()
    with serving(vllm) as url:
        Served(url, api_key="sesame").scores("depot", ["depot"])
    assert set(vllm.keys) == {"Bearer sesame"}
    with serving(vllm, status=401) as url, pytest.raises(GenerationError, match=r"HTTP 401.*give api_key"):
        Served(url).scores("depot", ["depot"])
