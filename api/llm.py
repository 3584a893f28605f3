"""The generation server, vLLM, as a process: start it, wait until it answers, stop it, check it.

Grove talks to it over HTTP only, as to any other OpenAI-compatible server; this file knows vLLM's
command line and nothing of prompts or answers. How it gets installed: api/llm_environment.py.
"""

import json
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import httpx

from api.llm_check import ServerReport, check
from api.llm_environment import (
    VLLM_VERSION,
    default_environment,
    has_gpu,
    has_plugin,
    install,
    is_installed,
)
from api.llm_options import (
    CPU_CACHE_BYTES,
    ServerOptions,
    checked_draft,
    checked_kv,
    server_arguments,
    server_variables,
)
from rag.core.errors import ConflictError, InvalidInputError, MissingExtraError, UnavailableError

__all__ = [
    "VLLM_VERSION",
    "RunningServer",
    "ServerOptions",
    "ServerReport",
    "check",
    "checked_draft",
    "checked_kv",
    "default_environment",
    "install",
    "running_server",
    "serve",
    "server_arguments",
]

_GIB = 1 << 30
_CPU_BASE_BYTES = int(2.4 * _GIB)  # resident, three processes, without weights and cache: measured
_STOP_SECONDS = 20.0
_LOG_PREFIX = re.compile(r"^(\(.*?pid=\d+\) )?([A-Z]+ [\d-]+ [\d:]+ \[.*?\] )?")


@dataclass(frozen=True, slots=True)
class RunningServer:
    """A server that answers."""

    base_url: str
    process: subprocess.Popen[bytes]
    log_file: Path
    start_seconds: float


def serve(
    options: ServerOptions, *, environment: Path, log_file: Path, on_line: Callable[[str], None]
) -> None:
    """Run the server until it is told to stop (SIGINT, SIGTERM), then stop it with all its processes.

    Raises:
        UnavailableError: it ended by itself; the message holds the end of its log.
        RagError: what `running_server` raises.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    try:
        with running_server(options, environment=environment, log_file=log_file, on_line=on_line) as server:
            on_line(
                f"vLLM answers on {server.base_url} as {options.model_name!r}"
                f" after {server.start_seconds:.0f} s; log: {log_file}. Ctrl-C stops it."
            )
            code = server.process.wait()
            raise UnavailableError(f"vLLM ended by itself with {code}:\n{_tail(log_file)}")
    except KeyboardInterrupt:
        on_line("vLLM is stopped")


@contextmanager
def running_server(
    options: ServerOptions, *, environment: Path, log_file: Path, on_line: Callable[[str], None]
) -> Iterator[RunningServer]:
    """Start the server, wait until it answers, and stop it at the end.

    Raises:
        MissingExtraError: its environment is not installed.
        InvalidInputError: the folder holds no model that vLLM reads.
        ConflictError: the port is taken.
        UnavailableError: too little memory, or it did not come up.
    """
    _check_can_start(options, environment)
    command = [str(environment / "bin" / "vllm"), *server_arguments(options, is_gpu=has_gpu())]
    log_file.parent.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    with log_file.open("wb") as log:
        # A session of its own: Ctrl-C reaches us alone, and the whole group can be ended.
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=server_variables(options),
            start_new_session=True,
        )
    root = f"http://{f'[{options.host}]' if _is_ipv6(options) else options.host}:{options.port}"
    try:
        _wait_until_healthy(root, process, options, log_file=log_file, on_line=on_line)
        yield RunningServer(f"{root}/v1", process, log_file, time.monotonic() - started)
    finally:
        _stop(process)


def _check_can_start(options: ServerOptions, environment: Path) -> None:
    if not is_installed(environment):
        raise MissingExtraError(f"{environment} holds no finished vLLM; run `rag llm install`")
    if options.plugin is not None and not has_plugin(environment):
        raise MissingExtraError(f"{environment} holds no plugin of Grove's; run `rag llm install` again")
    if not (options.model_dir / "config.json").exists():
        raise InvalidInputError(
            f"{options.model_dir} holds no config.json: give a folder with a model in safetensors"
        )
    try:
        family = socket.AF_INET6 if _is_ipv6(options) else socket.AF_INET
        socket.create_server((options.host, options.port), family=family).close()
    except OSError as error:
        raise ConflictError(
            f"cannot listen on {options.host}:{options.port}: {error.strerror}; `rag llm check` tells"
            " whether a server runs there already; choose another with --port"
        ) from error
    if not has_gpu():
        _check_memory(options)


def _is_ipv6(options: ServerOptions) -> bool:
    return ":" in options.host


def _check_memory(options: ServerOptions) -> None:
    available = available_bytes()
    factor = (
        1 if json.loads((options.model_dir / "config.json").read_text()).get("dtype") == "float32" else 2
    )
    weights = factor * sum(file.stat().st_size for file in options.model_dir.glob("*.safetensors"))
    needed = _CPU_BASE_BYTES + weights + (options.cache_bytes or CPU_CACHE_BYTES)
    if available is not None and available < needed:
        raise UnavailableError(
            f"vLLM needs about {needed / _GIB:.1f} GiB of memory here and {available / _GIB:.1f} GiB is"
            " free; stop something, or use a generator that runs in process"
        )


def available_bytes() -> int | None:
    meminfo = Path("/proc/meminfo")
    if not meminfo.exists():
        return None
    found = re.search(r"^MemAvailable:\s+(\d+) kB", meminfo.read_text(), re.MULTILINE)
    return int(found.group(1)) * 1024 if found else None


def _wait_until_healthy(
    root: str,
    process: subprocess.Popen[bytes],
    options: ServerOptions,
    *,
    log_file: Path,
    on_line: Callable[[str], None],
) -> None:
    started = time.monotonic()
    shown = ""
    while (waited := time.monotonic() - started) < options.start_seconds:
        if process.poll() is not None:
            raise UnavailableError(f"vLLM ended with {process.returncode} on start:\n{_tail(log_file)}")
        with suppress(httpx.TransportError):
            if httpx.get(f"{root}/health", timeout=2.0, trust_env=False).is_success:
                return
        last = _LOG_PREFIX.sub("", _tail(log_file, lines=1))
        if last != shown:
            on_line(f"{waited:4.0f} s  {last:.120}")
            shown = last
        time.sleep(0.5)
    raise UnavailableError(
        f"vLLM was not ready within {options.start_seconds:.0f} s (--start-seconds):\n{_tail(log_file)}"
    )


def _tail(log_file: Path, lines: int = 15) -> str:
    return "\n".join(log_file.read_text(errors="replace").splitlines()[-lines:])


def _stop(process: subprocess.Popen[bytes]) -> None:
    try:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(_STOP_SECONDS)
    finally:  # a second Ctrl-C does not wait
        with suppress(ProcessLookupError):  # the engine's processes outlive a server that was killed
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
