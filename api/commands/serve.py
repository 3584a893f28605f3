"""serve, worker: the processes that keep running."""

import secrets
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from api.console import Console, Home, Json
from api.engines import check_engine
from api.remote import announce
from rag.core.errors import MissingExtraError, UnavailableError
from rag.core.settings import Settings

if TYPE_CHECKING:
    from api.telemetry.tracing import Tracing

__all__ = ["add_commands"]

_POLL_SECONDS = 0.2
_RESTART_SECONDS = 1.0


def add_commands(app: typer.Typer) -> None:
    """Register this group's commands."""
    for command in (serve, worker):
        app.command()(command)


def serve(
    host: Annotated[str | None, typer.Option("--host", help="Address to listen on.")] = None,
    port: Annotated[
        int | None, typer.Option("--port", min=0, max=65535, help="0 takes a free one.")
    ] = None,
    with_worker: Annotated[
        bool | None, typer.Option("--worker/--no-worker", help="Also ingest what is uploaded.")
    ] = None,
    home: Home = None,
    json: Json = False,
) -> None:
    """Serve the web page and the HTTP API until stopped; --json prints the address."""
    console = Console.open(home, json)
    chosen = {"host": host, "port": port, "worker": with_worker}
    server = console.settings.server.model_copy(
        update={name: value for name, value in chosen.items() if value is not None}
    )
    settings = console.settings.model_copy(update={"server": server})

    from api.authentication import require_keys
    from api.main import create_app
    from api.serving import Server
    from api.telemetry.logs import set_up_logs
    from rag.compose import Grove

    # uvicorn stops on the signal and then raises it again: it must end this process by way of `finally`,
    # also when it comes before uvicorn listens, or the shell that started this had Ctrl-C ignored.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit())
    set_up_logs(settings.log)
    if server.worker:
        check_engine(settings)
    grove = Grove(settings)
    require_keys(grove)
    grove.warm_up()
    listener = _listen(server.host, server.port)
    url = f"http://{_shown(server.host)}:{listener.getsockname()[1]}"
    secret = secrets.token_urlsafe(32)
    app = create_app(grove, local_secret=secret, tracing=_tracing(server.traces_endpoint))
    with announce(settings, url, secret=secret), _worker_process(settings, console):
        console.result({"url": url}, "")
        console.note(f"Grove listens on {url} (page and API, see {url}/openapi.json). Ctrl-C stops it.")
        Server(app, grace_seconds=server.grace_seconds).run([listener])


def worker(
    while_stdin: Annotated[bool, typer.Option("--while-stdin", hidden=True)] = False, home: Home = None
) -> None:
    """Run ingestion jobs until stopped."""
    console = Console.open(home, is_json=False)

    from api.telemetry.logs import set_up_logs
    from indexing.worker import work_forever

    check_engine(console.settings)
    set_up_logs(console.settings.log)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    if while_stdin:
        threading.Thread(target=_stop_at_end_of_input, args=(stop,), daemon=True).start()
    console.note("Waiting for ingestion jobs. Ctrl-C stops after the file in hand.")
    work_forever(console.grove(), stop)


def _tracing(endpoint: str | None) -> "Tracing | None":
    if endpoint is None:
        return None
    try:
        from api.telemetry.tracing import Tracing
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            f"traces need {error.name}: run `pip install 'grove-rag[otel]'`, or unset"
            " GROVE_SERVER__TRACES_ENDPOINT"
        ) from error
    return Tracing.to_endpoint(endpoint)


def _stop_at_end_of_input(stop: threading.Event) -> None:
    sys.stdin.read()  # the server holds the other end, until it ends in whatever way
    stop.set()


def _listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise UnavailableError(
            f"cannot listen on {host}:{port}: {error.strerror}; choose another with --port"
        ) from error


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else {"0.0.0.0": "127.0.0.1"}.get(host, host)  # noqa: S104


@contextmanager
def _worker_process(settings: Settings, console: Console) -> Iterator[None]:
    """Keep a worker running, as a process: encoding must not take the interpreter from requests."""
    if not settings.server.worker:
        yield
        return
    stop = threading.Event()
    # -P: whatever the folder holds that the server was started in, it is not its code.
    program = [sys.executable, "-P", "-m", "api"]
    command = [*program, "worker", "--while-stdin", "--home", str(settings.home_dir)]

    def keep_running() -> None:
        while not stop.is_set():
            with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
                while process.poll() is None and not stop.wait(_POLL_SECONDS):
                    pass
                process.terminate()  # one that still starts would load all its libraries before it ends
            if not stop.wait(_RESTART_SECONDS):
                console.note(f"The ingestion worker ended with {process.returncode}; another one starts.")

    keeper = threading.Thread(target=keep_running, name="worker")
    keeper.start()
    try:
        yield
    finally:
        stop.set()
        keeper.join()
