"""A causal language model of the transformers library, in this process: SmolLM2 unless another is named."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from threading import Event
from typing import Any, Literal

from rag.core.protocols import Delta, GenerationOptions
from rag.generation.backends._agreement import require_agreement
from rag.generation.backends._causal import CausalModel, Loaded
from rag.generation.backends._readers import build_reader
from rag.generation.backends._reusing import PassageReader

__all__ = ["Transformers"]

_AGREEMENT = 0.9


@dataclass(eq=False)
class Transformers(CausalModel):
    """Generate, greedily or by sampling.

    Options are those of `CausalModel`, and how the cache of keys and values is made smaller once the
    prompt is read: `kv_policy`, a file of rag/generation/kv or `none`; `kv_budget`, the share of the
    entries that stays (by default a quarter); `kv_bits`, 4 or 8 a number (by default as the model has it).
    And what is kept for other prompts: `kv_reuse`, `prefix`, `passages` or `none`; `kv_reuse_mb`, at most
    so many megabytes (by default 512); `kv_reuse_agreement`, the share of calibration questions that a
    model has to answer the same with passages reused (by default 0.9).
    """

    kv_policy: str = field(default="none", kw_only=True)
    kv_budget: float | None = field(default=None, kw_only=True)
    kv_bits: Literal[4, 8] | None = field(default=None, kw_only=True)
    kv_reuse: Literal["none", "prefix", "passages"] = field(default="none", kw_only=True)
    kv_reuse_mb: int | None = field(default=None, kw_only=True)
    kv_reuse_agreement: float | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        """Take up the policy and what is kept.

        Raises:
            UnknownPluginError: no such policy.
            ValueError: a budget that no policy takes or one without a policy; parts that do not go
                together.
        """
        super().__post_init__()
        self._reader = build_reader(
            policy=self.kv_policy,
            budget=self.kv_budget,
            bits=self.kv_bits,
            reuse=self.kv_reuse,
            reuse_mb=self.kv_reuse_mb,
            folder=self.models_dir,
        )
        if self.kv_reuse_agreement is not None and self.kv_reuse != "passages":
            raise ValueError("kv_reuse_agreement is for kv_reuse passages; prefix changes no answer")
        least = self.kv_reuse_agreement
        if least is not None and not 0 <= least <= 1:
            raise ValueError(f"kv_reuse_agreement is a share from 0 to 1, got {least}")

    def _read(self) -> Loaded:
        loaded = super()._read()
        if self._reader is not None:
            self._reader.prepare(loaded)
        if isinstance(self._reader, PassageReader):
            least = _AGREEMENT if self.kv_reuse_agreement is None else self.kv_reuse_agreement
            require_agreement(loaded, self._reader, folder=self.models_dir, least=least)
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
