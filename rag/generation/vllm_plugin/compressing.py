"""The worker's side of compression, for one KV group of one process: what each layer does in a pass.

Knows no vLLM; backend.py and cuda.py bring its tensors.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import torch
from torch import Tensor

from rag.generation.vllm_plugin.attention import attend
from rag.generation.vllm_plugin.layout import Layout
from rag.generation.vllm_plugin.ledger import Ledger, Packed
from rag.generation.vllm_plugin.packing import pages_at, plan_of, slots_of
from rag.generation.vllm_plugin.scoring import Compressor
from rag.generation.vllm_plugin.steps import Batch, Row, Virtual, rows_of

__all__ = ["Kernels", "Pass", "Worker"]


@dataclass
class Pass:
    """One pass: the same for all layers, but for how many pages each head has."""

    rows: Sequence[Row]
    before: Batch | None
    after: Batch | None
    virtual: dict[tuple[tuple[int, ...], ...], Virtual] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Kernels:
    """What attends on a platform."""

    whole: Callable[[Batch | None, Tensor, Tensor], None]
    """For a batch, or (None) all of the pass, with its queries (N, H, D), into outputs of that shape."""
    virtual: Callable[[Virtual, Tensor], Tensor]
    """Gives (N * K, G, D) outputs for queries of that shape, in virtual order."""


class Worker:
    """Read, pack, and say where what stayed is."""

    def __init__(self, compressor: Compressor, layout: Layout, *, num_heads: int, scaling: float) -> None:
        """Take the policy, how pages are stored, and the KV heads of a layer."""
        self.compressor, self.layout = compressor, layout
        self._num_heads, self._scaling = num_heads, scaling
        self.ledger = Ledger()

    def begin(
        self, starts: Sequence[int], ends: Sequence[int], prompts: Sequence[int], blocks: Tensor
    ) -> Pass | None:
        """Give the pass; None where no row has ever to do with compression. Arguments as of `rows_of`."""
        size = self.compressor.block_size
        plan = partial(plan_of, block_size=size, budget=self.compressor.budget)
        rows = rows_of(starts, ends, prompts, blocks, plan)
        for row in rows:
            if row.num_before:
                used = row.blocks[: -(-row.end // size)].tolist()
                self.ledger.claim(used, self._notes_owner(row) if row.plan is not None else None)
        if all(row.plan is None for row in rows):
            return None
        return Pass(rows, Batch.before(rows), Batch.after(rows))

    def attend(
        self, current: Pass, layer: int, queries: Tensor, cache: Tensor, output: Tensor, kernels: Kernels
    ) -> None:
        """Do what a layer does in a pass, whose keys and values the cache has.

        Args:
            current: the pass.
            layer: its number in the model.
            queries: (N, H, D), of the whole pass.
            cache: (B, K, N, 2 * D).
            output: (N, H, D), filled here.
            kernels: what attends.
        """
        if current.after is None:
            kernels.whole(None, queries, output)
        elif current.before is not None:
            tokens = current.before.tokens.to(queries.device)
            part = torch.empty_like(output[tokens])
            kernels.whole(current.before, queries[tokens], part)
            output[tokens] = part
        self._read(current, layer, queries, cache)
        if current.after is not None:
            virtual, biases = self._virtual(current, layer)
            tokens = current.after.tokens.to(queries.device)
            part = torch.empty_like(output[tokens])
            virtual.join(self._attend_after(virtual, biases, queries[tokens], cache, kernels), part)
            output[tokens] = part

    def _attend_after(
        self,
        virtual: Virtual,
        biases: list[Tensor | None],
        queries: Tensor,
        cache: Tensor,
        kernels: Kernels,
    ) -> Tensor:
        split = virtual.split(queries)
        if all(bias is None for bias in biases):
            return kernels.virtual(virtual, split)
        return attend(
            split,
            cache,
            layout=self.layout,
            tables=virtual.tables,
            starts=virtual.starts,
            scaling=self._scaling,
            biases=biases,
        )

    def _read(self, current: Pass, layer: int, queries: Tensor, cache: Tensor) -> None:
        """Note what is needed of a layer, and pack it where a row is read to its end."""
        for row in current.rows:
            if row.plan is None or not row.is_reading or row.plan.first == 0:
                continue
            keys = values = None
            if self._must_note(row) or row.is_read:
                keys, values = self._tokens(row, cache)
            if keys is not None and self._must_note(row):
                self._note(row, layer, queries, keys)
            if keys is not None and values is not None and row.is_read:
                self._pack(row, layer, keys, values, cache)

    def _virtual(self, current: Pass, layer: int) -> tuple[Virtual, list[Tensor | None]]:
        """Give the sequences that the pass's later tokens attend to, and their biases, one a sequence."""
        assert current.after is not None
        packed = [self._packed(row, layer) for row in current.after.rows]
        pages = tuple(each.pages for each in packed)
        if pages not in current.virtual:
            current.virtual[pages] = Virtual(current.after, pages, self.compressor.block_size)
        none: tuple[Tensor | None, ...] = (None,) * self._num_heads
        return current.virtual[pages], [bias for each in packed for bias in each.biases or none]

    def _packed(self, row: Row, layer: int) -> Packed:
        assert row.plan is not None
        if row.plan.first == 0:
            return Packed((row.plan.num_full,) * self._num_heads)
        return self.ledger.packed[row.owner][layer]

    def _notes_owner(self, row: Row) -> int | None:
        """Give the block under which a prompt is noted, which no other prompt shares.

        What is noted of all tokens goes under the first one: policies that need that come without a prefix
        cache. The newest queries stand in the last whole block.
        """
        assert row.plan is not None
        if self.compressor.needs_all:
            return int(row.blocks[0])
        return row.owner if row.after_reading > row.plan.first * self.compressor.block_size else None

    def _must_note(self, row: Row) -> bool:
        assert row.plan is not None
        if self.compressor.needs_all:
            return True
        return (
            self.compressor.needs_window and row.after_reading > row.plan.num_read - self.compressor.window
        )

    def _note(self, row: Row, layer: int, queries: Tensor, keys: Tensor) -> None:
        assert row.plan is not None
        owner = self._notes_owner(row)
        assert owner is not None
        first = 0 if self.compressor.needs_all else max(0, row.plan.num_read - self.compressor.window)
        notes = self.ledger.reading.setdefault(owner, {})
        if row.context <= first or layer not in notes:
            notes[layer] = self.compressor.observations()
        skipped = max(0, first - row.context)
        new = queries[row.start + skipped : row.start + row.num_before]
        self.compressor.see(notes[layer], keys, new, self._scaling)

    def _tokens(self, row: Row, cache: Tensor) -> tuple[Tensor, Tensor]:
        """Give (K, T, D) keys and values of what was read so far."""
        size, length = self.compressor.block_size, row.after_reading
        blocks = row.blocks[: -(-length // size)].long()
        pairs = [
            self.layout.read(cache, blocks * self._num_heads + head, size=size)
            for head in range(self._num_heads)
        ]
        return torch.stack([each[0][:length] for each in pairs]), torch.stack(
            [each[1][:length] for each in pairs]
        )

    def _pack(self, row: Row, layer: int, keys: Tensor, values: Tensor, cache: Tensor) -> None:
        assert row.plan is not None
        owner, size = self._notes_owner(row), self.compressor.block_size
        assert owner is not None
        notes = self.ledger.reading.get(owner, {})
        seen = notes.pop(layer) if layer in notes else self.compressor.observations()
        if not notes:
            self.ledger.reading.pop(owner, None)
        kept = self.compressor.kept(layer, keys, values, seen, row.plan)
        blocks = row.blocks[row.plan.first : row.plan.num_full].long()
        tail = row.blocks[row.plan.num_full : -(-row.plan.num_read // size)].long()
        for head, (slots, entries) in enumerate(
            zip(slots_of(kept.pages, row.plan.num_kept), kept.heads, strict=True)
        ):
            packed = pages_at(slots, blocks, self._num_heads)
            pages = torch.cat((packed, tail * self._num_heads + head))
            self.layout.write(cache, pages, entries.keys, entries.values, size=size)
        biases = tuple(entries.bias for entries in kept.heads)
        has_biases = any(bias is not None for bias in biases)
        self.ledger.packed.setdefault(row.owner, {})[layer] = Packed(
            kept.pages, biases if has_biases else ()
        )
