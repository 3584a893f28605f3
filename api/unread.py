"""What is said of a body that could not be read, in place of the framework's words."""

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException

__all__ = ["unread"]

_NO_FORM = "the upload cannot be read"
_MAX_HEADER = "Maximum header size exceeded"


def unread(error: HTTPException, headers: Headers) -> str | None:
    """Say why the body of a request could not be read; None where that is not what is wrong."""
    encoding = headers.get("content-encoding", "identity")
    cause = error.__cause__ or error.__context__
    if not isinstance(cause, ValueError | RecursionError | MultiPartException):
        return None
    if encoding.strip().lower() != "identity":
        return f"the body is encoded, content-encoding: {encoding!s:.40}; send it as it is"
    match cause:
        case UnicodeDecodeError():
            byte = cause.object[cause.start]
            return f"the body is not UTF-8: byte 0x{byte:02x} at position {cause.start}; send JSON in UTF-8"
        case RecursionError():
            return "the body is nested too deeply; send JSON of fewer levels"
        case MultiPartException():
            return _of_form(cause)
        case _:
            reason = str(cause).partition(";")[0]
            return f"the body holds a value that cannot be read: {reason:.120}"


def _of_form(error: MultiPartException) -> str:
    reason = str(error.__cause__ or error.message)
    if reason == _MAX_HEADER:
        return f"{_NO_FORM}: the header of a part, with its file name, is over 4096 bytes; shorten it"
    return f"{_NO_FORM}: {reason.rstrip('.')}"
