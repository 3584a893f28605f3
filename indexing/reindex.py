"""Rebuilding a collection's index from what the database keeps, beside the one that serves.

Chunks stay as they were cut: a new chunker or loader takes effect when a file is read again.
"""

from collections.abc import Sequence

from indexing._work import Work
from indexing.compaction import tidy
from indexing.pipeline import Pipeline, ReadDocument
from rag.compose import Grove
from rag.core.errors import RagError, UnavailableError
from rag.core.kinds import parse_kinds
from rag.core.types import ParsedDocument
from rag.db.jobs import LeaseLostError
from rag.db.reindex import StoredVersion

__all__ = ["Reindex", "submit_reindex"]

_MAX_DEATHS = 3  # of workers, one after the other, without a batch being published between them


def submit_reindex(grove: Grove, collection: str, *, kinds: Sequence[str] | None = None) -> str:
    """Queue the rebuilding of a collection's index; give the job's id, or that of one not finished.

    Args:
        grove: the installation.
        collection: which.
        kinds: that the new index has; by default those of the present one.

    Raises:
        NotFoundError: no such collection.
        ConflictError: a rebuilding for other kinds is not finished.
    """
    grove.catalog.snapshot(collection)
    return grove.jobs.submit_reindex(collection, index_kinds=",".join(kinds) if kinds else None)


class Reindex:
    """One worker's pass through what the new index does not have yet."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._grove = work.grove
        self._job = work.job

    def run(self) -> str | None:
        """Fill the new index, then let it serve; give the reason when it cannot be done."""
        if self._job.deaths >= _MAX_DEATHS:
            self._grove.reindexer.abandon(self._job.collection)
            return (
                f"the worker died {self._job.deaths} times at the same place of this rebuilding, perhaps"
                " for want of memory; the present index goes on serving. A smaller"
                f" GROVE_INGESTION__BATCH_CHUNKS may help; `rag jobs retry {self._job.job_id}` tries again"
            )
        try:
            self._pipeline = Pipeline.from_grove(self._grove)
            self._kinds = self._wanted_kinds()
            encoder, others = self._grove.encoder.fingerprint, self._grove.others(self._kinds)
            with self._grove.database.write() as session:
                self._grove.jobs.hold(session, self._job)
                index_id = self._grove.reindexer.begin(
                    session, self._job.collection, encoder=encoder, others=others
                )
            self._tell_totals("leased", index_id)
            while not self._is_switched(index_id):
                self._fill(index_id)
        except (LeaseLostError, UnavailableError):
            raise
        except RagError as error:
            self._grove.reindexer.abandon(self._job.collection)
            return str(error)
        self._work.tell("switched")
        self._grove.publisher.sweep()
        return None

    def _wanted_kinds(self) -> tuple[str, ...]:
        named = self._job.index_kinds
        return parse_kinds(named or self._grove.catalog.snapshot(self._job.collection).kinds)

    def _fill(self, index_id: str) -> None:
        max_chunks = self._grove.settings.ingestion.batch_chunks
        while versions := self._grove.reindexer.missing(index_id, max_chunks=max_chunks):
            self._work.check()
            self._work.tell("read", source=versions[-1].source)
            self._add(index_id, versions)
            tidy(self._grove, self._job.collection, index_id=index_id)

    def _add(self, index_id: str, versions: Sequence[StoredVersion]) -> None:
        documents = [_document(version) for version in versions]
        encoded = self._pipeline.encode(documents, kinds=self._kinds, on_chunks=self._work.count_chunks)
        self._work.tell("encoded")
        by_version = dict(zip((version.version_id for version in versions), encoded, strict=True))
        with self._grove.database.write() as session:
            self._grove.jobs.hold(session, self._job)
            self._grove.reindexer.add(session, index_id, by_version)
            self._work.tell("staged")
        self._tell_totals("published", index_id)

    def _is_switched(self, index_id: str) -> bool:
        with self._grove.database.write() as session:
            self._grove.jobs.hold(session, self._job)
            is_switched = self._grove.reindexer.switch(session, self._job.collection, index_id)
            if is_switched:
                self._work.tell("switching")
        return is_switched

    def _tell_totals(self, step: str, index_id: str) -> None:
        """Tell how far the new index is; documents that came meanwhile count too."""
        totals = self._grove.reindexer.totals(index_id)
        with self._grove.database.write() as session:
            self._grove.jobs.hold(session, self._job)
            self._grove.jobs.count_chunks(session, self._job, done=totals.chunks_done, total=totals.chunks)
        self._work.tell(
            step,
            num_files=totals.documents,
            files_done=totals.documents_done,
            chunks_read=totals.chunks,
            chunks_encoded=totals.chunks_done,
        )


def _document(version: StoredVersion) -> ReadDocument:
    parsed = ParsedDocument("", version.title, metadata=version.attributes)
    return ReadDocument(version.source, "", parsed, version.chunks)
