"""Settings -> the parts of an installation, each built on first use.

A part's constructor parameters are filled by name: from its options in the settings, else from the
parts listed in `_PARTS`.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from rag.compose._profiles import PIPELINES, profiles_of
from rag.compose._rows import Rows
from rag.compose._sharing import shared
from rag.core.errors import UnknownPluginError
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
from rag.encoders._cache import CachedEncoder
from rag.generation.writing import PromptWriter
from rag.reading.support import Support

if TYPE_CHECKING:
    from rag.sql.asking import SqlAsker
    from rag.sql.source import SqlSources

__all__ = ["DEFAULT", "RETRIEVERS", "Parts"]

DEFAULT = "default"
_ENCODERS = Family("rag.encoders")
_STORES = Family("rag.stores")
RETRIEVERS = Family("rag.retrieval")
_GENERATORS = Family("rag.generation.backends")
_READERS = Family("rag.reading.readers")
_SCORERS = Family("rag.generation.scorers")


class Parts(Rows):
    """The parts of one installation, built from its settings."""

    def __init__(self, settings: Settings, *, encoder: Encoder | None = None) -> None:
        super().__init__(settings)
        self._encoder = encoder
        self._retrievers: dict[str, Retriever] = {}
        self._generators: dict[str, Generator] = {}
        self._scorers: dict[str, Scorer] = {}
        self._others: dict[str, dict[str, Generator]] = {}  # generators of other tenants

    @classmethod
    def with_cached_encoder(cls, settings: Settings, path: Path) -> Self:
        """Build an installation that keeps its vectors by their text, for evaluations."""
        encoder: Encoder = cls(settings).encoder
        return cls(settings, encoder=CachedEncoder(encoder, path))

    @shared
    def encoder(self) -> Encoder:
        """Turn text into vectors: the one handed in, else the one of the settings."""
        encoder: Encoder = self._encoder or self.build(_ENCODERS, self.settings.encoder)
        return encoder

    @shared
    def late_encoder(self) -> LateEncoder:
        """Turn text into one vector a token."""
        encoder: LateEncoder = self.build(_ENCODERS, self.settings.late_encoder)
        return encoder

    @shared
    def long_encoder(self) -> LongEncoder:
        """Turn sections into vectors."""
        encoder: LongEncoder = self.build(_ENCODERS, self.settings.long_encoder)
        return encoder

    @shared
    def store(self) -> Store:
        """Keep vectors and words."""
        store: Store = self.build(_STORES, self.settings.resolved_store)
        return store

    @shared
    def support(self) -> Support:
        """Judge what answers a question, and what supports what."""
        least = self.settings.generation.min_answerability
        return Support(self.encoder, self.reader, min_answerability=least)

    @shared
    def reader(self) -> Reader:
        """Find where answers stand."""
        reader: Reader = self.build(_READERS, self.settings.resolved_reader)
        return reader

    @shared
    def scorer(self) -> Scorer:
        """Judge how well passages answer a question."""
        scorer: Scorer = self.build(_SCORERS, self.settings.scorer)
        return scorer

    def scorer_named(self, name: str) -> Scorer:
        """Give a file of rag/generation/scorers; that of the settings has their options."""
        made = self.installation._scorers
        if name not in made:
            is_own = name == self.settings.scorer.kind
            made[name] = self.scorer if is_own else self.build(_SCORERS, Part(kind=name))
        return made[name]

    def scorer_names(self) -> list[str]:
        """List what `scorer_named` takes."""
        return _SCORERS.names()

    def retriever(self, name: str = DEFAULT) -> Retriever:
        """Give the named retriever: `default`, a pipeline of the settings, or a file of rag/retrieval."""
        if name not in self._retrievers:
            _check_name("retriever", name, self.retriever_names())
            default = self.settings.retriever or PIPELINES["one-step"]
            profiles = {**PIPELINES, DEFAULT: default, **self.settings.retrievers}
            self._retrievers[name] = self.build(RETRIEVERS, profiles.get(name, Part(kind=name)))
        return self._retrievers[name]

    def generator(self, name: str = DEFAULT) -> Generator:
        """Give the named generator: `default`, a profile of the settings, or a file of the backends.

        Raises:
            UnknownPluginError: none of these.
        """
        whole = self.installation
        # A tenant's own: it may keep what it read, and draft from what it wrote.
        made = whole._generators if self.is_own_tenant else whole._others.setdefault(self.access.tenant, {})
        if name not in made:
            _check_name("generator", name, self.generator_names())
            profiles = {
                **profiles_of(self.access.tenant),
                DEFAULT: self.settings.generator,
                **self.settings.generators,
            }
            made[name] = whole.build(_GENERATORS, profiles.get(name, Part(kind=name)))
        return made[name]

    def forget_generators(self) -> None:
        """Let go of the tenant's generators, with all that they keep of prompts and answers."""
        whole = self.installation
        (whole._generators if self.is_own_tenant else whole._others.get(self.access.tenant, {})).clear()

    def retriever_names(self) -> list[str]:
        """List what `retriever` takes."""
        return sorted({DEFAULT, *PIPELINES, *self.settings.retrievers, *RETRIEVERS.names()})

    def generator_names(self) -> list[str]:
        """List what `generator` takes."""
        return sorted(
            {DEFAULT, *profiles_of(self.access.tenant), *self.settings.generators, *_GENERATORS.names()}
        )

    @property
    def is_own_tenant(self) -> bool:
        """Tell whether this is the tenant of the settings."""
        return self.access.tenant == self.settings.tenant

    @property
    def sees_settings(self) -> bool:
        """Tell whether the caller may use the databases, buckets and servers that the settings name.

        No access list says anything of them: they are for those who see all of the settings' own tenant.
        """
        return self.is_own_tenant and self.access.readable is None

    @property
    def sql_sources(self) -> "SqlSources":
        """Give the registered databases, to those who may see them."""
        from rag.sql.source import SqlSources  # noqa: PLC0415  # most installations have none

        return self._registered if self.sees_settings else SqlSources([])

    @shared
    def _registered(self) -> "SqlSources":
        from rag.sql.source import SqlSources  # noqa: PLC0415

        return SqlSources.registered(self.settings.sql.sources)

    @shared
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

    def local_model_folder(self) -> Path:
        """Give where the carried language model is once it is converted."""
        path: Path = self.settings.models_dir / _GENERATORS.helper("_smollm2").FOLDER
        return path

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

        return family.build(part.kind, part.options, supply, filled={*_PARTS, *parts})


def _check_name(role: str, name: str, names: Sequence[str]) -> None:
    if name not in names:
        raise UnknownPluginError(f"no {role} {name!r:.80}; choose one of: {', '.join(names)}")


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
    "tenant": lambda parts: parts.settings.tenant,
}
