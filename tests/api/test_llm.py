import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from _http import free_port

from api.llm import ServerOptions, check, install, running_server, server_arguments
from api.llm_environment import VLLM_VERSION, has_gpu, is_installed
from rag.core.errors import ConflictError, InvalidInputError, MissingExtraError, UnavailableError

HEALTHY = """#!{python}
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()

HTTPServer(("127.0.0.1", int(sys.argv[sys.argv.index("--port") + 1])), Handler).serve_forever()
"""
DEAF = """#!{python}
import signal
for number in (signal.SIGTERM, signal.SIGINT):
    signal.signal(number, signal.SIG_IGN)
""" + HEALTHY.split("\n", 1)[1]
IPV6 = HEALTHY.replace(
    'HTTPServer(("127.0.0.1"', f'HTTPServer.address_family = {int(socket.AF_INET6)}\nHTTPServer(("::1"'
)
BROKEN = "#!/bin/sh\necho 'no such architecture'\nexit 7\n"
SERVE = """
import sys
from pathlib import Path
from api.llm import ServerOptions, serve

environment, model, port = sys.argv[1:]
options = ServerOptions(Path(model), port=int(port))
note = lambda line: print(line, flush=True)
serve(options, environment=Path(environment), log_file=Path(environment) / "log", on_line=note)
"""


def stand_in(folder: Path, program: str) -> Path:
    """Make an environment whose `vllm` is the given program."""
    (folder / "bin").mkdir(parents=True)
    vllm = folder / "bin" / "vllm"
    vllm.write_text(program.format(python=sys.executable) if "{python}" in program else program)
    vllm.chmod(0o755)
    recipe = {"vllm": VLLM_VERSION, "gpu": has_gpu(), "python": sys.version.split()[0]}
    (folder / "grove-vllm.json").write_text(json.dumps(recipe))
    return folder


@pytest.fixture
def model_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    return folder


def start(options: ServerOptions, environment: Path, lines: list[str]) -> None:
    log_file = environment.parent / "vllm.log"
    with running_server(options, environment=environment, log_file=log_file, on_line=lines.append):
        pass


def test_without_its_environment_the_message_names_the_install_command(
    tmp_path: Path, model_dir: Path
) -> None:
    with pytest.raises(MissingExtraError, match="rag llm install"):
        start(ServerOptions(model_dir), tmp_path / "absent", [])


def test_an_environment_that_is_there_is_not_installed_again(tmp_path: Path) -> None:
    environment = stand_in(tmp_path / "venv", BROKEN)
    (environment / "lib" / "python3.11" / "site-packages").mkdir(parents=True)
    lines: list[str] = []
    install(environment, lines.append)
    assert is_installed(environment)
    assert len(lines) == 1
    assert "already installed" in lines[0]


def test_without_the_plugin_only_plain_vllm_is_served(tmp_path: Path, model_dir: Path) -> None:
    environment = stand_in(tmp_path / "venv", HEALTHY)
    (environment / "lib" / "python3.11" / "site-packages").mkdir(parents=True)
    with pytest.raises(MissingExtraError, match="rag llm install"):
        start(ServerOptions(model_dir, draft="rasd"), environment, [])


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    environment = stand_in(tmp_path / "venv", HEALTHY)
    with pytest.raises(InvalidInputError, match=r"config\.json"):
        start(ServerOptions(tmp_path), environment, [])


def test_a_taken_port_is_told_before_anything_starts(tmp_path: Path, model_dir: Path) -> None:
    environment = stand_in(tmp_path / "venv", HEALTHY)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        taken = listener.getsockname()[1]
        with pytest.raises(ConflictError, match=f"127.0.0.1:{taken}.*--port"):
            start(ServerOptions(model_dir, port=taken), environment, [])


def test_too_little_memory_is_told_before_anything_starts(tmp_path: Path, model_dir: Path) -> None:
    if has_gpu():
        pytest.skip("the check of main memory is for machines without a GPU")
    environment = stand_in(tmp_path / "venv", HEALTHY)
    with pytest.raises(UnavailableError, match="GiB of memory"):
        start(ServerOptions(model_dir, port=free_port(), cache_bytes=1 << 50), environment, [])


def test_a_server_that_ends_on_start_shows_the_end_of_its_log(tmp_path: Path, model_dir: Path) -> None:
    environment = stand_in(tmp_path / "venv", BROKEN)
    with pytest.raises(UnavailableError, match=r"(?s)ended with 7.*no such architecture"):
        start(ServerOptions(model_dir, port=free_port()), environment, [])


def test_a_server_that_never_gets_ready_is_given_up_and_stopped(tmp_path: Path, model_dir: Path) -> None:
    environment = stand_in(tmp_path / "venv", '#!/bin/sh\necho $$ > "$0.pid"\nexec sleep 60\n')
    with pytest.raises(UnavailableError, match="not ready within"):
        start(ServerOptions(model_dir, port=free_port(), start_seconds=1.0), environment, [])
    with pytest.raises(ProcessLookupError):
        os.kill(int((environment / "bin" / "vllm.pid").read_text()), 0)


@contextmanager
def answering(environment: Path, model_dir: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Run the command until its server answers; give it and the port."""
    port = free_port()
    command = [sys.executable, "-c", SERVE, str(environment), str(model_dir), str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        while "vLLM answers on" not in process.stdout.readline():
            assert process.poll() is None
        yield process, port


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_command_and_its_server(
    tmp_path: Path, model_dir: Path, number: signal.Signals
) -> None:
    with answering(stand_in(tmp_path / "venv", HEALTHY), model_dir) as (process, port):
        process.send_signal(number)
        assert process.wait(timeout=30) == 0
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port)).close()


def test_a_second_signal_ends_a_server_that_heard_none(tmp_path: Path, model_dir: Path) -> None:
    with answering(stand_in(tmp_path / "venv", DEAF), model_dir) as (process, port):
        process.send_signal(signal.SIGINT)
        with pytest.raises(subprocess.TimeoutExpired):  # it waits for the server
            process.wait(timeout=0.5)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=15) == 0  # less than it waits for the server
        assert "vLLM is stopped" in process.communicate()[0]
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port)).close()


def test_a_host_may_be_an_ipv6_address(tmp_path: Path, model_dir: Path) -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6")
    environment = stand_in(tmp_path / "venv", IPV6)
    options = ServerOptions(model_dir, host="::1", port=free_port())
    log_file = tmp_path / "vllm.log"
    with running_server(options, environment=environment, log_file=log_file, on_line=print) as server:
        assert server.base_url == f"http://[::1]:{options.port}/v1"


def test_arguments_that_grove_does_not_know_reach_vllm(model_dir: Path) -> None:
    options = ServerOptions(model_dir, more_arguments=("--max-logprobs", "20"))
    assert server_arguments(options, is_gpu=False)[-2:] == ["--max-logprobs", "20"]


def test_check_names_the_serve_command_when_nothing_answers() -> None:
    with pytest.raises(UnavailableError, match="rag llm serve"):
        check(f"http://127.0.0.1:{free_port()}/v1")


def test_check_tells_another_kind_of_server_from_a_generation_server() -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<html>")

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with pytest.raises(UnavailableError, match="no OpenAI-compatible"):
            check(f"http://127.0.0.1:{server.server_port}/v1")
        server.shutdown()
