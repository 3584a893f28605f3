"""Connections to one address within one time: what was checked is what is connected to.

The library looks no name up, and a server that sends a byte now and then ends like one that sends none.
"""

import ssl
import time
from collections.abc import Iterable
from typing import Any

import httpcore

__all__ = ["Deadline", "PinnedBackend"]


class Deadline:
    """An instant by which all must be done."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Give the seconds left.

        Raises:
            httpcore.ReadTimeout: none are.
        """
        left = self._end - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("time is up")
        return left


class PinnedBackend(httpcore.NetworkBackend):
    """Connects to the given address, whatever host is asked for."""

    def __init__(self, address: str, deadline: Deadline) -> None:
        self._address = address
        self._deadline = deadline
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,  # Any: as the library declares them
    ) -> httpcore.NetworkStream:
        """Connect."""
        inner = self._inner.connect_tcp(self._address, port, timeout=self._deadline.left())
        return _TimedStream(inner, self._deadline)

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.NetworkStream:
        """Refuse."""
        raise httpcore.ConnectError("sockets of this machine are not connected to")


class _TimedStream(httpcore.NetworkStream):
    def __init__(self, inner: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._inner = inner
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, timeout=self._deadline.left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, timeout=self._deadline.left())

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        inner = self._inner.start_tls(ssl_context, server_hostname, timeout=self._deadline.left())
        return _TimedStream(inner, self._deadline)

    def get_extra_info(self, info: str) -> Any:  # Any: as the library declares it
        return self._inner.get_extra_info(info)
