"""A causal language model of the transformers library, in this process: SmolLM2 unless another is named."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from threading import Event
from typing import Any, Literal

from rag.core.errors import InvalidInputError
from rag.core.protocols import Delta, GenerationOptions
from rag.generation.backends._agreement import require_agreement
from rag.generation.backends._batched_pass import can_read_pieces
from rag.generation.backends._batching import MAX_BATCH, Batch
from rag.generation.backends._causal import CausalModel, Loaded
from rag.generation.backends._doubt import DoubtMeter
from rag.generation.backends._proposing import NO_SPECULATION
from rag.generation.backends._readers import build_reader
from rag.generation.backends._reusing import PassageReader, PrefixReader
from rag.generation.backends._rotary import extend_context
from rag.generation.backends._streaming import Progress
from rag.generation.kv._attention import sees_all
from rag.scoring.rope_plans import PLANS

__all__ = ["Transformers"]

_BATCH = 8
_AGREEMENT = 0.9


@dataclass(eq=False)
class Transformers(CausalModel):
    """Generate, greedily or by sampling.

    Options are those of `CausalModel`, and how the cache of keys and values is made smaller once the
    prompt is read: `kv_policy`, a file of rag/generation/kv or `none`; `kv_budget`, the share of the
    entries that stays (by default a quarter); `kv_bits`, 4 or 8 a number (by default as the model has it);
    with or without a policy, `kv_rank`, the share of the dimensions that stays (by default all).
    And what is kept for other prompts: `kv_reuse`, `prefix`, `passages` or `none`; `kv_reuse_mb`, at most
    so many megabytes (by default 512); `kv_reuse_agreement`, the share of calibration questions that a
    model has to answer the same with passages reused (by default 0.9).
    `context_plan`, one of rag/scoring/rope_plans.py: for more `context_tokens` than a model was trained on.

    `max_batch` answers are written at once, and more wait. By default 8, and one after another (1) with
    a smaller cache, reused passages or `speculation`, and where attention is of another kind than Llama's.
    """

    kv_policy: str = field(default="none", kw_only=True)
    kv_budget: float | None = field(default=None, kw_only=True)
    kv_bits: Literal[4, 8] | None = field(default=None, kw_only=True)
    kv_rank: float | None = field(default=None, kw_only=True)
    kv_reuse: Literal["none", "prefix", "passages"] = field(default="none", kw_only=True)
    kv_reuse_mb: int | None = field(default=None, kw_only=True)
    kv_reuse_agreement: float | None = field(default=None, kw_only=True)
    context_plan: str = field(default="none", kw_only=True)
    max_batch: int | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        """Take up the policy and what is kept.

        Raises:
            UnknownPluginError: no such policy.
            ValueError: a budget that no policy takes or one without a policy; no share of dimensions; no
                such plan; a batch of no size; parts that do not go together.
        """
        super().__post_init__()
        if self.context_plan not in ("none", *PLANS):
            raise ValueError(
                f"context_plan is none or one of {', '.join(PLANS)}, got {self.context_plan!r}"
            )
        self._reader = build_reader(
            policy=self.kv_policy,
            budget=self.kv_budget,
            bits=self.kv_bits,
            rank=self.kv_rank,
            reuse=self.kv_reuse,
            reuse_mb=self.kv_reuse_mb,
            folder=self.models_dir,
        )
        if self.kv_reuse_agreement is not None and self.kv_reuse != "passages":
            raise ValueError("kv_reuse_agreement is for kv_reuse passages; prefix changes no answer")
        least = self.kv_reuse_agreement
        if least is not None and not 0 <= least <= 1:
            raise ValueError(f"kv_reuse_agreement is a share from 0 to 1, got {least}")
        self._batch: Batch | None = None
        self._batch_size = self._checked_batch()

    def _checked_batch(self) -> int:
        is_alone = self.speculation != NO_SPECULATION or not (
            self._reader is None or self.kv_reuse == "prefix"
        )
        if self.max_batch is None:
            return 1 if is_alone else _BATCH
        if type(self.max_batch) is not int or not 1 <= self.max_batch <= MAX_BATCH:
            raise ValueError(f"max_batch is a whole number from 1 to {MAX_BATCH}, got {self.max_batch!r}")
        if is_alone and self.max_batch > 1:
            raise ValueError(
                "with kv_policy, kv_rank, kv_reuse passages or speculation answers are written one by one,"
                f" got max_batch {self.max_batch}; leave it out, or these"
            )
        return self.max_batch

    def _read(self) -> Loaded:
        loaded = super()._read()
        extend_context(loaded.model, self.context_tokens, self.context_plan)
        is_small = self.kv_policy != "none" or self.kv_rank is not None
        if is_small and not sees_all(loaded.model, self.context_tokens):
            raise InvalidInputError(
                f"with kv_policy or kv_rank every token sees all before it; {self.model} has layers that"
                f" see less than context_tokens ({self.context_tokens}) back: leave both out, or lower"
                " context_tokens to what they see"
            )
        if self._reader is not None:
            self._reader.prepare(loaded)
        if self._batch_size > 1:
            if can_read_pieces(loaded.model):
                prefixes = self._reader.prefixes if isinstance(self._reader, PrefixReader) else None
                self._batch = Batch(loaded.model, loaded.stop_ids, size=self._batch_size, prefixes=prefixes)
            elif self.max_batch is not None:
                raise InvalidInputError(
                    f"{self.model} has attention of another kind than Llama's and writes one answer after"
                    f" another, got max_batch {self.max_batch}; set it to 1, or leave it out"
                )
        if isinstance(self._reader, PassageReader):
            least = _AGREEMENT if self.kv_reuse_agreement is None else self.kv_reuse_agreement
            require_agreement(loaded, self._reader, folder=self.models_dir, least=least)
        return loaded

    def _in_turn(self, written: Iterator[Delta], stop: Event) -> Iterator[Delta]:
        return super()._in_turn(written, stop) if self._batch is None else written

    def _tokens(
        self,
        loaded: Loaded,
        token_ids: list[int],
        options: GenerationOptions,
        progress: Progress,
        meter: DoubtMeter | None,
    ) -> Iterator[int]:
        if self._batch is None:
            return super()._tokens(loaded, token_ids, options, progress, meter)
        choice = self._choice(loaded, options)
        return self._batch.tokens(token_ids, choice, max_tokens=options.max_tokens, progress=progress)

    def _begin(self, loaded: Loaded, token_ids: list[int], progress: Progress) -> tuple[Any, list[int]]:
        if self._reader is None:
            return super()._begin(loaded, token_ids, progress)
        begun = self._reader.read(loaded, token_ids, progress.stop)
        if isinstance(self._reader, PrefixReader):
            progress.reused_tokens = self._reader.reused_tokens
        return begun

    def _write(
        self,
        loaded: Loaded,
        token_ids: list[int],
        options: GenerationOptions,
        progress: Progress,
        *,
        known: str,
    ) -> Iterator[Delta]:
        for delta in super()._write(loaded, token_ids, options, progress, known=known):
            if self._reader is None or self._batch is not None or delta.usage is None:
                yield delta
            else:
                usage = replace(delta.usage, cache_bytes=self._reader.cache_bytes)
                yield replace(delta, usage=usage)
