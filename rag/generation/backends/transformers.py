"""A causal language model of the transformers library, in this process: SmolLM2 unless another is named."""

from collections.abc import Iterator
from dataclasses import KW_ONLY, dataclass, replace
from pathlib import Path
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
    prompt is read: `kv_policy`, a file of rag/generation/kv or `none`, and `kv_budget`, the share of
    the entries that stays (by default a quarter).
    """

    models_dir: Path
    model: str = "smollm2"
    _: KW_ONLY
    context_tokens: int = 2048
    passage_order: Literal["best_first", "best_at_ends"] = "best_first"
    no_repeat_tokens: int = 8
    is_checked: bool | None = None
    seed: int = 0
    device: str = "cpu"
    kv_policy: str = "none"
    kv_budget: float | None = None

    def __post_init__(self) -> None:
        """Hand on what every causal model takes.

        Raises:
            UnknownPluginError: no such policy.
            ValueError: a budget that no policy takes, or one without a policy.
        """
        super().__init__(
            self.models_dir,
            self.model,
            context_tokens=self.context_tokens,
            passage_order=self.passage_order,
            no_repeat_tokens=self.no_repeat_tokens,
            is_checked=self.is_checked,
            seed=self.seed,
            device=self.device,
        )
        if self.kv_policy == "none" and self.kv_budget is not None:
            raise ValueError("kv_budget is for a kv_policy, and there is none")
        self._reader = (
            None
            if self.kv_policy == "none"
            else CompressedReader(self.kv_policy, self.kv_budget, self.models_dir)
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
