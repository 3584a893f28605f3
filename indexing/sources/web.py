"""Pages and files at http and https addresses: off unless `GROVE_SOURCES__URLS` is set.

Whoever names an address makes this machine send a request. So only what leads to the public network is
fetched, at the address that was checked, redirects included; without cookies, credentials or proxies;
within a time and a size.
"""

import re
import ssl
from collections.abc import Iterator
from pathlib import PurePosixPath
from urllib.parse import unquote, urljoin

import httpcore

from indexing.loaders._html_tree import encoding_of
from indexing.loaders._text import decode
from indexing.parse import supported_suffixes
from indexing.sources._connection import Deadline, PinnedBackend
from indexing.sources._guard import Target, checked_url, resolved
from indexing.sources._limited_body import limited_body
from indexing.sources._source import Fetched, Found
from rag.core.errors import InvalidInputError, UnreadableDocumentError
from rag.core.source_settings import SourceSettings

__all__ = ["Web"]

_REDIRECTS = (301, 302, 303, 307, 308)
_HEADERS = [("User-Agent", "Grove"), ("Accept", "*/*"), ("Accept-Encoding", "gzip")]
_SUFFIXES = {
    "application/json": ".json",
    "application/pdf": ".pdf",
    "application/rtf": ".rtf",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": ".pptx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
    "application/epub+zip": ".epub",
    "application/xhtml+xml": ".html",
    "application/xml": ".xml",
    "text/csv": ".csv",
    "text/html": ".html",
    "text/markdown": ".md",
    "text/plain": ".txt",
    "text/xml": ".xml",
}
_TEXTS = (".csv", ".htm", ".html", ".json", ".md", ".txt", ".xhtml", ".xml")
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w-]+)", re.IGNORECASE)


class Web:
    """Fetches addresses that lead to the public network."""

    schemes = ("http", "https")

    def __init__(self, settings: SourceSettings) -> None:
        self._settings = settings

    def list(self, address: str) -> Iterator[Found]:
        """Give the address itself: links are not followed.

        Raises:
            InvalidInputError: fetching is off, or not an address that may be fetched.
        """
        self._target(address)
        yield Found(address)

    def fetch(self, address: str, *, max_bytes: int) -> Fetched:
        """Fetch a page or a file.

        Raises:
            InvalidInputError: as for `list`, or it leads to where nothing may be fetched from.
            UnreadableDocumentError: it is not there, too slow, too large, or of no kind that is read.
        """
        target = self._target(address)
        supported_suffixes()  # loads the loaders, in nobody's time
        deadline = Deadline(self._settings.url_seconds)
        try:
            for _ in range(self._settings.max_redirects + 1):
                fetched = self._fetched(target, deadline, max_bytes)
                if isinstance(fetched, Fetched):
                    return fetched
                target = self._next(target, fetched)
        except httpcore.TimeoutException as error:
            raise UnreadableDocumentError(
                f"{address!r:.200} took more than {self._settings.url_seconds:g} s"
                " (GROVE_SOURCES__URL_SECONDS)"
            ) from error
        except (httpcore.NetworkError, httpcore.ProtocolError, ssl.SSLError) as error:
            raise UnreadableDocumentError(f"{address!r:.200} cannot be fetched: {error}") from error
        raise UnreadableDocumentError(
            f"{address!r:.200} leads on more than {self._settings.max_redirects} times"
            " (GROVE_SOURCES__MAX_REDIRECTS)"
        )

    def _target(self, address: str) -> Target:
        if not self._settings.urls:
            raise InvalidInputError(
                f"{address!r:.200} is not fetched: fetching addresses is off;"
                " GROVE_SOURCES__URLS=true turns it on"
            )
        return checked_url(address, ports=self._settings.ports)

    def _next(self, target: Target, location: str) -> Target:
        further = checked_url(urljoin(target.url, location), ports=self._settings.ports)
        if target.scheme == "https" and further.scheme == "http":
            raise InvalidInputError(
                f"{target.url!r:.200} leads to http, where anybody may change what comes"
            )
        return further

    def _fetched(self, target: Target, deadline: Deadline, max_bytes: int) -> Fetched | str:
        """Give what is there, or where it leads on to."""
        networks = self._settings.private_networks
        address = resolved(target, networks=networks, seconds=deadline.left())
        with (
            httpcore.ConnectionPool(
                ssl_context=ssl.create_default_context(),
                network_backend=PinnedBackend(address, deadline),
                max_connections=1,
            ) as pool,
            pool.stream("GET", target.url, headers=_HEADERS) as reply,
        ):
            headers = {
                name.decode("latin-1").lower(): value.decode("latin-1") for name, value in reply.headers
            }
            if reply.status in _REDIRECTS and "location" in headers:
                return headers["location"]
            if reply.status != 200:
                raise UnreadableDocumentError(f"{target.url!r:.200} answers with status {reply.status}")
            name = _name(target, headers.get("content-type", ""))
            body = limited_body(
                reply.iter_stream(), encoding=headers.get("content-encoding", ""), max_bytes=max_bytes
            )
        if not body:
            raise UnreadableDocumentError(f"{target.url!r:.200} is empty")
        return Fetched(_utf8(body, headers.get("content-type", ""), name=name), name)


def _utf8(body: bytes, content_type: str, *, name: str) -> bytes:
    r"""Give text that is in the character set of its header as UTF-8: a loader is not told of headers.

    >>> _utf8(b"\xcf\xf0", "text/plain; charset=windows-1251", name="a.txt").decode()
    'Пр'
    """
    charset = _CHARSET.search(content_type)
    if charset is None or PurePosixPath(name).suffix.lower() not in _TEXTS:
        return body
    try:
        return decode(body, name=name, declared=encoding_of(charset[1])).encode()
    except UnreadableDocumentError:
        return body  # its loader says what it is


def _name(target: Target, content_type: str) -> str:
    """Name what came so that its suffix says what it is.

    >>> _name(Target("https", "a.example", 443, "/report.pdf?x"), "text/html; charset=utf-8")
    'report.html'
    """
    last = PurePosixPath(unquote(target.path.partition("?")[0]).replace("\0", "")).name or target.host
    path = PurePosixPath(last)
    said = _SUFFIXES.get(content_type.partition(";")[0].strip().lower())
    # A page in place of a file is an error or a form; other types are often said wrongly.
    if said != ".html" and path.suffix.lower() in supported_suffixes():
        return last
    if said is None:
        raise UnreadableDocumentError(
            f"{target.url!r:.200} is of type {content_type!r:.80}, which is not read;"
            f" these kinds are: {', '.join(supported_suffixes())}"
        )
    is_file = path.suffix.lower() in supported_suffixes()
    return f"{path.stem if is_file else last}{said}"
