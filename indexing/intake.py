"""Taking files in: batch by batch, each batch one commit; the next one is read while one is encoded."""

import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from indexing._work import StoppedError, Work
from indexing.compaction import tidy
from indexing.pipeline import Pipeline, ReadDocument
from rag.core.errors import ConflictError, DamagedSegmentError, NotFoundError, RagError, UnavailableError
from rag.db.jobs import JobFile, LeaseLostError
from rag.db.publish import EncodedDocument, Published

__all__ = ["Intake"]

_MAX_BATCH_FILES = 64  # also when they hold few chunks, so that progress shows
_MAX_ATTEMPTS = 3
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Read:
    """A file after reading: a document, or a reason why not."""

    ordinal: int
    file: JobFile
    document: ReadDocument | None = None
    known_id: str | None = None  # the document that already holds these bytes
    error: str | None = None


class Intake:
    """One worker's pass through the files of a job."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._grove = work.grove
        self._job = work.job

    def run(self) -> None:
        """Take in what can be taken in; each file is marked with what became of it."""
        self._work.tell("leased")
        try:
            self._grove.ensure_collection(self._job.collection)
        except ConflictError as error:
            self._fail_all(str(error))
        else:
            self._work.reader.start()
            self._pipeline = Pipeline.from_grove(self._grove, parse=self._work.reader.read)
            self._take_in_all()

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
            self._work.check()
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
                self._grove.originals.keep(content, content_hash)  # of what came before originals were kept
                return _Read(ordinal, file, known_id=known_id)
            self._grove.jobs.start_file(self._job, ordinal)
            document = self._pipeline.read(file, content, content_hash)
            self._grove.originals.keep(content, content_hash)
            return _Read(ordinal, file, document=document)
        except (LeaseLostError, UnavailableError):
            raise
        except RagError as error:
            return _Read(ordinal, file, error=str(error))
        except Exception as error:
            _log.exception("reading %s failed unexpectedly", file.source)
            return _Read(ordinal, file, error=_unexpected(error))

    def _take_in(self, batch: list[_Read]) -> None:
        try:
            self._publish(batch)
        except (StoppedError, LeaseLostError, UnavailableError):
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
        chunks_read = self._work.progress.chunks_read + num_chunks
        self._work.tell("read", chunks_read=chunks_read, source=batch[-1].file.source)
        kinds = tuple(self._grove.catalog.snapshot(self._job.collection).kinds) if documents else ()
        encoded = self._pipeline.encode(documents, kinds=kinds, on_chunks=self._work.count_chunks)
        self._work.tell("encoded")
        with self._grove.database.write() as session:
            self._grove.jobs.hold(session, self._job)
            published = self._make_visible(session, encoded, kinds) if encoded else []
            by_source = {item.source: item for item in published}
            for read in batch:
                self._mark(session, read, by_source.get(read.file.source))
            self._work.tell("staged")
        self._work.tell("published", files_done=self._work.progress.files_done + len(batch))
        if encoded:
            with suppress(NotFoundError, DamagedSegmentError):  # deleted meanwhile; its searches tell
                tidy(self._grove, self._job.collection)

    def _make_visible(
        self, session: Session, encoded: list[EncodedDocument], kinds: Sequence[str]
    ) -> list[Published]:
        encoder, others = self._grove.encoder.fingerprint, self._grove.others(kinds)
        return self._grove.publisher.publish(
            session, self._job.collection, encoded, encoder=encoder, others=others
        )

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


def _refused(read: _Read, reason: str) -> _Read:
    return replace(read, document=None, known_id=None, error=read.error or reason)


def _unexpected(error: Exception) -> str:
    return f"unexpected {type(error).__name__}: {error}"
