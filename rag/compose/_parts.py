"""Settings -> the parts of an installation, each built on first use.

A part's constructor parameters are filled by name: from its options in the settings, else from the
parts listed in `_PARTS`.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

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
from rag.db.catalog import Catalog
from rag.db.files import FileRegister
from rag.db.job_control import JobControl
from rag.db.jobs import JobQueue
from rag.db.originals import Originals
from rag.db.publish import Publisher
from rag.db.reindex import Reindexer
from rag.db.responses import ResponseLog
from rag.db.runs import RunLog
from rag.db.session import Database, open_database
from rag.encoders._cache import CachedEncoder
from rag.generation.support import Support
from rag.generation.writing import PromptWriter

if TYPE_CHECKING:
    from rag.sql.asking import SqlAsker
    from rag.sql.source import SqlSources

__all__ = ["DEFAULT", "RETRIEVERS", "Parts"]

DEFAULT = "default"
_ENCODERS = Family("rag.encoders")
_STORES = Family("rag.stores")
RETRIEVERS = Family("rag.retrieval")
_GENERATORS = Family("rag.generation.backends")
_READERS = Family("rag.generation.readers")
_SCORERS = Family("rag.generation.scorers")


class Parts:
    """The parts of one installation, built from its settings."""

    def __init__(self, settings: Settings, *, encoder: Encoder | None = None) -> None:
        self.settings = settings
        self._encoder = encoder
        self._retrievers: dict[str, Retriever] = {}
        self._generators: dict[str, Generator] = {}
        self._scorers: dict[str, Scorer] = {}

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
    def files(self) -> FileRegister:
        """Note the files that clients keep here before they attach them."""
        return FileRegister(self.database, self.settings.tenant)

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
        # Silent for long is a model that writes in one piece; the time limit ends it before this does.
        silence = timedelta(seconds=self.settings.orchestration.max_seconds + 60)
        return RunLog(self.database, self.settings.tenant, silence=silence)

    @cached_property
    def responses(self) -> ResponseLog:
        """Note which run a response goes on from."""
        return ResponseLog(self.database, self.runs, self.settings.tenant)

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
        return Publisher(self.database, self.store, self.settings.tenant, originals=self.originals)

    @cached_property
    def originals(self) -> Originals:
        """Keep the files that documents were read from."""
        folder = self.settings.home_dir.absolute() / "originals"
        max_bytes = self.settings.ingestion.max_original_bytes
        return Originals(self.database, folder, self.settings.tenant, max_bytes=max_bytes)

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

    def scorer_named(self, name: str) -> Scorer:
        """Give a file of rag/generation/scorers; that of the settings has their options."""
        if name not in self._scorers:
            is_own = name == self.settings.scorer.kind
            self._scorers[name] = self.scorer if is_own else self.build(_SCORERS, Part(kind=name))
        return self._scorers[name]

    def scorer_names(self) -> list[str]:
        """List what `scorer_named` takes."""
        return _SCORERS.names()

    def retriever(self, name: str = DEFAULT) -> Retriever:
        """Give the named retriever: `default`, a pipeline of the settings, or a file of rag/retrieval."""
        if name not in self._retrievers:
            profiles = {**_PIPELINES, DEFAULT: self.settings.retriever, **self.settings.retrievers}
            self._retrievers[name] = self.build(RETRIEVERS, profiles.get(name, Part(kind=name)))
        return self._retrievers[name]

    def generator(self, name: str = DEFAULT) -> Generator:
        """Give the named generator: `default`, a profile of the settings, or a file of the backends."""
        if name not in self._generators:
            profiles = {**self._profiles(), DEFAULT: self.settings.generator, **self.settings.generators}
            self._generators[name] = self.build(_GENERATORS, profiles.get(name, Part(kind=name)))
        return self._generators[name]

    def _profiles(self) -> dict[str, Part]:
        """Give the profiles that need no setting; what vLLM keeps of prompts is its tenant's alone."""
        owned = {**_VLLM.options, "cache_owner": self.settings.tenant}
        return {"vllm": Part(kind=_VLLM.kind, options=owned)}

    def retriever_names(self) -> list[str]:
        """List what `retriever` takes."""
        return sorted({DEFAULT, *_PIPELINES, *self.settings.retrievers, *RETRIEVERS.names()})

    def generator_names(self) -> list[str]:
        """List what `generator` takes."""
        return sorted({DEFAULT, *self._profiles(), *self.settings.generators, *_GENERATORS.names()})

    @cached_property
    def sql_sources(self) -> "SqlSources":
        """Give the registered databases."""
        from rag.sql.source import SqlSources  # noqa: PLC0415  # most installations have none

        return SqlSources.registered(self.settings.sql.sources)

    @cached_property
    def sql_asker(self) -> "SqlAsker":
        """Answer questions with rows."""
        from rag.sql.asking import SqlAsker  # noqa: PLC0415

        name = self.settings.sql.generator
        if name is None:
            return SqlAsker()
        return SqlAsker(
            generator=self.generator(name),
            encoder=self.encoder,
            max_attempts=self.settings.sql.max_attempts,
        )

    def local_model(self) -> Path:
        """Give the folder of the carried language model, converted when it is not yet.

        Raises:
            MissingExtraError: the package that carries it is not installed.
        """
        path: Path = _GENERATORS.helper("_smollm2").ensure_model(self.settings.models_dir)
        return path

    def build(self, family: Family, part: Part, **parts: object) -> Any:  # Any: the family's protocol
        """Fill a part's parameters from its options, then `parts`, then these parts, as the family does."""

        def supply(name: str, option: object) -> object:
            if name == "retrievers":
                return tuple(self.retriever(each) for each in checked_names(option or ("lexical", "dense")))
            if name == "retriever":
                return self.retriever(str(option or "hybrid"))
            if name == "writer" and option is not None:
                return PromptWriter(self.generator(str(option)))
            if option is not None or name in parts:
                return parts[name] if option is None else option
            return _PARTS[name](self) if name in _PARTS else None

        return family.build(part.kind, part.options, supply)


_PIPELINES: Mapping[str, Part] = {
    "hybrid+late": Part(
        kind="hybrid",
        options={"retrievers": ["lexical", "dense", "late"], "fusion": "score", "weights": [1, 1, 2]},
    ),
    "one-step": Part(kind="first", options={"retrievers": ["hybrid+late", "hybrid"]}),
    "treehop": Part(kind="treehop", options={"retriever": "one-step"}),
}
_VLLM = Part(
    kind="openai",
    options={
        "base_url": "http://127.0.0.1:8765/v1",
        "model": "smollm2",
        "follows_instructions": False,
        "passage_order": "stable",  # its prefix cache finds what begins alike
    },
)
_PARTS: dict[str, Callable[[Parts], object]] = {
    "catalog": lambda parts: parts.catalog,
    "database": lambda parts: parts.database,
    "directory": lambda parts: parts.settings.home_dir / "segments",
    "encoder": lambda parts: parts.encoder,
    "late_encoder": lambda parts: parts.late_encoder,
    "long_encoder": lambda parts: parts.long_encoder,
    "models_dir": lambda parts: parts.settings.models_dir,
    "scorer": lambda parts: parts.scorer,
    "store": lambda parts: parts.store,
    "support": lambda parts: parts.support,
}
