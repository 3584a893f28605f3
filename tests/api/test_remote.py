"""When the command line asks a running server, and what it makes of one that fails."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from _http import serving, small_settings

from api.main import create_app
from api.remote import RunningServer, announce, find_server
from rag.compose import Grove
from rag.core.errors import InvalidInputError, UnavailableError
from rag.core.settings import Settings

SECRET = "the-secret-of-this-run"


@pytest.fixture(autouse=True)
def _no_settings_of_the_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GROVE_REQUIRE", "GROVE_SHARED"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def settings(grove_home: Path) -> Settings:
    return small_settings(grove_home)


@pytest.fixture
def url(settings: Settings) -> Iterator[str]:
    """Serve a home."""
    with serving(create_app(Grove(settings), local_secret=SECRET)) as url:
        yield url


def test_another_server_where_one_has_died_is_not_asked(settings: Settings, url: str) -> None:
    with announce(settings, url, secret="the-secret-of-the-dead-one"):
        assert find_server(settings) is None
    with announce(settings, url, secret=SECRET):
        assert find_server(settings) == RunningServer(url, SECRET)


def test_a_server_with_the_same_settings_is_asked(
    settings: Settings, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with announce(settings, url, secret=SECRET):
        monkeypatch.setenv("GROVE_TENANT", settings.tenant)
        elsewhere = settings.model_copy(update={"models_dir": Path("/models")})
        assert find_server(elsewhere) is not None
        assert find_server(settings.model_copy(update={"tenant": "other"})) is None


def test_no_proxy_is_shown_the_secret(
    settings: Settings, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with announce(settings, url, secret=SECRET):
        server = find_server(settings)
    assert server is not None
    with pytest.raises(InvalidInputError, match="no_such_retriever"):
        server.search({"query": "x", "retriever": "no_such_retriever"})


@pytest.mark.parametrize(
    "reply", [b"", b"HTTP/1.1 502 Bad\r\n\r\n<html>", b"HTTP/1.1 200 OK\r\n\r\ndata: {\n"]
)
def test_a_server_that_fails_is_unavailable(reply: bytes) -> None:
    class Failing(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.wfile.write(reply)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Failing) as broken:
        threading.Thread(target=broken.serve_forever, daemon=True).start()
        server = RunningServer(f"http://127.0.0.1:{broken.server_port}", SECRET)
        with pytest.raises(UnavailableError, match=r"the server at .* did not answer"):
            server.search({"query": "x"})
        with pytest.raises(UnavailableError, match=r"the server at .* did not answer"):
            list(server.ask({"question": "x"}))
        broken.shutdown()
