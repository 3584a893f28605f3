"""A causal language model of the transformers library, in this process: SmolLM2 unless another is named."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from threading import Event
from typing import Any, Literal

from rag.core.protocols import Delta, GenerationOptions
from rag.generation.backends._causal import CausalModel, Loaded
from rag.generation.backends._compressing import CompressedReader

__all__ = ["Transformers"]


@dataclass(eq=False)
class Transformers(CausalModel):
    """Generate, greedily or by sampling.

    Options are those of `CausalModel`, and how the cache of keys and values is made smaller once the
    prompt is read: `kv_policy`, a file of rag/generation/kv or `none`; `kv_budget`, the share of the
    entries that stays (by default a quarter); `kv_bits`, 4 or 8 a number (by default as the model has it);
    with or without a policy, `kv_rank`, the share of the dimensions that stays (by default all).
    """

    kv_policy: str = field(default="none", kw_only=True)
    kv_budget: float | None = field(default=None, kw_only=True)
    kv_bits: Literal[4, 8] | None = field(default=None, kw_only=True)
    kv_rank: float | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        """Take up the policy.

        Raises:
            UnknownPluginError: no such policy.
            ValueError: a budget that no policy takes, or one without a policy, or no share of dimensions.
        """
        super().__post_init__()
        if self.kv_policy == "none" and (self.kv_budget, self.kv_bits) != (None, None):
            raise ValueError("kv_budget and kv_bits are for a kv_policy, and there is none")
        self._reader = (
            None
            if (self.kv_policy, self.kv_rank) == ("none", None)
            else CompressedReader(
                None if self.kv_policy == "none" else self.kv_policy,
                self.kv_budget,
                bits=self.kv_bits,
                rank=self.kv_rank,
                folder=self.models_dir,
            )
        )

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
