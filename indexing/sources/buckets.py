"""Buckets of S3 and its like, through fsspec.

Credentials, endpoint and region are those of the library, from its own environment: for S3
`AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_ENDPOINT_URL`, or `~/.aws`.
"""

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from indexing.sources._source import Fetched, Found
from rag.core.errors import InvalidInputError, MissingExtraError, UnavailableError, UnreadableDocumentError
from rag.core.source_settings import SourceSettings

__all__ = ["Buckets"]

_STAMPS = ("ETag", "etag", "md5", "mtime", "LastModified", "updated", "created")


class Buckets:
    """Reads objects; an object that is larger than it said, or empty, is refused."""

    def __init__(self, settings: SourceSettings) -> None:
        self._schemes = settings.buckets

    @property
    def schemes(self) -> tuple[str, ...]:
        """Name what its addresses begin with."""
        return self._schemes

    def list(self, address: str) -> Iterator[Found]:
        """Give the object, or all below the folder.

        Raises:
            InvalidInputError: an address without a bucket.
            UnavailableError: there is no such bucket, or it cannot be listed.
            MissingExtraError: the library of the scheme is not installed.
        """
        scheme, path = _split(address)
        try:
            files = _file_system(scheme)
            files.invalidate_cache()  # it keeps listings, and we want the present one
            found: Mapping[str, Any] = files.find(path, withdirs=False, detail=True)  # Any: the library's
            if not found:
                files.ls(path.partition("/")[0])  # tells an empty folder from a bucket that is not there
        except MissingExtraError:
            raise
        except _errors(scheme) as error:
            raise UnavailableError(f"{address} cannot be listed: {_said(error)}") from error
        for name, details in sorted(found.items()):
            yield Found(f"{scheme}://{name.lstrip('/')}", _stamp(details))

    def fetch(self, address: str, *, max_bytes: int) -> Fetched:
        """Read an object.

        Raises:
            InvalidInputError: an address without a bucket.
            UnreadableDocumentError: it is not there, empty or too large, or cannot be read.
            MissingExtraError: the library of the scheme is not installed.
        """
        scheme, path = _split(address)
        try:
            with _file_system(scheme).open(path, "rb") as file:
                content: bytes = file.read(max_bytes + 1)
        except MissingExtraError:
            raise
        except _errors(scheme) as error:
            raise UnreadableDocumentError(f"{address} cannot be read: {_said(error)}") from error
        if len(content) > max_bytes:
            raise UnreadableDocumentError(
                f"{address} has more than {max_bytes} bytes (GROVE_INGESTION__MAX_FILE_BYTES)"
            )
        if not content:
            raise UnreadableDocumentError(f"{address} is empty; name an object that holds a document")
        return Fetched(content, PurePosixPath(path).name)


def _split(address: str) -> tuple[str, str]:
    scheme, _, path = address.partition("://")
    path = path.strip("/")
    if not path:
        raise InvalidInputError(f"{address!r:.100} names no bucket; write {scheme}://bucket/folder")
    return scheme.lower(), path


def _file_system(scheme: str) -> Any:  # Any: fsspec's, which has no types
    try:
        import fsspec  # noqa: PLC0415  # of an extra

        return fsspec.filesystem(scheme)
    except ImportError as error:
        extra = "pip install 'grove-rag[s3]'" if scheme == "s3" else str(error)
        raise MissingExtraError(f"{scheme}:// needs a library that is not installed: {extra}") from error


def _errors(scheme: str) -> tuple[type[Exception], ...]:
    """Name what the library raises when a bucket fails; S3's has a tree of its own, besides OSError."""
    if scheme != "s3":
        return (Exception,)  # those of Google's and Azure's, and of who signs in to them, have nothing else
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  # of the extra

    return OSError, BotoCoreError, ClientError


def _stamp(details: Mapping[str, Any]) -> str | None:  # Any: JSON, times
    marks = [str(details[key]) for key in _STAMPS if details.get(key) is not None]
    return f"{marks[0]} {details.get('size')}" if marks else None


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
