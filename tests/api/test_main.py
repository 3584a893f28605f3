from pathlib import Path

import httpx
import pytest
from _http import BrokenEncoder, client_of, ingested, serving, small_settings
from fastapi.testclient import TestClient
from starlette.routing import Mount

from api.main import create_app
from rag.compose import Grove
from rag.core.settings import ServerSettings

EVERY_REPLY = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
}


@pytest.fixture
def grove(grove_home: Path) -> Grove:
    """Give an installation that holds nothing."""
    return Grove(small_settings(grove_home))


@pytest.fixture
def client(grove: Grove) -> TestClient:
    """Give a client that talks to the application in process."""
    return client_of(grove)


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """Write a small page as its build would."""
    folder = tmp_path / "static"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>Grove</title>")
    (folder / "favicon.svg").write_text("<svg/>")
    (folder / "assets" / "index-1a2b.js").write_text("1")
    (tmp_path / "secret.txt").write_text("secret")
    return folder


def test_the_page_is_served_beside_the_api(grove: Grove, page: Path) -> None:
    client = client_of(grove, page=page)
    index = client.get("/")
    assert "<title>Grove</title>" in index.text
    assert index.headers["cache-control"] == "no-cache"
    assert "default-src 'self'" in index.headers["content-security-policy"]
    assert client.get("/favicon.svg").headers["content-type"].startswith("image/svg+xml")
    script = client.get("/assets/index-1a2b.js")
    assert script.headers["content-type"].startswith("text/javascript")
    assert "immutable" in script.headers["cache-control"]
    assert client.head("/").status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/secret.txt",
        "/assets/../../secret.txt",
        "/assets/%2e%2e/%2e%2e/secret.txt",
        "/assets/..%2f..%2fsecret.txt",
    ],
)
def test_nothing_beside_the_page_is_served(grove: Grove, page: Path, path: str) -> None:
    reply = client_of(grove, page=page).get(path)
    assert reply.status_code == 404
    assert "secret" not in reply.json()["title"]


def test_without_a_page_the_root_says_how_to_build_it(grove: Grove, tmp_path: Path) -> None:
    reply = client_of(grove, page=tmp_path / "absent").get("/")
    assert reply.status_code == 200
    assert "make ui" in reply.text


@pytest.mark.parametrize("has_page", [True, False])
@pytest.mark.parametrize(
    ("method", "path", "status", "allowed"),
    [
        ("GET", "/api/v1/nothing", 404, None),
        ("POST", "/api/v1/nothing", 404, None),
        ("GET", "/nothing", 404, None),
        ("GET", "/docs", 404, None),
        ("GET", "/api/v1/search", 405, "POST"),
        ("PUT", "/api/v1/collections", 405, "GET, POST"),
        ("PATCH", "/health", 405, "GET, HEAD"),
        ("POST", "/api/v1/documents/x", 405, "DELETE, GET"),
    ],
)
def test_an_unknown_address_and_a_wrong_method_are_problems(
    grove: Grove, page: Path, has_page: bool, method: str, path: str, status: int, allowed: str | None
) -> None:
    client = client_of(grove, page=page if has_page else page / "absent")
    reply = client.request(method, path)
    assert reply.status_code == status
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.headers.get("allow") == allowed
    assert set(reply.json()) == {"type", "title", "status", "detail"}
    assert path in reply.json()["detail"]


def test_every_reply_carries_the_security_headers(grove_home: Path) -> None:
    grove = Grove(small_settings(grove_home), encoder=BrokenEncoder())
    client = client_of(grove)
    ingested(client, grove)
    replies = [
        client.get("/"),
        client.get("/health"),
        client.get("/nothing"),
        client.get("/health", headers={"host": "evil.example"}),
        client.post("/api/v1/search", json={"query": "fails?"}),
    ]
    assert [reply.status_code for reply in replies] == [200, 200, 404, 421, 500]
    for reply in replies:
        assert EVERY_REPLY.items() <= dict(reply.headers).items()


def test_an_error_of_our_own_tells_nothing_and_is_logged(
    grove_home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    grove = Grove(small_settings(grove_home), encoder=BrokenEncoder())
    client = client_of(grove)
    ingested(client, grove)
    reply = client.post("/api/v1/search", json={"query": "fails?"})
    assert reply.status_code == 500
    assert reply.json()["title"] == "Internal Server Error"
    assert "secret" not in reply.text
    assert "a bug with a secret" in caplog.text


def test_a_database_that_is_down_is_no_fault_of_the_request(tmp_path: Path) -> None:
    grove = Grove(small_settings(tmp_path, database_url=f"sqlite:///{tmp_path}/absent/grove.db"))
    assert client_of(grove).get("/api/v1/collections").status_code == 503


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.0.0.1:8080", "localhost", "LOCALHOST:1", "[::1]", "[::1]:8080", "127.9.9.9"]
)
def test_a_loopback_server_answers_to_loopback_names(client: TestClient, host: str) -> None:
    assert client.get("/health", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost.evil.example:8080",
        "127.0.0.1@evil.example",
        "[::1",
        "",
        "0",
    ],
)
def test_a_loopback_server_answers_to_no_other_name(client: TestClient, host: str) -> None:
    reply = client.get("/health", headers={"host": host})
    assert reply.status_code == 421
    assert reply.headers["content-type"] == "application/problem+json"


def test_a_server_for_others_answers_to_every_name(grove_home: Path) -> None:
    grove = Grove(small_settings(grove_home, server=ServerSettings(host="0.0.0.0")))
    assert client_of(grove).get("/health", headers={"host": "grove.example"}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "cross-site", "origin": "http://127.0.0.1"},
        {"origin": "https://evil.example"},
        {"origin": "http://127.0.0.1:3000"},
        {"origin": "null"},
    ],
)
def test_a_page_of_another_site_changes_nothing(client: TestClient, headers: dict[str, str]) -> None:
    files = {"files": ("poison.txt", b"believe me")}
    reply = client.post("/api/v1/collections/c/documents", files=files, headers=headers)
    assert reply.status_code == 403
    assert client.delete("/api/v1/collections/c", headers=headers).status_code == 403
    assert client.get("/api/v1/collections").json()["collections"] == []


@pytest.mark.parametrize(
    "headers",
    [{}, {"sec-fetch-site": "same-origin"}, {"sec-fetch-site": "none"}, {"origin": "http://127.0.0.1"}],
)
def test_our_own_page_and_other_programs_are_served(client: TestClient, headers: dict[str, str]) -> None:
    assert client.post("/api/v1/collections", json={"name": "c"}, headers=headers).status_code == 201


@pytest.mark.parametrize("path", ["/api/v1/documents/%00", "/api/v1/collections/c/documents?after=%00"])
def test_a_nul_in_the_address_is_refused(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 400


@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=x"])
@pytest.mark.parametrize("length", ["8000001", "9" * 5000])
def test_a_body_that_is_too_long_is_refused_before_it_is_read(
    client: TestClient, kind: str, length: str
) -> None:
    headers = {"content-length": length, "content-type": kind}
    reply = client.post("/api/v1/search", content=b"", headers=headers)
    assert reply.status_code == 413
    assert "8000000 bytes" in reply.json()["detail"]


def test_a_body_without_a_length_is_cut_off_when_it_is_too_long(grove: Grove) -> None:
    def endless() -> object:
        while True:
            yield b" " * 1_000_000

    with serving(create_app(grove)) as url, httpx.Client() as client:
        try:
            reply = client.post(
                f"{url}/api/v1/search",
                content=endless(),  # type: ignore[arg-type]
                headers={"content-type": "application/json"},
            )
        except httpx.TransportError:
            return  # the server answered and hung up while the client was still sending
        assert reply.status_code == 413


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"{", "the body is not JSON"),
        (b"", "a JSON object is expected"),
        (b"[]", "the body"),
        (b"null", ""),
        (b'"text"', "the body"),
        (b'{"query": "\\ud800"}', "surrogate"),
        (b'{"query": "a", "\\ud800": 1}', "surrogate"),
        (b'{"query": "a", "filter": {"and": [{"\\ud800": {"in": 1}}]}}', "surrogate"),
        (b"\xff\xfe", ""),
        (b"[" * 100_000, ""),
        (b'{"k": ' + b"9" * 5000 + b"}", ""),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_a_body_that_is_no_request_is_refused(client: TestClient, content: bytes, words: str) -> None:
    reply = client.post("/api/v1/search", content=content, headers={"content-type": "application/json"})
    assert reply.status_code in (400, 422)
    assert words in reply.json()["detail"]


def test_json_in_another_content_type_is_refused(client: TestClient) -> None:
    """A form of another site can send text/plain without asking; JSON it cannot."""
    content = b'{"name": "c"}'
    reply = client.post("/api/v1/collections", content=content, headers={"content-type": "text/plain"})
    assert reply.status_code == 422
    assert "application/json" in reply.json()["detail"]


def test_two_applications_share_nothing(tmp_path: Path) -> None:
    first, second = (client_of(Grove(small_settings(tmp_path / name))) for name in ("a", "b"))
    first.post("/api/v1/collections", json={"name": "c"})
    assert second.get("/api/v1/collections").json()["collections"] == []


def test_no_folder_takes_the_whole_address_space(grove: Grove, page: Path) -> None:
    mounts = [route.path for route in create_app(grove, page=page).routes if isinstance(route, Mount)]
    assert mounts == ["/assets"]
