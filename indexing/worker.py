"""Running ingestion jobs: leased, heart-beating, batch by batch, each batch one commit."""

import logging
import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from indexing.compaction import compact
from indexing.pipeline import Pipeline, ReadDocument
from indexing.submit import uploads_dir
from rag.compose import Grove
from rag.core.errors import ConflictError, RagError
from rag.db.jobs import JobFile, JobStatus, LeasedJob

__all__ = ["Progress", "run_job", "work_forever"]

_POLL_SECONDS = 0.5
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


def run_job(
    grove: Grove, job_id: str | None = None, *, on_progress: Callable[[Progress], None] = lambda _: None
) -> JobStatus | None:
    """Run the given job, or the oldest free one; None when there is none to run.

    A job that another worker holds is not run; a worker that loses its lease stops.
    """
    lease_seconds = grove.settings.ingestion.lease_seconds
    job = grove.jobs.lease(uuid.uuid4().hex, lease_seconds=lease_seconds, job_id=job_id)
    if job is None:
        return None
    grove.publisher.sweep()
    with _heartbeat(grove, job, lease_seconds):
        _JobRun(grove, job, on_progress).run()
    compact(grove, job.collection, above=grove.settings.ingestion.max_segments)
    _remove_uploads(grove, job)
    return grove.jobs.job(job.job_id)


def work_forever(grove: Grove, stop: threading.Event) -> None:
    """Run jobs as they come until stopped; an unexpected failure is logged and the next job tried."""
    while not stop.is_set():
        try:
            status = run_job(grove)
        except Exception:
            _log.exception("a job failed unexpectedly; it is tried again when its lease ends")
            status = None
        if status is None:
            stop.wait(_POLL_SECONDS)


class _JobRun:
    """One worker's pass through a job."""

    def __init__(self, grove: Grove, job: LeasedJob, on_progress: Callable[[Progress], None]) -> None:
        self._grove = grove
        self._job = job
        self._pipeline = Pipeline.from_grove(grove)
        self._on_progress = on_progress
        self._progress = Progress("leased", len(job.files))

    def run(self) -> None:
        self._tell("leased")
        self._grove.ensure_collection(self._job.collection)
        with ThreadPoolExecutor(1) as reader:
            # One batch is read while the one before it is encoded.
            batches = self._batches()
            coming = reader.submit(next, batches, None)
            while (batch := coming.result()) is not None:
                coming = reader.submit(next, batches, None)
                self._take_in(batch)
        self._grove.jobs.finish(self._job)
        self._tell("finished")

    def _batches(self) -> Iterator[list[_Read]]:
        batch: list[_Read] = []
        num_chunks = 0
        for ordinal, file in self._job.files.items():
            self._grove.jobs.start_file(self._job, ordinal)
            batch.append(self._read(ordinal, file))
            document = batch[-1].document
            num_chunks += len(document.chunks) if document else 0
            if num_chunks >= self._grove.settings.ingestion.batch_chunks:
                yield batch
                batch, num_chunks = [], 0
        if batch:
            yield batch

    def _read(self, ordinal: int, file: JobFile) -> _Read:
        try:
            content, content_hash = self._pipeline.content(file)
            known_id = self._grove.publisher.is_current(
                self._job.collection, file.source, content_hash, self._pipeline.version
            )
            if known_id is not None:
                return _Read(ordinal, file, known_id=known_id)
            return _Read(ordinal, file, document=self._pipeline.read(file, content, content_hash))
        except RagError as error:
            return _Read(ordinal, file, error=str(error))
        except Exception as error:
            _log.exception("reading %s failed unexpectedly", file.source)
            return _Read(ordinal, file, error=f"unexpected {type(error).__name__}: {error}")

    def _take_in(self, batch: list[_Read]) -> None:
        documents = [read.document for read in batch if read.document is not None]
        num_chunks = sum(len(document.chunks) for document in documents)
        self._tell(
            "read", chunks_read=self._progress.chunks_read + num_chunks, source=batch[-1].file.source
        )
        encoded = self._pipeline.encode(documents, on_chunks=self._count_chunks)
        self._tell("encoded")
        encoder = self._grove.encoder.fingerprint
        with self._grove.database.write() as session:
            self._grove.jobs.hold(session, self._job)
            published = self._grove.publisher.publish(
                session, self._job.collection, encoded, encoder=encoder
            )
            by_source = {item.source: item for item in published}
            for read in batch:
                item = by_source.get(read.file.source)
                state = "failed" if read.error else "done" if item and item.is_new else "skipped"
                self._grove.jobs.mark(
                    session,
                    self._job,
                    read.ordinal,
                    state=state,
                    document_id=item.document_id if item else read.known_id,
                    chunks=item.num_chunks if item else 0,
                    error=read.error,
                )
            self._tell("staged")
        self._tell("published", files_done=self._progress.files_done + len(batch))

    def _count_chunks(self, count: int) -> None:
        self._tell("encoding", chunks_encoded=self._progress.chunks_encoded + count)

    def _tell(self, step: str, **changes: object) -> None:
        self._progress = replace(self._progress, step=step, **changes)  # type: ignore[arg-type]
        self._on_progress(self._progress)


@contextmanager
def _heartbeat(grove: Grove, job: LeasedJob, lease_seconds: float) -> Iterator[None]:
    stop = threading.Event()

    def beat() -> None:
        while not stop.wait(lease_seconds / 3):
            try:
                grove.jobs.heartbeat(job, lease_seconds=lease_seconds)
            except ConflictError:
                return  # the next publication notices it and stops the run

    thread = threading.Thread(target=beat, name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _remove_uploads(grove: Grove, job: LeasedJob) -> None:
    directory = uploads_dir(grove)
    for file in job.files.values():
        if Path(file.path).parent == directory:
            Path(file.path).unlink(missing_ok=True)
