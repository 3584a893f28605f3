"""Settings -> objects: the one place that knows concrete classes, and those only by their file names.

A part's constructor parameters are filled by name: from its options in the settings, else from the
parts listed in `_PARTS`. Everything is built on first use, so that a command pays only for what
it needs.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from rag.core.errors import InvalidInputError
from rag.core.filters import Filter, parse_filter
from rag.core.kinds import DENSE, LATE, LONG, check_index, parse_kinds
from rag.core.protocols import (
    Encoder,
    Generator,
    LateEncoder,
    LongEncoder,
    Reader,
    Retriever,
    Scorer,
    Store,
)
from rag.core.registry import Family, checked_names
from rag.core.settings import Part, Settings
from rag.core.timings import Timings
from rag.core.types import SearchResult
from rag.db.catalog import Catalog
from rag.db.job_control import JobControl
from rag.db.jobs import JobQueue
from rag.db.publish import Publisher
from rag.db.reindex import Reindexer
from rag.db.runs import RunLog
from rag.db.session import Database, open_database
from rag.encoders._cache import CachedEncoder
from rag.generation.support import Support
from rag.retrieval._attempts import retrieve

__all__ = ["DEFAULT", "Grove"]

DEFAULT = "default"
_MAX_K = 1000
_MAX_QUERY_CHARS = 20_000
_ENCODERS = Family("rag.encoders")
_STORES = Family("rag.stores")
_RETRIEVERS = Family("rag.retrieval")
_GENERATORS = Family("rag.generation.backends")
_READERS = Family("rag.generation.readers")
_SCORERS = Family("rag.generation.scorers")


class Grove:
    """One installation: its settings and the parts built from them."""

    def __init__(self, settings: Settings, *, encoder: Encoder | None = None) -> None:
        self.settings = settings
        self._encoder = encoder
        self._retrievers: dict[str, Retriever] = {}
        self._generators: dict[str, Generator] = {}

    @classmethod
    def with_cached_encoder(cls, settings: Settings, path: Path) -> Self:
        """Build an installation that keeps its vectors by their text, for evaluations."""
        encoder: Encoder = cls(settings).encoder
        return cls(settings, encoder=CachedEncoder(encoder, path))

    @cached_property
    def database(self) -> Database:
        """Open the database, made and migrated when needed."""
        if self.settings.database_url is None:
            self.settings.home_dir.mkdir(parents=True, exist_ok=True)
        return open_database(self.settings.resolved_database_url)

    @cached_property
    def catalog(self) -> Catalog:
        """Read collections, documents and chunks."""
        return Catalog(self.database, self.settings.tenant)

    @cached_property
    def jobs(self) -> JobQueue:
        """Queue and follow ingestion jobs."""
        return JobQueue(self.database, self.settings.tenant)

    @cached_property
    def job_control(self) -> JobControl:
        """Pause, resume, cancel and retry jobs."""
        return JobControl(self.database, self.settings.tenant)

    @cached_property
    def runs(self) -> RunLog:
        """Keep every question's events."""
        return RunLog(self.database, self.settings.tenant)

    @cached_property
    def encoder(self) -> Encoder:
        """Turn text into vectors: the one handed in, else the one of the settings."""
        encoder: Encoder = self._encoder or self.build(_ENCODERS, self.settings.encoder)
        return encoder

    @cached_property
    def late_encoder(self) -> LateEncoder:
        """Turn text into one vector a token."""
        encoder: LateEncoder = self.build(_ENCODERS, self.settings.late_encoder)
        return encoder

    @cached_property
    def long_encoder(self) -> LongEncoder:
        """Turn sections into vectors."""
        encoder: LongEncoder = self.build(_ENCODERS, self.settings.long_encoder)
        return encoder

    @cached_property
    def store(self) -> Store:
        """Keep vectors and words."""
        store: Store = self.build(_STORES, self.settings.resolved_store)
        return store

    @cached_property
    def publisher(self) -> Publisher:
        """Write what can be found."""
        return Publisher(self.database, self.store, self.settings.tenant)

    @cached_property
    def reindexer(self) -> Reindexer:
        """Rebuild indexes beside those that serve."""
        return Reindexer(self.database, self.store, self.settings.tenant)

    @cached_property
    def support(self) -> Support:
        """Judge what answers a question, and what supports what."""
        return Support(self.encoder, self.reader)

    @cached_property
    def reader(self) -> Reader:
        """Find where answers stand."""
        reader: Reader = self.build(_READERS, self.settings.resolved_reader)
        return reader

    @cached_property
    def scorer(self) -> Scorer:
        """Judge how well passages answer a question."""
        scorer: Scorer = self.build(_SCORERS, self.settings.scorer)
        return scorer

    def retriever(self, name: str = DEFAULT) -> Retriever:
        """Give the named retriever: `default`, a pipeline of the settings, or a file of rag/retrieval."""
        if name not in self._retrievers:
            profiles = {**_PIPELINES, DEFAULT: self.settings.retriever, **self.settings.retrievers}
            self._retrievers[name] = self.build(_RETRIEVERS, profiles.get(name, Part(kind=name)))
        return self._retrievers[name]

    def generator(self, name: str = DEFAULT) -> Generator:
        """Give the named generator: `default`, a profile of the settings, or a file of the backends."""
        if name not in self._generators:
            profiles = {DEFAULT: self.settings.generator, **self.settings.generators}
            self._generators[name] = self.build(_GENERATORS, profiles.get(name, Part(kind=name)))
        return self._generators[name]

    def retriever_names(self) -> list[str]:
        """List what `retriever` takes."""
        return sorted({DEFAULT, *_PIPELINES, *self.settings.retrievers, *_RETRIEVERS.names()})

    def generator_names(self) -> list[str]:
        """List what `generator` takes."""
        return sorted({DEFAULT, *self.settings.generators, *_GENERATORS.names()})

    def kinds_for(self, retrievers: Sequence[str]) -> tuple[str, ...]:
        """Give the kinds of index of new collections, and those that these retrievers need besides."""
        needed = (kind for name in retrievers for kind in getattr(self.retriever(name), "needs", ()))
        return parse_kinds({*self.settings.resolved_indexes, *needed})

    def others(self, kinds: Sequence[str]) -> dict[str, str]:
        """Give the fingerprints of these kinds but the dense one."""
        return {kind: _FINGERPRINTS[kind](self) for kind in kinds if kind != DENSE}

    def ensure_collection(self, name: str, *, kinds: Sequence[str] | None = None) -> bool:
        """Make the collection unless it exists; tell whether it was made.

        Args:
            name: of the collection.
            kinds: of index; of a new one by default those of the settings.

        Raises:
            InvalidInputError: not a name.
            ConflictError: it exists, indexed by another encoder, or without the kinds asked for.
        """
        fingerprint = self.encoder.fingerprint
        wanted = kinds or self.settings.resolved_indexes
        is_new = name not in [each.name for each in self.catalog.collections()]
        others = self.others(wanted) if is_new else {}  # the late encoder is not loaded for nothing
        if is_new and self.publisher.create_collection(name, encoder=fingerprint, others=others):
            return True
        indexed = self.catalog.snapshot(name).kinds
        check_index(name, indexed, {DENSE: fingerprint, **self.others(list(indexed))}, kinds=kinds)
        return False

    def search(
        self,
        text: str,
        *,
        collection: str = DEFAULT,
        retriever: str = DEFAULT,
        k: int = 10,
        filter: object = None,
    ) -> SearchResult:
        """Find the k best passages of a collection.

        Args:
            text: what to look for.
            collection: where to look.
            retriever: how to look.
            k: how many passages at most.
            filter: decoded JSON of the filter language (rag/core/filters.py), or None.

        Raises:
            InvalidInputError: a blank text, a k out of range, a wrong filter or an unknown retriever.
            NotFoundError: no such collection.
            DamagedSegmentError: the collection's index must be rebuilt.
        """
        if not text.strip() or len(text) > _MAX_QUERY_CHARS:
            raise InvalidInputError(
                f"a query has 1 to {_MAX_QUERY_CHARS} characters, got {len(text.strip())}"
            )
        if not 1 <= k <= _MAX_K:
            raise InvalidInputError(f"k is 1 to {_MAX_K}, got {k}")
        timings = Timings()
        with timings.stage("total"):
            condition, way = parse_filter(filter), self.retriever(retriever)
            hits = retrieve(self.catalog, way, text, collection, condition=condition, timings=timings, k=k)
            with timings.stage("passages"):
                passages = self.catalog.passages(hits)
        return SearchResult(passages, timings.as_dict())

    def check_search(
        self, *, collection: str, retriever: str, filter: object
    ) -> tuple[Retriever, Filter | None]:
        """Check all of a search but its words, and give the retriever and the filter.

        Raises:
            InvalidInputError: a wrong filter or an unknown retriever.
            NotFoundError: no such collection.
        """
        condition = parse_filter(filter)
        self.catalog.snapshot(collection)
        return self.retriever(retriever), condition

    def local_model(self) -> Path:
        """Give the folder of the carried language model, converted when it is not yet.

        Raises:
            MissingExtraError: the package that carries it is not installed.
        """
        path: Path = _GENERATORS.helper("_smollm2").ensure_model(self.settings.models_dir)
        return path

    def warm_up(self) -> None:
        """Load what the first question would otherwise wait for."""
        self.publisher.sweep()
        self.encoder.encode(["warm up"])
        self.support.warm_up()

    def build(self, family: Family, part: Part, **parts: object) -> Any:  # Any: the family's protocol
        """Fill a part's parameters from its options, then `parts`, then this Grove, as the family does."""

        def supply(name: str, option: object) -> object:
            if name == "retrievers":
                return tuple(self.retriever(each) for each in checked_names(option or ("lexical", "dense")))
            if name == "retriever":
                return self.retriever(str(option or "hybrid"))
            if option is not None or name in parts:
                return parts[name] if option is None else option
            return _PARTS[name](self) if name in _PARTS else None

        return family.build(part.kind, part.options, supply)


_PIPELINES: Mapping[str, Part] = {
    "hybrid+late": Part(
        kind="hybrid",
        options={"retrievers": ["lexical", "dense", "late"], "fusion": "score", "weights": [1, 1, 2]},
    )
}
_FINGERPRINTS: Mapping[str, Callable[[Grove], str]] = {
    LATE: lambda grove: grove.late_encoder.fingerprint,
    LONG: lambda grove: f"{grove.long_encoder.fingerprint}/{grove.settings.ingestion.long_unit}",
}
_PARTS: dict[str, Callable[[Grove], object]] = {
    "catalog": lambda grove: grove.catalog,
    "database": lambda grove: grove.database,
    "directory": lambda grove: grove.settings.home_dir / "segments",
    "encoder": lambda grove: grove.encoder,
    "late_encoder": lambda grove: grove.late_encoder,
    "long_encoder": lambda grove: grove.long_encoder,
    "models_dir": lambda grove: grove.settings.models_dir,
    "scorer": lambda grove: grove.scorer,
    "store": lambda grove: grove.store,
    "support": lambda grove: grove.support,
}
