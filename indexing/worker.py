"""Running ingestion jobs: leased, heart-beating, batch by batch, each batch one commit."""

import logging
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from indexing.compaction import tidy
from indexing.pipeline import Pipeline, ReadDocument
from indexing.reader import Reader
from indexing.submit import remove_orphans, remove_uploads
from rag.compose import Grove
from rag.core.errors import ConflictError, DamagedSegmentError, NotFoundError, RagError, UnavailableError
from rag.db.jobs import JobFile, JobStatus, LeasedJob, LeaseLostError
from rag.db.publish import EncodedDocument, Published

__all__ = ["Progress", "run_job", "work_forever"]

_POLL_SECONDS = 0.5
_RETRY_SECONDS = 5.0
_TIDY_SECONDS = 600.0
_MAX_BATCH_FILES = 64  # also when they hold few chunks, so that progress shows
_MAX_ATTEMPTS = 3
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a job stands; `step` is what was just done."""

    step: str  # leased, read, encoding, encoded, staged, published, finished
    num_files: int
    files_done: int = 0  # taken in, skipped or failed
    chunks_read: int = 0
    chunks_encoded: int = 0
    source: str = ""


@dataclass(frozen=True, slots=True)
class _Read:
    """A file after reading: a document, or a reason why not."""

    ordinal: int
    file: JobFile
    document: ReadDocument | None = None
    known_id: str | None = None  # the document that already holds these bytes
    error: str | None = None


class _StoppedError(Exception):
    """Say that the worker was asked to stop."""


def run_job(
    grove: Grove,
    job_id: str | None = None,
    *,
    on_progress: Callable[[Progress], None] = lambda _: None,
    stop: threading.Event | None = None,
) -> JobStatus | None:
    """Run the given job, or the oldest free one; None when there is none to run.

    A job that another worker holds is not run; a worker that loses its lease stops. When stopped or
    interrupted, the job is given back at once and what was published stays.

    Raises:
        LeaseLostError: another worker took the job over.
        UnavailableError: the database is down; the job is tried again later.
    """
    lease_seconds = grove.settings.ingestion.lease_seconds
    job = grove.jobs.lease(uuid.uuid4().hex, lease_seconds=lease_seconds, job_id=job_id)
    if job is None:
        return None
    run = _JobRun(grove, job, on_progress, stop or threading.Event())
    try:
        with _heartbeat(grove, job, lease_seconds):
            grove.publisher.sweep()
            run.run()
    except _StoppedError:
        _log.info("stopped; job %s goes on with the next worker", job.job_id)
    finally:
        if not run.is_finished:
            with suppress(LeaseLostError, UnavailableError):
                grove.jobs.release(job)
    if run.is_finished:
        remove_uploads(grove, job.job_id)
    return grove.jobs.job(job.job_id)


def work_forever(grove: Grove, stop: threading.Event) -> None:
    """Run jobs as they come until stopped; an unexpected failure is logged and the next job tried."""
    tidied = 0.0
    while not stop.is_set():
        try:
            if run_job(grove, stop=stop) is None:
                if time.monotonic() - tidied > _TIDY_SECONDS:
                    tidied = time.monotonic()
                    _tidy_all(grove)
                stop.wait(_POLL_SECONDS)
        except Exception:
            _log.exception("a job failed unexpectedly; it is tried again")
            stop.wait(_RETRY_SECONDS)


class _JobRun:
    """One worker's pass through a job."""

    def __init__(
        self,
        grove: Grove,
        job: LeasedJob,
        on_progress: Callable[[Progress], None],
        stop: threading.Event,
    ) -> None:
        self._grove = grove
        self._job = job
        self._on_progress = on_progress
        self._stop = stop
        self._progress = Progress("leased", len(job.files))
        self.is_finished = False

    def run(self) -> None:
        self._tell("leased")
        limits = self._grove.settings.ingestion
        try:
            self._grove.ensure_collection(self._job.collection)
        except ConflictError as error:
            self._fail_all(str(error))
        else:
            with Reader(max_seconds=limits.read_seconds, max_bytes=limits.read_bytes) as reader:
                self._pipeline = Pipeline.from_grove(self._grove, parse=reader.read)
                self._take_in_all()
        self._grove.jobs.finish(self._job)
        self.is_finished = True
        self._tell("finished")

    def _take_in_all(self) -> None:
        batches = self._batches()
        if any(file.attempts for file in self._job.files.values()):
            # A worker died on this job: one step at a time, so that only the guilty file is blamed.
            for batch in batches:
                self._take_in(batch)
            return
        with ThreadPoolExecutor(1) as reader:
            # One batch is read while the one before it is encoded.
            coming = reader.submit(next, batches, None)
            while (read := coming.result()) is not None:
                coming = reader.submit(next, batches, None)
                self._take_in(read)

    def _batches(self) -> Iterator[list[_Read]]:
        batch: list[_Read] = []
        num_chunks = 0
        for ordinal, file in self._job.files.items():
            if self._stop.is_set():
                raise _StoppedError
            if file.attempts and batch:
                yield batch
                batch, num_chunks = [], 0
            batch.append(self._read(ordinal, file))
            document = batch[-1].document
            num_chunks += len(document.chunks) if document else 0
            is_full = num_chunks >= self._grove.settings.ingestion.batch_chunks
            if is_full or file.attempts or len(batch) >= _MAX_BATCH_FILES:
                yield batch
                batch, num_chunks = [], 0
        if batch:
            yield batch

    def _read(self, ordinal: int, file: JobFile) -> _Read:
        if file.attempts >= _MAX_ATTEMPTS:
            return _Read(ordinal, file, error=f"the worker died {file.attempts} times on this file")
        try:
            content, content_hash = self._pipeline.content(file)
            known_id = self._grove.publisher.is_current(
                self._job.collection, file.source, content_hash, self._pipeline.version
            )
            if known_id is not None:
                return _Read(ordinal, file, known_id=known_id)
            self._grove.jobs.start_file(self._job, ordinal)
            return _Read(ordinal, file, document=self._pipeline.read(file, content, content_hash))
        except UnavailableError:
            raise
        except RagError as error:
            return _Read(ordinal, file, error=str(error))
        except Exception as error:
            _log.exception("reading %s failed unexpectedly", file.source)
            return _Read(ordinal, file, error=_unexpected(error))

    def _take_in(self, batch: list[_Read]) -> None:
        try:
            self._publish(batch)
        except (_StoppedError, LeaseLostError, UnavailableError):
            raise
        except (NotFoundError, ConflictError) as error:
            self._publish([_refused(read, str(error)) for read in batch])
        except Exception as error:
            _log.exception("a batch of %d files failed unexpectedly", len(batch))
            if len(batch) == 1:
                self._publish([_refused(batch[0], _unexpected(error))])
            else:
                for read in batch:  # the others must not suffer for the one
                    self._take_in([read])

    def _publish(self, batch: list[_Read]) -> None:
        documents = [read.document for read in batch if read.document is not None]
        num_chunks = sum(len(document.chunks) for document in documents)
        chunks_read = self._progress.chunks_read + num_chunks
        self._tell("read", chunks_read=chunks_read, source=batch[-1].file.source)
        encoded = self._pipeline.encode(documents, on_chunks=self._count_chunks)
        self._tell("encoded")
        with self._grove.database.write() as session:
            self._grove.jobs.hold(session, self._job)
            published = self._make_visible(session, encoded) if encoded else []
            by_source = {item.source: item for item in published}
            for read in batch:
                self._mark(session, read, by_source.get(read.file.source))
            self._tell("staged")
        self._tell("published", files_done=self._progress.files_done + len(batch))
        if encoded:
            with suppress(NotFoundError, DamagedSegmentError):  # deleted meanwhile; its searches tell
                tidy(self._grove, self._job.collection)

    def _make_visible(self, session: Session, encoded: list[EncodedDocument]) -> list[Published]:
        encoder = self._grove.encoder.fingerprint
        return self._grove.publisher.publish(session, self._job.collection, encoded, encoder=encoder)

    def _mark(self, session: Session, read: _Read, item: Published | None) -> None:
        is_new = item is not None and item.is_new
        self._grove.jobs.mark(
            session,
            self._job,
            read.ordinal,
            state="failed" if read.error else "done" if is_new else "skipped",
            document_id=item.document_id if item else read.known_id,
            chunks=item.num_chunks if item else 0,
            error=read.error,
        )

    def _fail_all(self, reason: str) -> None:
        with self._grove.database.write() as session:
            self._grove.jobs.hold(session, self._job)
            for ordinal in self._job.files:
                self._grove.jobs.mark(session, self._job, ordinal, state="failed", error=reason)

    def _count_chunks(self, count: int) -> None:
        if self._stop.is_set():
            raise _StoppedError
        self._tell("encoding", chunks_encoded=self._progress.chunks_encoded + count)

    def _tell(self, step: str, **changes: object) -> None:
        self._progress = replace(self._progress, step=step, **changes)  # type: ignore[arg-type]
        self._on_progress(self._progress)


def _refused(read: _Read, reason: str) -> _Read:
    return replace(read, document=None, known_id=None, error=read.error or reason)


def _unexpected(error: Exception) -> str:
    return f"unexpected {type(error).__name__}: {error}"


@contextmanager
def _heartbeat(grove: Grove, job: LeasedJob, lease_seconds: float) -> Iterator[None]:
    stop = threading.Event()

    def beat() -> None:
        while not stop.wait(lease_seconds / 3):
            try:
                grove.jobs.heartbeat(job, lease_seconds=lease_seconds)
            except LeaseLostError:
                return  # the next publication notices it and stops the run
            except UnavailableError as error:
                _log.warning("the lease of job %s could not be prolonged: %s", job.job_id, error)

    thread = threading.Thread(target=beat, name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _tidy_all(grove: Grove) -> None:
    """Remove what crashes, deletes and merges left behind."""
    grove.publisher.sweep()
    for collection in grove.catalog.collections():
        with suppress(NotFoundError, DamagedSegmentError):  # deleted meanwhile; its searches tell
            tidy(grove, collection.name)
    remove_orphans(grove)
