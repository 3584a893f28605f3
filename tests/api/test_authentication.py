"""Who is let in, and as whom; what each may then see is tests/api/test_tenants.py."""

import asyncio
import json
import stat
import subprocess
import sys
from pathlib import Path

import anyio
import httpx
import pytest
from _http import client_of, ingested, serving, small_settings
from fastapi.testclient import TestClient
from starlette.routing import Match

from api.authentication import OPEN_PATHS, Authenticator, needed_scope, require_keys
from api.main import create_app
from api.remote import announce, find_server
from rag.compose import Grove
from rag.core.access import Access
from rag.core.errors import ForbiddenError, InvalidInputError
from rag.core.settings import ServerSettings

SECRET = "s" * 32
CLOSED = [
    ("GET", "/api/v1/collections"),
    ("POST", "/api/v1/search"),
    ("POST", "/api/v1/ask"),
    ("GET", "/api/v1/keys"),
    ("POST", "/v1/chat/completions"),
    ("GET", "/v1/models"),
    ("GET", "/metrics"),
    ("POST", "/mcp"),
    ("GET", "/nothing/of/this/name"),
    ("POST", "/health"),
]
MADE = {"name": "mine", "scopes": ["admin"]}


@pytest.fixture
def grove(grove_home: Path) -> Grove:
    return Grove(small_settings(grove_home))


def key(grove: Grove, *scopes: str, tenant: str = "default") -> dict[str, str]:
    made = grove.within(Access(tenant)).keys.create("k", scopes=scopes)
    return {"authorization": f"Bearer {made.secret}"}


def test_without_keys_a_loopback_server_is_open(grove: Grove) -> None:
    assert client_of(grove).get("/api/v1/collections").status_code == 200


@pytest.mark.parametrize("name", ["x-forwarded-for", "forwarded", "x-real-ip", "via"])
def test_what_comes_through_a_proxy_is_not_from_this_machine(grove: Grove, name: str) -> None:
    reply = client_of(grove).get("/api/v1/collections", headers={name: "203.0.113.9"})
    assert reply.status_code == 401


def test_a_server_whose_routes_hold_every_thread_knows_who_asks_and_that_it_is_ready(grove: Grove) -> None:
    shown, app = key(grove, "read"), create_app(grove)

    async def statuses() -> list[int]:
        threads = anyio.to_thread.current_default_thread_limiter()
        for number in range(int(threads.total_tokens)):
            threads.acquire_on_behalf_of_nowait(number)
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            asked = [client.get("/api/v1/me", headers=shown), client.get("/health/ready")]
            return [reply.status_code for reply in await asyncio.wait_for(asyncio.gather(*asked), 20)]

    assert asyncio.run(statuses()) == [200, 200]


@pytest.mark.parametrize(("method", "path"), CLOSED)
def test_once_there_is_a_key_everything_but_the_open_addresses_takes_one(
    grove: Grove, method: str, path: str
) -> None:
    client = client_of(grove)
    key(grove, "admin")
    reply = client.request(method, path)
    assert reply.status_code == 401
    assert reply.headers["www-authenticate"] == 'Bearer realm="grove"'
    if path.startswith("/v1/"):
        assert reply.json()["error"]["code"] == "UnauthenticatedError"
    else:
        assert reply.headers["content-type"] == "application/problem+json"
        assert reply.json()["type"] == "urn:grove:error:UnauthenticatedError"


def test_the_open_addresses_stay_open(grove: Grove) -> None:
    client = client_of(grove)
    key(grove, "admin")
    assert {path: client.get(path).status_code for path in OPEN_PATHS} == dict.fromkeys(OPEN_PATHS, 200)


def test_the_page_is_open_and_nothing_else_with_it(grove: Grove, tmp_path: Path) -> None:
    (tmp_path / "assets").mkdir()
    for name in ("index.html", "icon.svg", "assets/app.js"):
        (tmp_path / name).write_text("x")
    key(grove, "admin")
    client = client_of(grove, page=tmp_path)
    for path in ("/", "/icon.svg", "/assets/app.js"):
        assert client.get(path).status_code == 200
    for path in ("/assets", "/assets/../api/v1/collections", "/assetsx", "/icon.svg/"):
        assert client.get(path).status_code in (401, 404)


def test_a_revoked_last_key_does_not_open_the_server_again(grove: Grove) -> None:
    made = grove.keys.create("k", scopes=["admin"])
    client = client_of(grove)
    shown = {"authorization": f"Bearer {made.secret}"}
    assert client.delete(f"/api/v1/keys/{made.key.key_id}", headers=shown).status_code == 200
    assert client.get("/api/v1/collections", headers=shown).status_code == 401
    assert client.get("/api/v1/collections").status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": "Bearer wrong"},
        {"authorization": "Bearer "},
        {"authorization": "Basic YWRtaW46YWRtaW4="},
        {"authorization": "' OR 1=1 --"},
        {"authorization": "Bearer " + "x" * 20_000},
        {"x-api-key": "wrong"},
        {"x-api-key": ""},
    ],
)
def test_a_wrong_key_is_refused_once_there_is_one(grove: Grove, headers: dict[str, str]) -> None:
    # Clients of OpenAI's API cannot show nothing.
    assert client_of(grove).get("/api/v1/collections", headers=headers).status_code == 200
    key(grove, "read")
    assert client_of(grove).get("/api/v1/collections", headers=headers).status_code == 401


def test_both_headers_take_a_key(grove: Grove) -> None:
    shown = key(grove, "read")
    secret = shown["authorization"].removeprefix("Bearer ")
    client = client_of(grove)
    for headers in (shown, {"authorization": f"bearer {secret}"}, {"x-api-key": secret}):
        assert client.get("/api/v1/collections", headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("scopes", "allowed"),
    [
        (["read"], {"search", "mcp"}),
        (["ask"], {"search", "mcp", "ask"}),
        (["write"], {"create"}),
        (["read", "write"], {"search", "mcp", "create"}),
        (["admin"], {"search", "mcp", "ask", "create", "keys"}),
    ],
)
def test_a_key_is_good_for_its_scopes_alone(grove: Grove, scopes: list[str], allowed: set[str]) -> None:
    client = client_of(grove)
    ingested(client, grove)
    shown = key(grove, *scopes)
    replies = {
        "search": client.post("/api/v1/search", json={"query": "tower"}, headers=shown),
        "mcp": client.post(
            "/mcp", json={"jsonrpc": "2.0", "method": "x"}, headers={**shown, "accept": "application/json"}
        ),
        "ask": client.post("/api/v1/ask", json={"question": "How tall?"}, headers=shown),
        "create": client.post("/api/v1/collections", json={"name": "new"}, headers=shown),
        "keys": client.get("/api/v1/keys", headers=shown),
    }
    statuses = {name: reply.status_code for name, reply in replies.items()}
    assert {name for name, status in statuses.items() if status < 300} == allowed, statuses
    for name in set(replies) - allowed:
        assert statuses[name] == 403
        assert "insufficient_scope" in replies[name].headers["www-authenticate"]


@pytest.mark.parametrize("scope", ["read", "write"])
@pytest.mark.parametrize("end", ["%0A", "%0D", "%0B", "%C2%85"])
def test_a_control_character_behind_an_address_opens_nothing(grove: Grove, scope: str, end: str) -> None:
    client = client_of(grove)
    shown = key(grove, scope)
    methods = {path: list(each) for path, each in client.get("/openapi.json").json()["paths"].items()}
    routes = [(method.upper(), path) for path, each in methods.items() for method in each]
    administrators = [route for route in routes if needed_scope(*route) == "admin"]
    assert {("POST", "/api/v1/keys"), ("GET", "/metrics"), ("GET", "/api/v1/audit")} <= {*administrators}
    for method, path in administrators:
        reply = client.request(
            method, path.replace("{", "").replace("}", "") + end, json=MADE, headers=shown
        )
        assert 400 <= reply.status_code < 500, (method, path)
    assert [each.name for each in grove.keys.keys()] == ["k"]


@pytest.mark.parametrize("path", ["/api/v1/keys\n", "/api/v1/keys/x\n", "/api/v1/audit\n", "/metrics\n"])
def test_the_guard_takes_a_path_for_what_the_router_does(grove: Grove, path: str) -> None:
    scope: dict[str, object] = {"type": "http", "method": "GET", "path": path}
    assert any(route.matches(scope)[0] is not Match.NONE for route in create_app(grove).routes)
    assert needed_scope("GET", path) == needed_scope("POST", path) == "admin"


def test_another_tenants_administrator_is_kept_from_what_the_router_takes_for_metrics(grove: Grove) -> None:
    for path in ("/metrics", "/metrics\n"):
        with pytest.raises(ForbiddenError):
            Authenticator(grove).require_own(Access("acme"), path)


def test_an_administrator_makes_lists_and_revokes_keys_of_its_tenant(grove: Grove) -> None:
    client = client_of(grove)
    shown = key(grove, "admin", tenant="acme")
    made = client.post("/api/v1/keys", json={"name": "app", "scopes": ["ask"]}, headers=shown)
    assert made.status_code == 201
    secret, key_id = made.json()["secret"], made.json()["key"]["key_id"]
    listed = client.get("/api/v1/keys", headers=shown).json()["keys"]
    assert [each["name"] for each in listed if each["key_id"] == key_id] == ["app"]
    assert secret not in json.dumps(listed)
    assert client.get("/api/v1/keys", headers=key(grove, "admin")).json()["keys"][0]["name"] == "k"
    assert client.delete(f"/api/v1/keys/{key_id}", headers=key(grove, "admin")).status_code == 404
    assert client.delete(f"/api/v1/keys/{key_id}", headers=shown).json()["state"] == "revoked"
    assert client.get("/api/v1/runs", headers={"x-api-key": secret}).status_code == 401


def test_the_key_of_the_settings_is_an_administrators(grove_home: Path) -> None:
    server = ServerSettings(host="0.0.0.0", api_key=SECRET)
    grove = Grove(small_settings(grove_home, server=server))
    require_keys(grove)
    client = client_of(grove)
    assert client.get("/api/v1/keys").status_code == 401
    assert client.get("/api/v1/keys", headers={"x-api-key": SECRET}).status_code == 200
    assert client.get("/api/v1/keys", headers={"x-api-key": SECRET + "s"}).status_code == 401


def test_what_is_of_all_tenants_is_for_administrators_of_the_installation(grove: Grove) -> None:
    client = client_of(grove)
    assert client.get("/metrics", headers=key(grove, "admin")).status_code == 200
    assert client.get("/metrics", headers=key(grove, "read")).status_code == 403
    assert client.get("/metrics", headers=key(grove, "admin", tenant="acme")).status_code == 403


def test_on_another_address_a_key_is_needed_though_there_is_none(grove_home: Path) -> None:
    grove = Grove(small_settings(grove_home, server=ServerSettings(host="0.0.0.0")))
    assert client_of(grove).get("/api/v1/collections").status_code == 401
    with pytest.raises(InvalidInputError, match="rag keys create"):
        require_keys(grove)
    key(grove, "admin")
    require_keys(grove)


def test_a_short_key_of_the_settings_is_refused(grove_home: Path) -> None:
    grove = Grove(small_settings(grove_home, server=ServerSettings(api_key="short")))
    with pytest.raises(InvalidInputError, match="GROVE_SERVER__API_KEY"):
        require_keys(grove)


def test_a_server_for_others_does_not_start_without_a_key(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "api.cli", "serve", "--host", "0.0.0.0", "--port", "0"]
    command += ["--home", str(tmp_path)]
    ended = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 2
    assert "rag keys create" in ended.stderr


def test_the_command_line_of_the_machine_is_let_in(grove: Grove, monkeypatch: pytest.MonkeyPatch) -> None:
    ingested(client_of(grove), grove)
    key(grove, "admin")
    monkeypatch.delenv("GROVE_REQUIRE", raising=False)
    monkeypatch.delenv("GROVE_SHARED", raising=False)
    app = create_app(grove, local_secret="the-secret-of-this-run")
    with serving(app) as url, announce(grove.settings, url, secret="the-secret-of-this-run") as file:
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        server = find_server(grove.settings)
        assert server is not None
        assert server.search({"query": "tower"})["hits"]
        assert httpx.get(f"{url}/api/v1/runs").status_code == 401


def test_no_secret_is_logged(grove: Grove, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    shown = key(grove, "admin")
    client = client_of(grove)
    client.get("/api/v1/collections", headers=shown)
    client.get("/api/v1/collections", headers={"x-api-key": "grove_0123456789ab_wrong"})
    made = client.post("/api/v1/keys", json={"name": "k", "scopes": ["read"]}, headers=shown).json()
    for secret in (shown["authorization"], "grove_0123456789ab_wrong", made["secret"]):
        assert secret.removeprefix("Bearer ") not in caplog.text


def test_a_run_is_its_askers_own_but_for_administrators(grove: Grove) -> None:
    client: TestClient = client_of(grove)
    ingested(client, grove)
    mine, other, admin = key(grove, "ask"), key(grove, "ask", "write"), key(grove, "admin")
    run_id = client.post("/api/v1/ask", json={"question": "How tall?"}, headers=mine).json()["run_id"]
    for path in (f"/api/v1/runs/{run_id}", f"/api/v1/runs/{run_id}/events"):
        assert client.get(path, headers=mine).status_code == 200
        assert client.get(path, headers=admin).status_code == 200
        assert client.get(path, headers=other).status_code == 404
    assert client.post(f"/api/v1/runs/{run_id}/cancel", headers=other).status_code == 404
    assert client.get("/api/v1/runs", headers=other).json()["runs"] == []
