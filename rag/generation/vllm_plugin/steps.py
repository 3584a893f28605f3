"""What one pass of the model does with each row: see everything, be made smaller, see what stayed.

A pass may hold the end of one prompt, the middle of another and drafts of a third. Knows no vLLM: rows are
numbers and tensors.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import torch
from torch import Tensor

from rag.generation.vllm_plugin.packing import Plan, tables_of

__all__ = ["Batch", "Row", "Virtual", "rows_of"]


@dataclass(frozen=True, slots=True)
class Row:
    """One request in one pass."""

    blocks: Tensor  # (M,) its block table
    start: int  # its first token in the pass
    context: int  # tokens before the pass
    num_before: int  # tokens of the pass that are part of what is made smaller, or of a prompt left whole
    num_after: int  # tokens behind them
    plan: Plan | None

    @property
    def end(self) -> int:
        """Give how many tokens there are, drafts included."""
        return self.context + self.num_before + self.num_after

    @property
    def is_reading(self) -> bool:
        """Say whether tokens of the pass will be made smaller."""
        return self.plan is not None and self.num_before > 0

    @property
    def is_read(self) -> bool:
        """Say whether the pass has the last token that is made smaller."""
        return self.plan is not None and self.is_reading and self.after_reading == self.plan.num_read

    @property
    def after_reading(self) -> int:
        """Give how many tokens there are without those behind what is made smaller."""
        return self.context + self.num_before

    @property
    def owner(self) -> int:
        """Give the block by which a row is known once it is packed: no other request ever has it too."""
        assert self.plan is not None
        return int(self.blocks[self.plan.first])


def rows_of(
    starts: Sequence[int],
    ends: Sequence[int],
    prompts: Sequence[int],
    blocks: Tensor,
    plan: Callable[[int], Plan | None],
) -> list[Row]:
    """Give the rows of a pass.

    Args:
        starts: (R + 1,) where each row's tokens begin in the pass, and the end.
        ends: (R,) tokens of each row at the end of the pass.
        prompts: (R,) tokens of each row's prompt.
        blocks: (R, M) block tables.
        plan: of a prompt of so many tokens.
    """
    rows = []
    for number, (end, prompt) in enumerate(zip(ends, prompts, strict=True)):
        size = starts[number + 1] - starts[number]
        planned = plan(prompt)
        before = size if planned is None else min(size, max(0, planned.num_read - (end - size)))
        rows.append(Row(blocks[number], starts[number], end - size, before, size - before, planned))
    return rows


@dataclass(frozen=True, slots=True)
class Batch:
    """Parts of rows that one call of a kernel attends for."""

    rows: tuple[Row, ...]
    tokens: Tensor  # (N,) their places in the pass
    starts: tuple[int, ...]  # (R + 1,) where each row's tokens begin among them
    lengths: tuple[int, ...]  # (R,) keys that the last token of each sees

    @classmethod
    def before(cls, rows: Sequence[Row]) -> "Batch | None":
        """Take what attends to whole caches; None where nothing does."""
        parts = [(row, row.start, row.num_before, row.after_reading) for row in rows if row.num_before]
        return cls._of(parts)

    @classmethod
    def after(cls, rows: Sequence[Row]) -> "Batch | None":
        """Take what attends to smaller caches; None where nothing does."""
        return cls._of(
            [(row, row.start + row.num_before, row.num_after, row.end) for row in rows if row.num_after]
        )

    @classmethod
    def _of(cls, parts: Sequence[tuple[Row, int, int, int]]) -> "Batch | None":
        if not parts:
            return None
        tokens = torch.cat([torch.arange(start, start + size) for _, start, size, _ in parts])
        starts = [0]
        for _, _, size, _ in parts:
            starts.append(starts[-1] + size)
        return cls(
            tuple(part[0] for part in parts), tokens, tuple(starts), tuple(part[3] for part in parts)
        )


@dataclass(frozen=True)
class Virtual:
    """A batch as sequences of one KV head each: one a row and head, heads of a row together."""

    batch: Batch
    pages: tuple[tuple[int, ...], ...]  # by row and head
    block_size: int

    @cached_property
    def tables(self) -> tuple[Tensor, Tensor]:
        """Give (R * K, W) pages and (R * K,) lengths, both int32."""
        rows = self.batch.rows
        plans = [row.plan for row in rows if row.plan is not None]
        blocks = torch.stack([row.blocks for row in rows])
        return tables_of(blocks, self.batch.lengths, plans, self.pages, size=self.block_size)

    @cached_property
    def order(self) -> Tensor:
        """Give (N * K,): which (token, head), heads of a token together, each virtual token is."""
        count, starts = len(self.pages[0]), self.batch.starts
        parts = [
            torch.arange(start, end) * count + head
            for start, end in pairwise(starts)
            for head in range(count)
        ]
        return torch.cat(parts)

    @cached_property
    def starts(self) -> Tensor:
        """Give (R * K + 1,) int32: where each virtual sequence's tokens begin."""
        count = len(self.pages[0])
        sizes = torch.tensor(self.batch.starts).diff().repeat_interleave(count)
        return torch.cat((torch.zeros(1, dtype=torch.long), sizes.cumsum(0))).int()

    def split(self, queries: Tensor) -> Tensor:
        """Give (N * K, G, D) of (N, H, D) queries, in virtual order."""
        count, dims = len(self.pages[0]), queries.shape[-1]
        grouped = queries.reshape(len(queries) * count, -1, dims)
        return grouped[self.order.to(queries.device)].contiguous()

    def join(self, outputs: Tensor, into: Tensor) -> None:
        """Put (N * K, G, D) outputs back as (N, H, D)."""
        whole = torch.empty_like(outputs)
        whole[self.order.to(outputs.device)] = outputs
        into.copy_(whole.view(into.shape))
