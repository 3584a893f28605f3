import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from api.cli import app
from api.llm_check import Counters, check, counters
from rag.core.errors import UnavailableError

METRICS = """# HELP vllm:spec_decode_num_drafts_total Number of spec decoding drafts.
# TYPE vllm:spec_decode_num_drafts_total counter
vllm:spec_decode_num_drafts_total{engine="0",model_name="smollm2"} 10.0
vllm:spec_decode_num_draft_tokens_total{engine="0",model_name="smollm2"} 40.0
vllm:spec_decode_num_accepted_tokens_total{engine="0",model_name="smollm2"} 30.0
vllm:spec_decode_num_accepted_tokens_per_pos_total{engine="0",model_name="smollm2",position="0"} 9.0
vllm:prefix_cache_queries_total{engine="0",model_name="smollm2"} 1.5e+03
vllm:prefix_cache_hits_total{engine="0",model_name="smollm2"} 0.0
vllm:prefix_cache_hits_total{engine="1",model_name="smollm2"} 300.0
"""


@contextmanager
def serving(text: str, status: int = 200) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/v1"
        server.shutdown()


def read(text: str, status: int = 200) -> Counters | None:
    with serving(text, status) as base_url, httpx.Client() as client:
        return counters(client, base_url)


def test_counters_are_summed_over_engines_and_shared_out() -> None:
    assert read(METRICS) == Counters(10, 40, 30, 0.75, 3.0, 1500, 300, 0.2)


def test_without_drafts_there_is_no_share_of_them() -> None:
    found = read("vllm:prefix_cache_queries_total 0.0\n")
    assert found == Counters(0, 0, 0, None, None, 0, 0, None)


def test_a_server_without_such_counters_has_none() -> None:
    assert read("process_cpu_seconds_total 3.0\n") is None
    assert read("no such page", 404) is None


class Guarded(BaseHTTPRequestHandler):
    """A generation server with the key `sesame`."""

    def do_GET(self) -> None:
        is_open = self.path == "/health" or self.headers["authorization"] == "Bearer sesame"
        self.send_response(200 if is_open else 401)
        self.end_headers()
        choice = {"message": {"content": "Hello."}}
        said = {"data": [{"id": "m"}], "choices": [choice], "usage": {"completion_tokens": 2}}
        self.wfile.write(json.dumps(said).encode())

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.do_GET()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_a_server_that_asks_for_a_key_gets_it(tmp_path: Path) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Guarded) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        base_url = f"http://127.0.0.1:{server.server_port}/v1"
        command = ["llm", "check", "--base-url", base_url, "--home", str(tmp_path)]
        for more, variables in ((["--api-key", "sesame"], {}), ([], {"VLLM_API_KEY": "sesame"})):
            assert "Hello." in CliRunner().invoke(app, [*command, *more], env=variables).stdout
        with pytest.raises(UnavailableError, match="HTTP 401: give its key with --api-key"):
            check(base_url)
        with pytest.raises(UnavailableError, match="give another key"):
            check(base_url, api_key="abracadabra")
        server.shutdown()
