"""What an address says about who can reach it."""

import ipaddress
from urllib.parse import urlsplit

__all__ = ["is_loopback", "is_private_way"]


def is_loopback(host: str) -> bool:
    """Tell whether an address to listen on is reached from this machine alone.

    >>> is_loopback("localhost"), is_loopback("::1"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_private_way(url: str) -> bool:
    """Tell whether nobody on the way reads what is sent to an address: https, or http to this machine.

    >>> is_private_way("https://sso.example.com/"), is_private_way("http://sso.example.com/")
    (True, False)
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:  # brackets that hold no address
        return False
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host)))
