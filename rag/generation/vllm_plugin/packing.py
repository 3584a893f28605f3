"""Which blocks a prompt keeps, and which pages of them hold what a head keeps.

A block is a page a KV head; heads may keep different numbers of pages as long as the blocks hold all of
them. Knows no vLLM and no policy. Scheduler and workers plan by the length of a prompt alone, so that they
agree without a word.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import torch
from torch import Tensor

__all__ = ["MIN_TOKENS", "Plan", "pages_at", "pages_of", "plan_of", "slots_of", "tables_of"]

MIN_TOKENS = (
    64  # that every head keeps of a prompt: first tokens, and the newest, which may be the question
)


@dataclass(frozen=True, slots=True)
class Plan:
    """What becomes of the whole blocks of a prompt once it is read, but for its last token."""

    num_read: int  # tokens that are made smaller: all but the last, which sees the smaller cache already
    num_full: int  # whole blocks that they fill
    num_kept: int  # of those; the last ones, which are never shared with another prompt

    @property
    def first(self) -> int:
        """Give the first block that is kept; those before it are given back."""
        return self.num_full - self.num_kept


def plan_of(num_prompt_tokens: int, *, block_size: int, budget: float) -> Plan | None:
    """Give the plan of a prompt; None where there is nothing to save.

    At a budget of 1 every whole block is kept, in its place, and only attention goes another way.

    >>> plan_of(800, block_size=32, budget=0.5)
    Plan(num_read=799, num_full=24, num_kept=12)
    >>> plan_of(70, block_size=32, budget=0.5) is None
    True
    """
    num_read = num_prompt_tokens - 1
    num_full = max(0, num_read) // block_size
    if budget == 1:
        return Plan(num_read, num_full, num_full) if num_full else None
    least = ceil(MIN_TOKENS / block_size)
    num_kept = max(least, ceil(budget * num_full - 1e-9))
    return Plan(num_read, num_full, num_kept) if num_kept < num_full else None


def pages_of(counts: Sequence[float], *, total: int, least: int, most: int) -> list[int]:
    """Round each head's number of pages so that they sum to the total.

    >>> pages_of([1.5, 9.0, 7.5], total=18, least=2, most=12)
    [2, 9, 7]
    """
    pages = [min(most, max(least, int(count))) for count in counts]
    # The head with the most still owed gets a page; the one that is furthest over gives one.
    while sum(pages) < total:
        open_ = [head for head, count in enumerate(pages) if count < most]
        best = max(open_, key=lambda head: counts[head] - pages[head])
        pages[best] += 1
    while sum(pages) > total:
        open_ = [head for head, count in enumerate(pages) if count > least]
        best = max(open_, key=lambda head: pages[head] - counts[head])
        pages[best] -= 1
    return pages


def slots_of(pages: Sequence[int], num_kept: int) -> list[Tensor]:
    """Give, by head, the slots that hold its pages: slot i * K + h is head h's page of the i-th kept block.

    A head's own pages come first; what it has beyond them it takes from heads that have fewer.

    >>> [each.tolist() for each in slots_of([1, 3], 2)]
    [[0], [1, 3, 2]]
    """
    num_heads = len(pages)
    spare = [i * num_heads + head for head, count in enumerate(pages) for i in range(count, num_kept)]
    slots = []
    for head, count in enumerate(pages):
        own = [i * num_heads + head for i in range(min(count, num_kept))]
        slots.append(torch.tensor(own + [spare.pop(0) for _ in range(count - len(own))]))
    return slots


def pages_at(slots: Tensor, blocks: Tensor, num_heads: int) -> Tensor:
    """Give the pages of slots in kept blocks: block * K + h is head h's page of a block."""
    slots = slots.to(blocks.device)
    return blocks[slots // num_heads] * num_heads + slots % num_heads


def tables_of(
    blocks: Tensor,
    lengths: Sequence[int],
    plans: Sequence[Plan],
    pages: Sequence[Sequence[int]],
    *,
    size: int,
) -> tuple[Tensor, Tensor]:
    """Give page tables and lengths of virtual sequences: one a row and head, heads of a row together.

    Args:
        blocks: (R, M), the rows' block tables as vLLM has them.
        lengths: tokens that each row has, kept or not.
        plans: of the rows.
        pages: by row and head.
        size: tokens of a block.

    Returns:
        (R * K, W) int32 pages, page block * K + h being head h's of a block, and (R * K,) int32 lengths.
    """
    sequences, counts = [], []
    for row, length, plan, of_row in zip(blocks.long(), lengths, plans, pages, strict=True):
        num_heads = len(of_row)
        kept = row[plan.first : plan.num_full]
        tail = row[plan.num_full : ceil(length / size)]
        for head, slots in enumerate(slots_of(of_row, plan.num_kept)):
            packed = pages_at(slots, kept, num_heads)
            sequences.append(torch.cat((packed, tail * num_heads + head)))
            counts.append(of_row[head] * size + length - plan.num_full * size)
    table = torch.nn.utils.rnn.pad_sequence(sequences, batch_first=True)
    return table.int(), torch.tensor(counts, dtype=torch.int32, device=blocks.device)
