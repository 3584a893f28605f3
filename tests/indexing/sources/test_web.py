"""Addresses that a stranger names: what leads inside is not fetched, however it is spelled."""

import socket
import time
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any

import pytest
from _web_server import PAGE, web_server

from indexing.sources._guard import checked_url, is_public, resolved
from indexing.sources.web import Web
from rag.core.errors import InvalidInputError, UnreadableDocumentError
from rag.core.source_settings import SourceSettings


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with web_server() as port:
        yield port


@pytest.fixture
def web(port: int) -> Web:
    """Give what may fetch from this machine, but nothing else that is private."""
    return Web(SourceSettings(urls=True, ports=(port,), private_networks=("127.0.0.1/32",), url_seconds=20))


def fetch(web: Web, port: int, path: str, *, max_bytes: int = 10_000_000) -> bytes:
    return web.fetch(f"http://127.0.0.1:{port}/{path}", max_bytes=max_bytes).content


def test_nothing_is_fetched_unless_it_is_turned_on(port: int) -> None:
    off = Web(SourceSettings(ports=(port,), private_networks=("127.0.0.0/8",)))
    with pytest.raises(InvalidInputError, match="GROVE_SOURCES__URLS=true turns it on"):
        fetch(off, port, "page")


@pytest.mark.parametrize(
    ("path", "name", "content"),
    [
        ("page", "page.html", PAGE),
        ("notes.txt", "notes.txt", b"Plain notes."),
        ("login.pdf", "login.html", PAGE),
        ("zipped", "zipped.html", PAGE),
        ("hop", "page.html", PAGE),
        ("russian", "russian.html", "<p>мама".encode()),
    ],
)
def test_what_comes_is_named_by_what_it_is(
    web: Web, port: int, path: str, name: str, content: bytes
) -> None:
    fetched = web.fetch(f"http://127.0.0.1:{port}/{path}", max_bytes=1000)
    assert (fetched.name, fetched.content) == (name, content)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:a9fe:a9fe]/",
        "http://[::127.0.0.1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[2002:7f00:1::]/",
        "http://[fe80::1]/",
        "http://[fec0::1]/",
        "http://[fd00:ec2::254]/",
        "http://0x7f.1/",
        "http://0x7f000001/",
        "http://2130706433/",
        "http://0177.0.0.1/",
        "http://127.1/",
        "http://127.0.0.1./",
        "http://0/",
        "http://0.0.0.0/",
        "http://10.0.0.1/",
        "http://172.16.0.1/",
        "http://192.168.0.1/",
        "http://100.64.0.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://168.63.129.16/",
        "http://100.100.100.200/",
        "http://224.0.0.1/",
        "http://localhost/",
        "http://LOCALHOST/",
        "http://a\\@b/",
        "http://example.org\\@127.0.0.1/",
        "http://example.org@127.0.0.1/",
        "http://127.0.0.1#@example.org/",
        "http://127.0.0.1%2f@example.org/",
        "http://\uff11\uff12\uff17.0.0.1/",
        "http://\u24db\u24de\u24d2alhost/",
        "http://exa mple.org/",
        "http://example.org/\r\nHost: other",
        "http://example.org:22/",
        "http://example.org:99999/",
        "http://[::1/",
        "http:///etc/passwd",
        "http://",
        "//example.org/",
        "file:///etc/passwd",
        "gopher://127.0.0.1:6379/_INFO",
        "ftp://example.org/",
        "data:text/html,x",
        "javascript:alert(1)",
        "",
    ],
)
def test_an_address_that_leads_inside_or_is_oddly_spelled_is_refused(url: str) -> None:
    web = Web(SourceSettings(urls=True))
    with pytest.raises(InvalidInputError) as refused:
        web.fetch(url, max_bytes=1000)
    assert not isinstance(refused.value, UnreadableDocumentError), "it was connected to"


@pytest.mark.parametrize("path", ["to-metadata", "to-file", "to-other-port"])
def test_a_redirect_is_checked_like_the_address_itself(web: Web, port: int, path: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        fetch(web, port, path)
    assert not isinstance(refused.value, UnreadableDocumentError)


def test_redirects_end(web: Web, port: int) -> None:
    with pytest.raises(UnreadableDocumentError, match="leads on more than 5 times"):
        fetch(web, port, "loop")


def test_a_name_that_leads_elsewhere_later_is_looked_up_once(
    web: Web, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []  # names only: to connect to an address asks for it too
    real = socket.getaddrinfo

    def rebinding(host: str, *arguments: Any, **options: Any) -> object:
        if host != "rebinding.example":
            return real(host, *arguments, **options)
        asked.append(host)
        return real("127.0.0.1" if len(asked) == 1 else "169.254.169.254", port, type=socket.SOCK_STREAM)

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    assert web.fetch(f"http://rebinding.example:{port}/page", max_bytes=1000).content == PAGE
    assert asked == ["rebinding.example"]


def test_one_private_address_of_several_is_enough_to_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    def both(*_: object, **__: object) -> list[tuple[object, ...]]:
        return [(0, 0, 0, "", ("93.184.216.34", 80)), (0, 0, 0, "", ("10.0.0.1", 80))]

    monkeypatch.setattr(socket, "getaddrinfo", both)
    target = checked_url("http://two.example/", ports=[80])
    with pytest.raises(InvalidInputError, match=r"leads to 10\.0\.0\.1"):
        resolved(target, networks=[], seconds=1)


def test_a_metadata_service_is_refused_even_in_a_network_that_is_allowed() -> None:
    web = Web(SourceSettings(urls=True, private_networks=("0.0.0.0/0", "::/0")))
    for host in ("169.254.169.254", "[fd00:ec2::254]", "[::ffff:169.254.169.254]", "168.63.129.16"):
        with pytest.raises(InvalidInputError, match="not on the public network"):
            web.fetch(f"http://{host}/", max_bytes=1000)


@pytest.mark.parametrize("path", ["bomb", "endless"])
def test_the_size_counts_what_comes_out_not_what_was_said(web: Web, port: int, path: str) -> None:
    with pytest.raises(UnreadableDocumentError, match="has more than 100000 bytes"):
        fetch(web, port, path, max_bytes=100_000)


@pytest.mark.parametrize("path", ["drip", "slow-headers"])
def test_a_slow_drip_ends_with_the_time(port: int, path: str) -> None:
    web = Web(SourceSettings(urls=True, ports=(port,), private_networks=("127.0.0.1/32",), url_seconds=2))
    started = time.monotonic()
    with pytest.raises(UnreadableDocumentError, match="took more than 2 s"):
        fetch(web, port, path)
    assert time.monotonic() - started < 8


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("gone", "answers with status 404"),
        ("empty", "is empty"),
        ("picture", "of type 'application/octet-stream', which is not read"),
        ("half", "cut off"),
        ("strange", "encoded as 'br'"),
    ],
)
def test_what_is_no_document_says_why(web: Web, port: int, path: str, reason: str) -> None:
    with pytest.raises(UnreadableDocumentError, match=reason):
        fetch(web, port, path)


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "64:ff9b::101:101"]
)
def test_a_public_address_is_public(address: str) -> None:
    assert is_public(ip_address(address))


def test_a_path_is_sent_percent_encoded() -> None:
    target = checked_url("https://example.org/caf\u00e9?q=\u00e9", ports=[443])
    assert target.path == "/caf%C3%A9?q=%C3%A9"
