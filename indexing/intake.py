"""Taking files in: batch by batch, each batch one commit; the next one is read while one is encoded."""

import logging
from collections import defaultdict
from collections.abc import Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import replace

from sqlalchemy.orm import Session

from indexing._work import StoppedError, Work
from indexing.compaction import tidy
from indexing.engines._engine import Engine, UnfitError
from indexing.file_reading import FileRead, unexpected
from indexing.pipeline import Pipeline, as_read
from rag.core.errors import (
    ConflictError,
    DamagedSegmentError,
    MissingExtraError,
    NotFoundError,
    UnavailableError,
    UnknownPluginError,
)
from rag.core.registry import Family
from rag.db.jobs import LeaseLostError
from rag.db.publish import EncodedDocument, Published, keep_base, stamp_version

__all__ = ["Intake"]

_ENGINES = Family("indexing.engines")
_MAX_BATCH_FILES = 64  # also when they hold few chunks, so that progress shows
_log = logging.getLogger(__name__)


class Intake:
    """One worker's pass through the files of a job."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._grove = work.grove
        self._job = work.job

    def run(self) -> str | None:
        """Take in what can be taken in; each file is marked with what became of it.

        Gives why the rest was not, None when all was.
        """
        self._work.tell("leased")
        if not self._job.files:
            return None
        try:
            engine: Engine = _ENGINES.load(self._grove.settings.ingestion.engine)()
        except (UnknownPluginError, MissingExtraError) as error:
            return str(error)
        try:
            # Whoever submits makes it: one that is missing was deleted since, and stays that.
            self._grove.check_collection(self._job.collection)
        except (ConflictError, NotFoundError) as error:
            self._fail_all(str(error))
            return None
        self._pipeline = Pipeline.from_grove(self._grove)
        try:
            with closing(self._batches(engine)) as batches:
                self._take_in_all(batches)
        except UnfitError as error:
            return str(error)
        return None

    def _take_in_all(self, batches: Iterator[list[FileRead]]) -> None:
        if any(file.attempts for file in self._job.files.values()):
            # A worker died on this job: one step at a time, so that only the guilty file is blamed.
            for batch in batches:
                self._take_in(batch)
            return
        with ThreadPoolExecutor(1) as reader:
            # One batch is read while the one before it is encoded.
            coming = reader.submit(next, batches, None)
            try:
                while (read := coming.result()) is not None:
                    coming = reader.submit(next, batches, None)
                    self._take_in(read)
            except BaseException:
                self._work.is_given_up = True
                raise

    def _batches(self, engine: Engine) -> Generator[list[FileRead]]:
        batch: list[FileRead] = []
        num_chunks = 0
        for read in engine.reads(self._work):
            if read.file.attempts and batch:
                yield batch
                batch, num_chunks = [], 0
            batch.append(read)
            num_chunks += read.num_chunks
            is_full = num_chunks >= self._grove.settings.ingestion.batch_chunks
            if is_full or read.file.attempts or len(batch) >= _MAX_BATCH_FILES:
                yield batch
                batch, num_chunks = [], 0
        if batch:
            yield batch

    def _take_in(self, batch: list[FileRead]) -> None:
        try:
            self._publish_to_serving(batch)
        except (StoppedError, LeaseLostError, UnavailableError):
            raise
        except (NotFoundError, ConflictError) as error:
            self._publish([_refused(read, str(error)) for read in batch])
        except Exception as error:
            _log.exception("a batch of %d files failed unexpectedly", len(batch))
            if len(batch) == 1:
                self._publish([_refused(batch[0], unexpected(error))])
            else:
                for read in batch:  # the others must not suffer for the one
                    self._take_in([read])

    def _publish_to_serving(self, batch: list[FileRead]) -> None:
        """Publish; once more when an index of other kinds came to serve meanwhile."""
        kinds = self._kinds(batch)
        try:
            self._publish(batch, kinds)
        except LeaseLostError:
            raise
        except ConflictError:
            if (now := self._kinds(batch)) == kinds:
                raise
            self._publish(batch, now)

    def _kinds(self, batch: list[FileRead]) -> tuple[str, ...]:
        has_new = any(read.num_chunks for read in batch)
        return tuple(self._grove.catalog.snapshot(self._job.collection).kinds) if has_new else ()

    def _publish(self, batch: list[FileRead], kinds: tuple[str, ...] = ()) -> None:
        counted = self._work.progress
        try:
            self._publish_counted(batch, kinds)
        except Exception:
            self._work.progress = counted  # it comes again, and would count twice
            raise

    def _publish_counted(self, batch: list[FileRead], kinds: tuple[str, ...]) -> None:
        num_files, num_chunks = len(batch), sum(read.num_chunks for read in batch)
        chunks_read = self._work.progress.chunks_read + num_chunks
        self._work.tell("read", chunks_read=chunks_read, source=batch[-1].file.source)
        encoded = self._encoded(batch, kinds)
        self._work.tell("encoded")
        forgotten: list[str] = []
        with self._grove.database.write() as session:
            self._grove.jobs.hold(session, self._job)
            cancelled = self._grove.jobs.cancelled(session, self._job)
            batch = [read for read in batch if read.ordinal not in cancelled]
            sources = {read.file.source for read in batch}
            encoded = [each for each in encoded if each.source in sources]
            gone = [read.file.source for read in batch if _is_gone(read)]
            published = self._make_visible(session, encoded, kinds) if encoded else []
            if gone:
                forgotten = self._grove.publisher.delete_sources(session, self._job.collection, gone)
            by_source = {item.source: item for item in published}
            for read in batch:
                self._mark(session, read, by_source.get(read.file.source))
            self._keep_bases(session, batch, by_source)
            self._work.tell("staged")
        self._work.tell(
            "published",
            files_done=self._work.progress.files_done + num_files,
            bytes_read=self._work.progress.bytes_read + sum(read.num_bytes for read in batch),
        )
        if gone:
            self._grove.publisher.forget(forgotten)
        if encoded or gone:
            with suppress(NotFoundError, DamagedSegmentError):  # deleted meanwhile; its searches tell
                tidy(self._grove, self._job.collection)

    def _encoded(self, batch: list[FileRead], kinds: tuple[str, ...]) -> list[EncodedDocument]:
        """Encode what was not encoded where it was read, or for an index of other kinds."""
        documents = [read.document for read in batch if read.document is not None]
        encoded = [(read.encoded, read.kinds) for read in batch if read.encoded is not None]
        documents += [as_read(document) for document, theirs in encoded if theirs != kinds]
        ready = [document for document, theirs in encoded if theirs == kinds]
        if ready:
            self._work.count_chunks(sum(len(document.chunks) for document in ready))
        return ready + self._pipeline.encode(documents, kinds=kinds, on_chunks=self._work.count_chunks)

    def _make_visible(
        self, session: Session, encoded: list[EncodedDocument], kinds: Sequence[str]
    ) -> list[Published]:
        encoder, others = self._grove.encoder.fingerprint, self._grove.others(kinds)
        return self._grove.publisher.publish(
            session, self._job.collection, encoded, encoder=encoder, others=others
        )

    def _mark(self, session: Session, read: FileRead, item: Published | None) -> None:
        if read.known_id is not None and read.file.stamp is not None:
            stamp_version(session, read.known_id, read.file.stamp)
        self._grove.jobs.mark(
            session,
            self._job,
            read.ordinal,
            state=_state(read, item),
            document_id=item.document_id if item else read.known_id,
            chunks=item.num_chunks if item else 0,
            num_bytes=read.num_bytes,
            error=read.error,
        )

    def _keep_bases(
        self, session: Session, batch: Sequence[FileRead], by_source: Mapping[str, Published]
    ) -> None:
        documents: dict[str | None, list[str]] = defaultdict(list)
        for read in batch:
            item = by_source.get(read.file.source)
            if read.file.error is not None:  # another file's document
                continue
            if document_id := item.document_id if item else read.known_id:
                documents[read.file.base].append(document_id)
        for base, document_ids in documents.items():
            keep_base(session, document_ids, base)

    def _fail_all(self, reason: str) -> None:
        with self._grove.database.write() as session:
            self._grove.jobs.hold(session, self._job)
            for ordinal in self._job.files:
                self._grove.jobs.mark(session, self._job, ordinal, state="failed", error=reason)


def _state(read: FileRead, item: Published | None) -> str:
    if read.error:
        return "failed"
    if _is_gone(read):
        return "deleted"
    return "done" if item is not None and item.is_new else "skipped"


def _is_gone(read: FileRead) -> bool:
    return read.file.action == "delete" and read.error is None and read.known_id is None


def _refused(read: FileRead, reason: str) -> FileRead:
    return replace(read, document=None, encoded=None, known_id=None, error=read.error or reason)
