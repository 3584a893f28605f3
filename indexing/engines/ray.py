"""Files are read and encoded by a Ray cluster; the worker that holds the job publishes them.

Only that worker writes, so that any database and store will do, and a machine that dies costs what it had
in hand: Ray gives it to another. Buckets and web addresses are read by the machines themselves; files must
be on this machine, or where all machines see them.
"""

import logging
import pickle
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

import pyarrow as pa
import ray
from ray.exceptions import RayError

from indexing._work import Work
from indexing.addresses import is_address
from indexing.engines._engine import UnfitError
from indexing.file_reading import FileRead, read_file
from indexing.pipeline import Pipeline, portable_chunker
from indexing.reader import Reader
from rag.compose import Grove
from rag.db.jobs import JobFile

__all__ = ["Ray"]

_FILES_AT_ONCE = 8  # read and encoded together: one task
_MAX_DEATHS = 3  # of a machine's process, on one task: then the job fails, and can be retried
_MAX_TASKS = 2000
_log = logging.getLogger(__name__)


class Ray:
    """Reads by Ray Data, in whatever order files are ready."""

    def reads(self, work: Work) -> Iterator[FileRead]:
        """Read the files on the cluster of `GROVE_INGESTION__RAY_ADDRESS`, or on one of this machine's own.

        Raises:
            StoppedError, LeaseLostError: it may not go on.
            UnfitError: files that other machines do not see; or the cluster failed.
        """
        settings = work.grove.settings
        files = work.job.files
        kinds = tuple(work.grove.catalog.snapshot(work.job.collection).kinds)
        ours = _made_by(work.grove, kinds)
        try:
            _connect(settings.ingestion.ray_address, settings.ingestion.workers)
            _check_files(files, are_shared=settings.ingestion.shared_files)
            rows = [{"item": pickle.dumps((ordinal, file, known))} for ordinal, file, known in work.files()]
            work.check()
            num_tasks = -(-len(rows) // _FILES_AT_ONCE)
            read = ray.data.from_items(rows, override_num_blocks=min(num_tasks, _MAX_TASKS)).map_batches(
                _Machine,
                fn_constructor_kwargs={"settings": settings, "kinds": kinds},
                batch_size=_FILES_AT_ONCE,
                batch_format="pyarrow",
                compute=ray.data.ActorPoolStrategy(min_size=1, max_size=settings.ingestion.workers),
                num_cpus=1,
                ray_remote_args_fn=lambda: {"max_restarts": -1, "max_task_retries": _MAX_DEATHS},
            )
            for table in read.iter_batches(batch_size=None, batch_format="pyarrow"):
                for cell in table.column("read"):
                    work.check()
                    theirs, file_read = pickle.loads(cell.as_py())  # noqa: S301  # made by our own code
                    _refuse_unlike(ours, theirs)
                    yield _kept(work, file_read)
        except RayError as error:
            raise UnfitError(f"the Ray cluster failed: {type(error).__name__}: {error}") from error


class _Machine:
    """One process of the cluster: the same steps as on one machine, up to the vectors."""

    def __init__(
        self, settings: Any, kinds: tuple[str, ...]
    ) -> None:  # Any: Settings, which we may not name
        self._grove = Grove(settings)
        limits = settings.ingestion
        reader = Reader(
            max_seconds=limits.read_seconds,
            max_bytes=limits.read_bytes,
            chunker=portable_chunker(self._grove),
        )
        self._pipeline = Pipeline.from_grove(self._grove, read=reader.read)
        self._kinds = kinds
        self._made_by = _made_by(self._grove, kinds)
        self._max_original_bytes = limits.max_original_bytes

    def __call__(self, items: pa.Table) -> pa.Table:
        """Read some files and encode them together."""
        reads = [
            self._read(*pickle.loads(cell.as_py()))  # noqa: S301  # made by our own code
            for cell in items.column("item")
        ]
        documents = [read.document for read in reads if read.document is not None]
        try:
            encoded = self._pipeline.encode(documents, kinds=self._kinds, on_chunks=lambda _: None)
        except Exception:  # who publishes encodes them then, and tells the one that is to blame
            _log.exception("%d documents could not be encoded together", len(documents))
            encoded = []
        by_source = {each.source: each for each in encoded}
        done = [
            replace(read, document=None, encoded=by_source[read.file.source], kinds=self._kinds)
            if read.document is not None and encoded
            else read
            for read in reads
        ]
        cells = pa.array([pickle.dumps((self._made_by, read)) for read in done], type=pa.large_binary())
        return pa.table({"read": cells})

    def _read(self, ordinal: int, file: JobFile, known: Any) -> FileRead:  # Any: KnownVersion or None
        originals: list[tuple[bytes, str]] = []
        read = read_file(
            self._pipeline,
            file,
            ordinal,
            known=known,
            keep=lambda content, content_hash: originals.append((content, content_hash)),
        )
        small = [each for each in originals if len(each[0]) <= self._max_original_bytes]
        return replace(read, original=small[0]) if small else read


def _made_by(grove: Grove, kinds: Sequence[str]) -> dict[str, str]:
    """Name what decides of a document's chunks and vectors."""
    return {"chunks": Pipeline.from_grove(grove).version, **grove.others(kinds)}


def _refuse_unlike(ours: Mapping[str, str], theirs: Mapping[str, str]) -> None:
    """Raise `UnfitError` where another Grove, or another model, made what was read."""
    for kind in ours:
        if ours[kind] != theirs[kind]:
            raise UnfitError(
                f"a machine of the cluster reads as {theirs[kind]}, this one as {ours[kind]}; install the"
                " same Grove, and the same models, on all of them"
            )


def _kept(work: Work, read: FileRead) -> FileRead:
    """Keep the original where the worker keeps them."""
    if read.original is not None:
        work.grove.originals.keep(*read.original)
    return replace(read, original=None)


def _connect(address: str | None, num_workers: int) -> None:
    logging.getLogger("ray").setLevel(logging.WARNING)
    ray.data.DataContext.get_current().enable_progress_bars = False  # we have our own
    if ray.is_initialized():
        return
    own = {"num_cpus": num_workers, "include_dashboard": False} if address is None else {}
    started: Future[None] = Future()

    def host() -> None:
        try:
            ray.init(address=address or "local", log_to_driver=False, **own)
        except (RayError, ConnectionError, OSError, RuntimeError, ValueError) as error:
            started.set_exception(UnfitError(f"the Ray cluster {address or ''} cannot be used: {error}"))
        else:
            started.set_result(None)
            threading.Event().wait()

    # The system ends Ray's processes with the thread that started them: this one stays until we end.
    threading.Thread(target=host, name="ray", daemon=True).start()
    started.result()


def _check_files(files: Mapping[int, JobFile], *, are_shared: bool) -> None:
    machines = [each for each in ray.nodes() if each["Alive"]]
    local = [file.path for file in files.values() if not is_address(file.path) and file.action == "take"]
    if local and len(machines) > 1 and not are_shared:
        raise UnfitError(
            f"{len(local)} files are on this machine, and the cluster has {len(machines)}: the others do"
            " not see them; put them into a bucket, or on a drive that all machines see under the same path"
            " and set GROVE_INGESTION__SHARED_FILES=true"
        )
