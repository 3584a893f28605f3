"""Files are read on this machine, by as many processes as `GROVE_INGESTION__WORKERS` says."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

from indexing._work import Work
from indexing.file_reading import FileRead, read_file
from indexing.pipeline import Pipeline
from rag.db.jobs import JobFile
from rag.db.publish import KnownVersion

__all__ = ["Local"]

_AHEAD = 2  # files in hand for each process, so that none waits while another is slow


class Local:
    """Reads in the order of the job, so that the batches do not depend on how many processes there are."""

    def reads(self, work: Work) -> Iterator[FileRead]:
        """Read the files, several at a time; one at a time once a worker died on this job."""
        work.reader.start()
        pipeline = Pipeline.from_grove(work.grove, read=partial(work.reader.read, check=work.check))
        if any(file.attempts for file in work.job.files.values()):
            # Only the guilty file must be blamed for the next death.
            for ordinal, file, known in work.files():
                work.check()
                yield _read(work, pipeline, ordinal, file, known)
            return
        waiting: deque[Future[FileRead]] = deque()
        with ThreadPoolExecutor(work.num_readers) as pool:
            try:
                for ordinal, file, known in work.files():
                    work.check()
                    waiting.append(pool.submit(_read, work, pipeline, ordinal, file, known))
                    if len(waiting) >= _AHEAD * work.num_readers:
                        yield waiting.popleft().result()
                while waiting:
                    work.check()
                    yield waiting.popleft().result()
            finally:
                for future in waiting:
                    future.cancel()


def _read(
    work: Work, pipeline: Pipeline, ordinal: int, file: JobFile, known: KnownVersion | None
) -> FileRead:
    work.check()
    grove, job = work.grove, work.job
    return read_file(
        pipeline,
        file,
        ordinal,
        known=known,
        on_start=lambda: grove.jobs.start_file(job, ordinal),
        keep=grove.originals.keep,
    )
