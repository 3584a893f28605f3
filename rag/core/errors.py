"""Every error Grove raises on purpose.

RagError
├── InvalidInputError          the caller's value is wrong (HTTP 422, exit 2)
│   ├── UnsupportedFormatError a file of a kind no loader takes
│   ├── UnreadableDocumentError a file that its loader cannot read, or that holds no text
│   ├── InvalidFilterError     a filter that is not of the filter language
│   └── UnknownPluginError     a name that no file of the family has
├── NotFoundError              an id or a name that the caller's scope does not hold (HTTP 404)
├── ConflictError              the state does not allow it now (HTTP 409)
│   ├── RunCancelledError      a run was ended while it was worked on
│   └── SegmentGoneError       what is searched was replaced meanwhile: search again
├── DamagedSegmentError        stored files are not those that were written (HTTP 500)
├── DamagedWeightsError        a trained part's weights are not those that were shipped (HTTP 500)
├── UnauthenticatedError       no key, or one that is not valid (now) (HTTP 401)
├── ForbiddenError             the caller may see it, but not do this (HTTP 403)
├── TooManyRequestsError       the caller asks more often than it may (HTTP 429)
├── MissingExtraError          an optional library is not installed
├── LimitReachedError          a run was stopped by one of its limits (HTTP 503)
│   ├── OutOfTimeError         it took too long
│   ├── OutOfStepsError        it took too many steps
│   └── OutOfTokensError       the language model would have read and written too much
└── UnavailableError           a dependency is down or too slow (HTTP 503)
    ├── OverloadedError        more is asked than can be served; later it can
    └── GenerationError        the language model failed, timed out or answered nonsense
        └── DeadEndError       nothing that it may write next keeps the conditions it is held to

A message says what was got, what is allowed and what to do.
"""

__all__ = [
    "OWN_FAULT",
    "ConflictError",
    "DamagedSegmentError",
    "DamagedWeightsError",
    "DeadEndError",
    "ForbiddenError",
    "GenerationError",
    "InvalidFilterError",
    "InvalidInputError",
    "LimitReachedError",
    "MissingExtraError",
    "NotFoundError",
    "OutOfStepsError",
    "OutOfTimeError",
    "OutOfTokensError",
    "OverloadedError",
    "RagError",
    "RunCancelledError",
    "SegmentGoneError",
    "TooManyRequestsError",
    "UnauthenticatedError",
    "UnavailableError",
    "UnknownPluginError",
    "UnreadableDocumentError",
    "UnsupportedFormatError",
    "error_named",
]

OWN_FAULT = "an error of Grove's own; the server's log has its trace"
"""What is said of a failure that nobody foresaw: its own words may hold anything."""


class RagError(Exception):
    """Be the root of the tree: catch this to catch all of Grove's own errors."""


class InvalidInputError(RagError):
    """Say that the caller's value is wrong."""


class UnsupportedFormatError(InvalidInputError):
    """Say that no loader takes this kind of file."""


class UnreadableDocumentError(InvalidInputError):
    """Say that the file could not be read as what it claims to be."""


class InvalidFilterError(InvalidInputError):
    """Say that the filter is not of the filter language."""


class UnknownPluginError(InvalidInputError):
    """Say that no file of the family has this name."""


class NotFoundError(RagError):
    """Say that the caller's scope holds no such thing."""


class ConflictError(RagError):
    """Say that the present state does not allow it."""


class RunCancelledError(ConflictError):
    """Say that somebody ended the run while it was worked on."""


class SegmentGoneError(ConflictError):
    """Say that a segment is no longer there: a merge or a rebuild took its place, or a delete."""


class DamagedSegmentError(RagError):
    """Say that a segment's files are not those that were written."""


class DamagedWeightsError(RagError):
    """Say that the weights of a trained part are not those that were shipped."""


class UnauthenticatedError(RagError):
    """Say that a key is needed, or that the one that came is not valid."""


class ForbiddenError(RagError):
    """Say that the caller may see this, but not do it."""


class TooManyRequestsError(RagError):
    """Say that the caller asks more often than it may, and after how long to ask again."""

    def __init__(self, message: str, retry_after_seconds: int = 1) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class MissingExtraError(RagError):
    """Say which optional library is missing and how to install it."""


class LimitReachedError(RagError):
    """Say that a run was stopped by one of its limits; what it found is in its events."""

    state = "failed"  # of the run


class OutOfTimeError(LimitReachedError):
    """Say that a run took longer than it may."""

    state = "out_of_time"


class OutOfStepsError(LimitReachedError):
    """Say that a run took more steps than it may."""

    state = "out_of_steps"


class OutOfTokensError(LimitReachedError):
    """Say that the language model would have read and written more than a run may."""

    state = "out_of_tokens"


class UnavailableError(RagError):
    """Say that a dependency is down or too slow."""


class OverloadedError(UnavailableError):
    """Say that more is asked than can be served, and after how long to ask again."""

    def __init__(self, message: str, retry_after_seconds: int = 1) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class GenerationError(UnavailableError):
    """Say that the language model failed."""


class DeadEndError(GenerationError):
    """Say that nothing that the model may write next keeps the conditions it is held to."""


def error_named(name: str, message: str) -> RagError:
    """Give the error of this name, as one that another process raised; a plain RagError for other names.

    >>> error_named("NotFoundError", "no such job")
    NotFoundError('no such job')
    """
    kind = globals().get(name) if name in __all__ else None
    is_error = isinstance(kind, type) and issubclass(kind, RagError)
    return kind(message) if is_error and kind is not None else RagError(message)
