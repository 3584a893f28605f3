"""A causal language model of the transformers library, in this process: SmolLM2 unless another is named."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from threading import Event
from typing import Any, Literal

from rag.core.protocols import Delta, GenerationOptions
from rag.generation.backends._causal import CausalModel, Loaded
from rag.generation.backends._compressing import CompressedReader
from rag.generation.backends._reusing import PrefixReader
from rag.generation.kv._store import ByteStore

__all__ = ["Transformers"]

_REUSES = ("none", "prefix")
_STORE_MB = 512


@dataclass(eq=False)
class Transformers(CausalModel):
    """Generate, greedily or by sampling.

    Options are those of `CausalModel`, and how the cache of keys and values is made smaller once the
    prompt is read: `kv_policy`, a file of rag/generation/kv or `none`; `kv_budget`, the share of the
    entries that stays (by default a quarter); `kv_bits`, 4 or 8 a number (by default as the model has it).
    And what is kept of it for other prompts: `kv_reuse`, `prefix` or `none`; `kv_reuse_mb`, at most so
    many megabytes (by default 512).
    """

    kv_policy: str = field(default="none", kw_only=True)
    kv_budget: float | None = field(default=None, kw_only=True)
    kv_bits: Literal[4, 8] | None = field(default=None, kw_only=True)
    kv_reuse: Literal["none", "prefix"] = field(default="none", kw_only=True)
    kv_reuse_mb: int | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        """Take up the policy and what is kept.

        Raises:
            UnknownPluginError: no such policy.
            ValueError: a budget that no policy takes or one without a policy; parts that do not go
                together.
        """
        super().__post_init__()
        if self.kv_policy == "none" and (self.kv_budget, self.kv_bits) != (None, None):
            raise ValueError("kv_budget and kv_bits are for a kv_policy, and there is none")
        self._reader = self._built_reader()

    def _built_reader(self) -> CompressedReader | PrefixReader | None:
        if self.kv_reuse not in _REUSES:
            raise ValueError(f"kv_reuse is one of {', '.join(_REUSES)}, got {self.kv_reuse!r}")
        if self.kv_reuse == "none" and self.kv_reuse_mb is not None:
            raise ValueError("kv_reuse_mb is for a kv_reuse, and there is none")
        megabytes = _STORE_MB if self.kv_reuse_mb is None else self.kv_reuse_mb
        if self.kv_reuse == "prefix":
            if self.kv_policy != "none":
                raise ValueError(
                    f"kv_reuse prefix keeps whole caches, and kv_policy {self.kv_policy} makes them"
                    " smaller; take one of the two"
                )
            return PrefixReader(ByteStore(megabytes << 20))
        if self.kv_policy == "none":
            return None
        return CompressedReader(self.kv_policy, self.kv_budget, self.kv_bits, self.models_dir)

    def _read(self) -> Loaded:
        loaded = super()._read()
        if self._reader is not None:
            self._reader.prepare(loaded)
        return loaded

    def _begin(self, loaded: Loaded, token_ids: list[int], stop: Event) -> tuple[Any, list[int]]:
        if self._reader is None:
            return super()._begin(loaded, token_ids, stop)
        return self._reader.read(loaded, token_ids, stop)

    def _write(
        self, loaded: Loaded, token_ids: list[int], options: GenerationOptions, stop: Event, *, known: str
    ) -> Iterator[Delta]:
        for delta in super()._write(loaded, token_ids, options, stop, known=known):
            if self._reader is None or delta.usage is None:
                yield delta
            else:
                usage = replace(delta.usage, cache_bytes=self._reader.cache_bytes)
                yield replace(delta, usage=usage)
