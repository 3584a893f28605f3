"""The scheduler's side of compression: which blocks a prompt gives back, and which may be shared.

Only the blocks that a prompt gives back are ever published to the prefix cache; those it packs into stay
its own. A prompt that is found there in part goes on from what was published, and packs into its own last
blocks likewise: no shared block is ever written to.
"""

from collections.abc import Sequence
from typing import Any, ClassVar

from vllm.v1.core.single_type_kv_cache_manager import FullAttentionManager
from vllm.v1.kv_cache_interface import FullAttentionSpec

from rag.core.errors import UnavailableError
from rag.generation.vllm_plugin.options import KvOptions
from rag.generation.vllm_plugin.packing import Plan, plan_of

__all__ = ["CompressingManager"]


class CompressingManager(FullAttentionManager):
    """Give back a prompt's first blocks once it is read."""

    options: ClassVar[KvOptions]  # set once, before any engine starts

    def __init__(self, kv_cache_spec: FullAttentionSpec, **more: Any) -> None:  # Any: as vLLM has them
        """Take over one group of layers.

        Raises:
            UnavailableError: layers that attend to less than everything, or several groups.
        """
        super().__init__(kv_cache_spec, **more)
        self._admitted: list[Any] = []
        windowed = kv_cache_spec.sliding_window or kv_cache_spec.attention_chunk_size
        if type(kv_cache_spec) is not FullAttentionSpec or windowed or self.kv_cache_group_id:
            raise UnavailableError(
                "kv compression is for models whose layers all attend to the whole text and share one block"
                f" table; this one has {type(kv_cache_spec).__name__} in group {self.kv_cache_group_id}."
                " Serve it without"
            )

    @classmethod
    def find_longest_cache_hit(
        cls, block_hashes: Any, max_length: int, *args: Any, **more: Any
    ) -> tuple[tuple[list[Any], ...], int]:
        """Leave the blocks that will be packed into out of a hit; asked for new requests alone."""
        plan = cls._planned(max_length + 1, more["kv_cache_spec"].block_size)
        if plan is not None:
            max_length = plan.first * more["kv_cache_spec"].block_size
        found: tuple[tuple[list[Any], ...], int] = super().find_longest_cache_hit(
            block_hashes, max_length, *args, **more
        )
        return found

    def cache_blocks(
        self,
        request: Any,
        num_tokens: int,
        retention_interval: int | None = None,
        *,
        replay_boundaries: Sequence[int],
    ) -> None:
        """Publish what is never packed into, and nothing that was read behind a smaller cache."""
        plan = self._planned(request.num_prompt_tokens, self.block_size)
        if plan is not None:
            num_tokens = min(num_tokens, plan.first * self.block_size)
            if not request.skip_reading_prefix_cache:
                self._admitted.append(request)
        super().cache_blocks(request, num_tokens, retention_interval, replay_boundaries=replay_boundaries)

    def new_step_starts(self) -> None:
        """Keep requests that were admitted from being looked up again.

        A preempted one starts again with its answer as part of the text, by whose length a hit would be
        measured; it reads all of it anew instead. Not before the next step: hits are counted once admitted.
        """
        super().new_step_starts()
        while self._admitted:
            self._admitted.pop().skip_reading_prefix_cache = True

    def remove_skipped_blocks(
        self, request_id: str, processed_computed_tokens: int, num_prompt_tokens: int | None = None
    ) -> None:
        """Give back what was packed, once the pass that packs it is done."""
        if num_prompt_tokens is None:
            return
        plan = self._planned(num_prompt_tokens, self.block_size)
        if plan is not None and processed_computed_tokens >= plan.num_read:
            self._remove_blocks_in_range(request_id, 0, plan.first)

    @classmethod
    def _planned(cls, num_prompt_tokens: int, block_size: int) -> Plan | None:
        """Give the plan of a prompt from which something is given back."""
        plan = plan_of(num_prompt_tokens, block_size=block_size, budget=cls.options.budget)
        return plan if plan is not None and plan.first else None
