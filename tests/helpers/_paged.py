"""A stand-in for vLLM's runner: a block pool, a paged cache of one layer, and passes over requests."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from rag.generation.vllm_plugin.attention import attend
from rag.generation.vllm_plugin.compressing import Kernels, Worker
from rag.generation.vllm_plugin.layout import LAYOUTS, Layout
from rag.generation.vllm_plugin.packing import plan_of
from rag.generation.vllm_plugin.scoring import Compressor
from rag.generation.vllm_plugin.steps import Batch, Virtual

__all__ = ["DIMS", "HEADS", "KEPT_HEADS", "SIZE", "Paged", "Request"]

HEADS, KEPT_HEADS, DIMS, SIZE = 4, 2, 8, 32
SCALING = DIMS**-0.5


@dataclass
class Request:
    """Keys, values and queries of a text of one layer, and how far it was read."""

    prompt: int
    length: int
    seed: int
    blocks: list[int] = field(default_factory=list)
    done: int = 0
    outputs: dict[int, Tensor] = field(default_factory=dict)

    def __post_init__(self) -> None:
        random = torch.Generator().manual_seed(self.seed)
        self.keys = torch.randn(KEPT_HEADS, self.length, DIMS, generator=random)
        self.values = torch.randn(KEPT_HEADS, self.length, DIMS, generator=random)
        self.queries = 2 * torch.randn(self.length, HEADS, DIMS, generator=random)


class Paged:
    """One worker over a cache that starts full of noise; blocks are given back as the manager does."""

    def __init__(
        self, compressor: Compressor, *, num_blocks: int = 40, layout: Layout = LAYOUTS[0]
    ) -> None:
        self.worker = Worker(compressor, layout, num_heads=KEPT_HEADS, scaling=SCALING)
        self.cache = torch.full((num_blocks, KEPT_HEADS, SIZE, 2 * DIMS), 9.0)
        self.free = list(range(num_blocks))

    def step(self, parts: Sequence[tuple[Request, int]]) -> None:
        """Read so many more tokens of each request."""
        for request, count in parts:
            while len(request.blocks) * SIZE < request.done + count:
                request.blocks.append(self.free.pop())
            self._store(request, count)
        starts, ends = [0], []
        for request, count in parts:
            starts.append(starts[-1] + count)
            ends.append(request.done + count)
        width = max(len(request.blocks) for request, _ in parts)
        blocks = torch.tensor(
            [request.blocks + [0] * (width - len(request.blocks)) for request, _ in parts]
        )
        queries = torch.cat([each.queries[each.done : each.done + count] for each, count in parts])
        outputs = self._attend(starts, ends, [each.prompt for each, _ in parts], blocks, queries)
        for number, (request, count) in enumerate(parts):
            for place in range(count):
                request.outputs[request.done + place] = outputs[starts[number] + place]
            request.done += count
            self._give_back(request)

    def finish(self, request: Request) -> None:
        """Let a request go, or be preempted."""
        self.free += [block for block in request.blocks if block >= 0]
        request.blocks, request.done = [], 0

    def _store(self, request: Request, count: int) -> None:
        layout, end = self.worker.layout, request.done + count
        for number in range(request.done // SIZE, -(-end // SIZE)):
            new = slice(max(request.done, number * SIZE), min(end, (number + 1) * SIZE))
            within = slice(new.start - number * SIZE, new.stop - number * SIZE)
            for head in range(KEPT_HEADS):
                page = torch.tensor([request.blocks[number] * KEPT_HEADS + head])
                keys, values = layout.read(self.cache, page, size=SIZE)
                keys[within], values[within] = request.keys[head, new], request.values[head, new]
                layout.write(self.cache, page, keys, values, size=SIZE)

    def _attend(
        self, starts: list[int], ends: list[int], prompts: list[int], blocks: Tensor, queries: Tensor
    ) -> Tensor:
        current = self.worker.begin(starts, ends, prompts, blocks)
        assert current is not None
        outputs = torch.empty_like(queries)

        def whole(batch: Batch | None, queries: Tensor, into: Tensor) -> None:
            batch = batch or current.before
            assert batch is not None
            for row, first, end in zip(batch.rows, batch.starts, batch.starts[1:], strict=False):
                into[first:end] = self._whole(queries[first:end], row.blocks, row.after_reading)

        def virtual(sequences: Virtual, queries: Tensor) -> Tensor:
            return attend(
                queries,
                self.cache,
                layout=self.worker.layout,
                tables=sequences.tables,
                starts=sequences.starts,
                scaling=SCALING,
                biases=[None] * len(sequences.tables[1]),
            )

        self.worker.attend(current, 0, queries, self.cache, outputs, Kernels(whole, virtual))
        return outputs

    def _whole(self, queries: Tensor, blocks: Tensor, length: int) -> Tensor:
        pages = blocks[: -(-length // SIZE)].long() * KEPT_HEADS
        outputs = []
        for head in range(KEPT_HEADS):
            keys, values = self.worker.layout.read(self.cache, pages + head, size=SIZE)
            group = queries.view(len(queries), KEPT_HEADS, -1, DIMS)[:, head].transpose(0, 1)
            outputs.append(causal(group, keys[:length], values[:length]).transpose(0, 1))
        return torch.stack(outputs, dim=1).reshape(queries.shape)

    def _give_back(self, request: Request) -> None:
        compressor = self.worker.compressor
        plan = plan_of(request.prompt, block_size=SIZE, budget=compressor.budget)
        if plan is not None and request.done >= plan.num_read:
            for place in range(plan.first):
                if request.blocks[place] >= 0:
                    self.free.append(request.blocks[place])
                    self.cache[request.blocks[place]] = 7.0  # it may hold anything from now on
                    request.blocks[place] = -1


def causal(queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
    """Attend with (G, N, D) queries of the newest tokens to (T, D) keys."""
    logits = queries @ keys.T * SCALING
    later = torch.ones(logits.shape[1:], dtype=torch.bool).triu(len(keys) - queries.shape[1] + 1)
    output: Tensor = logits.masked_fill(later, -torch.inf).softmax(dim=-1) @ values
    return output
