"""Settings -> objects: the one place that knows concrete classes, and those only by their file names.

A part's constructor parameters are filled by name: from its options in the settings, else from the
parts listed in `_PARTS`. Everything is built on first use, so that a command pays only for what
it needs.
"""

import inspect
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from rag.core.errors import ConflictError, DamagedSegmentError, InvalidInputError, SegmentGoneError
from rag.core.filters import Filter, parse_filter
from rag.core.protocols import Encoder, Generator, Retriever, Scorer, SearchRequest, Store
from rag.core.registry import Family
from rag.core.settings import Part, Settings
from rag.core.timings import Timings
from rag.core.types import Hit, Passage
from rag.db.catalog import Catalog
from rag.db.job_control import JobControl
from rag.db.jobs import JobQueue
from rag.db.publish import Publisher
from rag.db.reindex import Reindexer
from rag.db.runs import RunLog
from rag.db.session import Database, open_database
from rag.encoders._cache import CachedEncoder
from rag.generation.support import Support

__all__ = ["DEFAULT", "Grove", "SearchResult"]

DEFAULT = "default"
_MAX_K = 1000
_MAX_QUERY_CHARS = 20_000
_ENCODERS = Family("rag.encoders")
_STORES = Family("rag.stores")
_RETRIEVERS = Family("rag.retrieval")
_GENERATORS = Family("rag.generation.backends")
_SCORERS = Family("rag.generation.scorers")


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What a search found, best first, and how long each stage took in milliseconds."""

    passages: list[Passage]
    timings: Mapping[str, float]


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
        """Keep the events of every question."""
        return RunLog(self.database, self.settings.tenant)

    @cached_property
    def encoder(self) -> Encoder:
        """Turn text into vectors: the one handed in, else the one of the settings."""
        encoder: Encoder = self._encoder or self.build(_ENCODERS, self.settings.encoder)
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
        """Judge what supports what."""
        return Support(self.encoder)

    @cached_property
    def scorer(self) -> Scorer:
        """Judge how well passages answer a question."""
        scorer: Scorer = self.build(_SCORERS, self.settings.scorer)
        return scorer

    def retriever(self, name: str = DEFAULT) -> Retriever:
        """Give the named retriever: `default`, a pipeline of the settings, or a file of rag/retrieval."""
        if name not in self._retrievers:
            profiles = {DEFAULT: self.settings.retriever, **self.settings.retrievers}
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
        return sorted({DEFAULT, *self.settings.retrievers, *_RETRIEVERS.names()})

    def generator_names(self) -> list[str]:
        """List what `generator` takes."""
        return sorted({DEFAULT, *self.settings.generators, *_GENERATORS.names()})

    def ensure_collection(self, name: str) -> bool:
        """Make the collection unless it exists; tell whether it was made.

        Raises:
            InvalidInputError: not a name.
            ConflictError: it exists, indexed by another encoder.
        """
        fingerprint = self.encoder.fingerprint
        if self.publisher.create_collection(name, encoder=fingerprint):
            return True
        if (indexed := self.catalog.snapshot(name).encoder) != fingerprint:
            raise ConflictError(
                f"collection {name!r} was indexed with {indexed}, the settings say {fingerprint};"
                f" choose another collection, or `rag reindex --collection {shlex.quote(name)}`"
            )
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
            condition = parse_filter(filter)
            searcher = self.retriever(retriever)
            hits = self._hits(searcher, text, collection, condition, timings, k=k)
            with timings.stage("passages"):
                passages = self.catalog.passages(hits)
        return SearchResult(passages, timings.as_dict())

    def _hits(
        self,
        searcher: Retriever,
        text: str,
        collection: str,
        condition: Filter | None,
        timings: Timings,
        *,
        k: int,
    ) -> list[Hit]:
        """Search the collection as it is, again when its segments were replaced under the search."""
        advice = f"`rag reindex --collection {shlex.quote(collection)}` writes the index anew"
        former = -1
        while True:
            with timings.stage("snapshot"):
                snapshot = self.catalog.snapshot(collection)
            try:
                return searcher.retrieve(SearchRequest(text, snapshot, condition, timings), k=k)
            except SegmentGoneError as error:
                if snapshot.generation == former:
                    raise SegmentGoneError(f"{error}; if it stays so, {advice}") from error
                former = snapshot.generation
            except DamagedSegmentError as error:
                raise DamagedSegmentError(f"{error}; {advice}") from error

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
        prepare = _GENERATORS.helper("_smollm2").ensure_model
        path: Path = prepare(self.settings.models_dir)
        return path

    def warm_up(self) -> None:
        """Load what the first question would otherwise wait for."""
        self.publisher.sweep()
        self.encoder.encode(["warm up"])

    def build(self, family: Family, part: Part, **parts: object) -> Any:  # Any: the family's protocol
        """Build a part, its parameters filled from its options, then from `parts`, then from this Grove.

        Raises:
            UnknownPluginError: the family has no such file.
            InvalidInputError: an option that the part does not take, or a value it refuses.
        """
        kind = family.load(part.kind)
        parameters = inspect.signature(kind).parameters
        unknown = sorted(set(part.options) - set(parameters))
        if unknown:
            raise InvalidInputError(
                f"{part.kind} of {family.package} takes no option {', '.join(unknown)};"
                f" it takes: {', '.join(parameters)}"
            )
        arguments: dict[str, object] = dict(part.options)
        for name in parameters:
            if name in parts:
                arguments.setdefault(name, parts[name])
            elif name == "retrievers":
                arguments[name] = tuple(
                    self.retriever(each) for each in _names(arguments.get(name, _HYBRID))
                )
            elif name == "retriever":
                arguments[name] = self.retriever(str(arguments.get(name, "hybrid")))
            elif name in _PARTS:
                arguments.setdefault(name, _PARTS[name](self))
        try:
            return kind(**arguments)
        except (TypeError, ValueError) as error:
            raise InvalidInputError(f"{part.kind} of {family.package}: {error}") from error


def _names(option: object) -> list[str]:
    if not isinstance(option, list | tuple) or not all(isinstance(name, str) for name in option):
        raise InvalidInputError(f'"retrievers" takes a list of names, got {option!r:.80}')
    return list(option)


_HYBRID = ("lexical", "dense")
_PARTS: dict[str, Callable[[Grove], object]] = {
    "catalog": lambda grove: grove.catalog,
    "database": lambda grove: grove.database,
    "directory": lambda grove: grove.settings.home_dir / "segments",
    "encoder": lambda grove: grove.encoder,
    "models_dir": lambda grove: grove.settings.models_dir,
    "scorer": lambda grove: grove.scorer,
    "store": lambda grove: grove.store,
    "support": lambda grove: grove.support,
}
