"""How a page of the cache holds its keys and values, and a check that it does.

A page is one KV head's part of a block. On a CPU its keys are stored transposed, so that the kernel reads
one dimension of all tokens at once; which way it is depends on the kernel, so it is tried and not believed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor

from rag.core.errors import UnavailableError

__all__ = ["LAYOUTS", "Layout", "Order", "found_layout"]


Order = Literal["transposed", "rows", "interleaved"]


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the numbers of a page of N tokens are.

    `rows`: the keys (N, D), then the values. `transposed`: the keys (D, N), then the values (N, D).
    `interleaved`: each token's key and value, (N, 2 * D).
    """

    order: Order

    def read(self, cache: Tensor, pages: Tensor, *, size: int) -> tuple[Tensor, Tensor]:
        """Give the (T, D) keys and values of pages, one behind the other.

        Args:
            cache: (B, K, N, 2 * D), a layer's.
            pages: (P,) numbers block * K + head.
            size: N, tokens of a page.
        """
        keys, values = self._parts(_pages(cache, size)[pages], size)
        return keys.reshape(-1, keys.shape[-1]), values.reshape(-1, values.shape[-1])

    def write(self, cache: Tensor, pages: Tensor, keys: Tensor, values: Tensor, *, size: int) -> None:
        """Store (T, D) keys and values in pages; T fills them but perhaps the last.

        What the last page holds behind them stays.
        """
        stored, dims = _pages(cache, size), keys.shape[-1]
        whole = len(keys) // size
        inner = torch.empty_like(stored[pages[:whole]])
        for part, given in zip(self._parts(inner, size), (keys, values), strict=True):
            part.copy_(given[: whole * size].view(whole, size, dims))
        stored[pages[:whole]] = inner
        if rest := len(keys) - whole * size:
            last = stored[int(pages[whole])][None]  # a view
            for part, given in zip(self._parts(last, size), (keys, values), strict=True):
                part[0, :rest] = given[whole * size :]

    def _parts(self, pages: Tensor, size: int) -> tuple[Tensor, Tensor]:
        """Give views (P, N, D) of keys and values of (P, N * 2 * D) pages."""
        count, dims = len(pages), pages.shape[1] // size // 2
        if self.order == "interleaved":
            both = pages.view(count, size, 2 * dims)
            return both[..., :dims], both[..., dims:]
        keys, values = pages[:, : size * dims], pages[:, size * dims :]
        keys = (
            keys.view(count, dims, size).mT if self.order == "transposed" else keys.view(count, size, dims)
        )
        return keys, values.view(count, size, dims)


LAYOUTS = tuple(Layout(order) for order in get_args(Order))


def _pages(cache: Tensor, size: int) -> Tensor:
    blocks, heads = cache.shape[:2]
    return cache.view(blocks * heads, size * cache.shape[-1])


def found_layout(
    store: Callable[[Tensor, Tensor, Tensor, Tensor], None],
    *,
    shape: Sequence[int],
    dtype: torch.dtype,
    device: torch.device | str = "cpu",
) -> Layout:
    """Give the layout in which a kernel stores, by what it does with random keys and values.

    Args:
        store: the kernel: keys (T, K, D), values (T, K, D), a cache and slots (T,), which it fills.
        shape: (K, N, D) of the engine.
        dtype: of the cache.
        device: where the kernel runs.

    Raises:
        UnavailableError: it stores in none of those that are known.
    """
    heads, size, dims = shape
    random = torch.Generator().manual_seed(0)
    keys, values = (
        torch.randn(2 * size, heads, dims, generator=random).to(device, dtype) for _ in range(2)
    )
    cache = torch.zeros(3, heads, size, 2 * dims, dtype=dtype, device=device)
    slots = size + torch.randperm(2 * size, generator=random).to(device)  # not the first block
    store(keys, values, cache, slots)
    order = slots.argsort()
    for layout in LAYOUTS:
        pages = [torch.tensor([heads + head, 2 * heads + head], device=device) for head in range(heads)]
        got = [layout.read(cache, each, size=size) for each in pages]
        if all(
            torch.equal(got[head][0], keys[order, head]) and torch.equal(got[head][1], values[order, head])
            for head in range(heads)
        ):
            return layout
    raise UnavailableError(
        f"this kernel stores keys of blocks of {size} tokens in {dtype} in a way that the plugin does not"
        " know: take `--dtype float32 --block-size 32`, or serve without kv compression"
    )
