"""Which web addresses may be fetched: how they are spelled, and where they lead.

An address must be spelled in the one plain way, for what reads it otherwise than we do would go elsewhere.
Where its name leads is asked once, and that place alone is then connected to (`_connection.py`).
"""

import ipaddress
import re
import socket
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from rag.core.errors import InvalidInputError, UnreadableDocumentError

__all__ = ["Target", "checked_url", "is_public", "resolved"]

_PORTS = {"http": 80, "https": 443}
_ODD = re.compile(r"[\x00-\x20\x7f\\]")
_NAME = re.compile(r"(?=.{1,253}\Z)(?!-)[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*")
_NUMBER = re.compile(r"(0[xX][0-9A-Fa-f]*|[0-9]+)\Z")
_METADATA = [  # services of clouds that hand out credentials; some stand among public addresses
    ipaddress.ip_network(each)
    for each in (
        "169.254.0.0/16",
        "fd00:ec2::254/128",
        "168.63.129.16/32",
        "100.100.100.200/32",
        "192.0.0.192/32",
    )
]
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_SITE_LOCAL = ipaddress.IPv6Network("fec0::/10")  # the private networks of before; Python calls them global

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Target:
    """A web address that is spelled as it must be."""

    scheme: str
    host: str  # a name, or an address without brackets
    port: int
    path: str  # with the query, percent-encoded

    @property
    def url(self) -> str:
        """Spell it again."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}{self.path}"


def checked_url(url: str, *, ports: Sequence[int]) -> Target:
    """Read a web address.

    >>> checked_url("https://example.org/a?b", ports=[443]).path
    '/a?b'

    Raises:
        InvalidInputError: it is none, has another scheme or port, or is spelled in a way that may mislead.
    """
    if _ODD.search(url):
        raise _refused(url, "it holds a space, a control character or a backslash")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise _refused(url, str(error)) from error
    scheme = parts.scheme.lower()
    if scheme not in _PORTS:
        raise _refused(url, "only http and https are fetched")
    if "@" in parts.netloc:
        raise _refused(url, "it holds a user name")
    port = _PORTS[scheme] if port is None else port
    if port not in ports:
        allowed = ", ".join(map(str, ports))
        raise _refused(url, f"its port is {port}; these are allowed: {allowed} (GROVE_SOURCES__PORTS)")
    host = _checked_host(url, parts.netloc, parts.hostname or "")
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=-._~")
    query = quote(parts.query, safe="/%:@!$&'()*+,;=-._~?")
    return Target(scheme, host, port, f"{path}?{query}" if query else path)


def resolved(target: Target, *, networks: Sequence[str], seconds: float) -> str:
    """Give the one address that may be connected to.

    Args:
        target: whose host is looked up, once.
        networks: that may be reached though they are not public.
        seconds: longest time to look it up.

    Raises:
        UnreadableDocumentError: there is no such host, or it was not found in time.
        InvalidInputError: it leads to where nothing may be fetched from.
    """
    found = _looked_up(target, seconds)
    allowed = [ipaddress.ip_network(each) for each in networks]
    for address in found:
        if not is_public(address, allowed=allowed):
            # Of several addresses one that leads inside is enough: the next look-up may begin with it.
            raise InvalidInputError(
                f"{target.host} leads to {address}, which is not on the public network; nothing is fetched"
                " from there unless GROVE_SOURCES__PRIVATE_NETWORKS names its network"
            )
    return str(found[0])


def is_public(
    address: Address, *, allowed: Sequence[ipaddress.IPv4Network | ipaddress.IPv6Network] = ()
) -> bool:
    """Tell whether an address may be connected to, whatever it stands for.

    >>> [is_public(ipaddress.ip_address(each)) for each in ("1.1.1.1", "::ffff:127.0.0.1", "10.0.0.1")]
    [True, False, False]
    """
    for each in _meant_by(address):
        if any(each in network for network in _METADATA):
            return False
        is_open = each.is_global and not (each.is_multicast or each.is_reserved or each.is_unspecified)
        is_open = is_open and each not in _SITE_LOCAL
        if not is_open and not any(each in network for network in allowed):
            return False
    return True


def _meant_by(address: Address) -> Iterator[Address]:
    """Give the addresses that an address may lead to: an IPv4 one inside is meant instead of it."""
    if isinstance(address, ipaddress.IPv4Address):
        yield address
        return
    inner = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    low = int(address) & 0xFFFFFFFF
    if address in _NAT64 or (int(address) >> 32 == 0 and low > 1):  # the latter: IPv4-compatible
        inner.append(ipaddress.IPv4Address(low))
    known = [each for each in inner if each is not None]
    yield from known
    if address.ipv4_mapped is None and address not in _NAT64:
        yield address


def _checked_host(url: str, netloc: str, host: str) -> str:
    if netloc.startswith("["):
        try:
            return str(ipaddress.IPv6Address(host))
        except ValueError as error:
            raise _refused(url, f"{host!r} is no IPv6 address") from error
    if not _NAME.fullmatch(host):
        raise _refused(url, f"{host!r:.80} is no host name; write other letters as xn--...")
    if _NUMBER.match(host.rpartition(".")[2]):
        try:
            return str(ipaddress.IPv4Address(host))  # four decimal numbers, no other spelling
        except ValueError as error:
            raise _refused(url, f"{host!r} is an odd way to write an address") from error
    return host.lower()


def _looked_up(target: Target, seconds: float) -> list[Address]:
    pool = ThreadPoolExecutor(1)
    try:
        asked = pool.submit(socket.getaddrinfo, target.host, target.port, type=socket.SOCK_STREAM)
        found = asked.result(timeout=seconds)
    except TimeoutError as error:
        raise UnreadableDocumentError(f"{target.host} was not found within {seconds:.0f} s") from error
    except (OSError, UnicodeError) as error:
        raise UnreadableDocumentError(f"there is no host {target.host}: {error}") from error
    finally:
        pool.shutdown(wait=False)
    return [ipaddress.ip_address(str(each[4][0]).partition("%")[0]) for each in found]


def _refused(url: str, why: str) -> InvalidInputError:
    return InvalidInputError(f"{url!r:.200} is not fetched: {why}")
