"""What the queue of jobs takes and gives: values, no rows of the database."""

from dataclasses import dataclass
from datetime import datetime

from rag.core.errors import ConflictError

__all__ = ["FileStatus", "JobFile", "JobHaltedError", "JobStatus", "LeaseLostError", "LeasedJob"]


class LeaseLostError(ConflictError):
    """Say that another worker has taken the job over."""


class JobHaltedError(LeaseLostError):
    """Say that a person has paused or cancelled the job, or that it is gone."""


@dataclass(frozen=True, slots=True)
class JobFile:
    """A file to take in: its name for people, and where its bytes are. An error says it was refused."""

    source: str
    path: str  # as Python spells it: bytes that are no Unicode are surrogates; of a deletion may be empty
    error: str | None = None
    attempts: int = 0  # how often a worker began with it; more than once means that one died on it
    action: str = "take"  # or delete: the document that came from the source
    stamp: str | None = None  # what the source says of it: while that is the same, so are the bytes
    base: str | None = None  # the folder that the source is relative to; empty: none, the file was sent
    place: str | None = None  # of what could not be read: the source of the archive or folder at `path`


@dataclass(frozen=True, slots=True)
class LeasedJob:
    """A job in one worker's hands: what is left to do."""

    job_id: str
    kind: str
    collection: str
    worker: str
    files: dict[int, JobFile]  # ordinal -> file, those not finished
    index_kinds: str | None = None  # that a rebuilding makes; none: those that there are
    deaths: int = 0  # how often a worker died on a rebuilding without getting on


@dataclass(frozen=True, slots=True)
class FileStatus:
    """How one file of a job fares: queued, running, done, skipped, deleted, failed or cancelled."""

    source: str
    state: str
    document_id: str | None
    chunks: int
    error: str | None
    bytes: int = 0  # read


@dataclass(frozen=True, slots=True)
class JobStatus:
    """How a job fares.

    `kind` is ingest or reindex; `state` is queued, running, paused, done (some files may have failed),
    failed (all did and none was left out as unchanged, or the rebuilding) or cancelled. How many chunks
    there will be is known of a rebuilding only. The rate is in files a second, of a rebuilding in chunks,
    since the worker took the job.
    """

    job_id: str
    kind: str
    collection: str
    state: str
    created_at: datetime
    finished_at: datetime | None
    error: str | None
    chunks_done: int
    chunks_total: int
    files: list[FileStatus]
    files_done: int = 0  # taken in, skipped, deleted or failed
    files_total: int = 0
    bytes_done: int = 0
    rate_per_second: float | None = None  # none before the first is done
    eta_seconds: float | None = None  # while it runs
