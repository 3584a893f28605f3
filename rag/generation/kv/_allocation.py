"""How many entries each head of each layer keeps: ways to divide one budget.

Each takes scores (L, K, T), infinite where a token must stay, and a total, and gives counts (L, K) that sum
to the total exactly. Knows nothing of how scores arise.
"""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

__all__ = ["ALLOCATIONS", "calibrated", "chosen", "spread"]

_FLOOR = 0.2  # of an equal share, that each head of a layer has at least (Ada-KV, section 3.3)
_SLOPE = 20.0  # PyramidKV's beta


def uniform(scores: Tensor, total: int) -> Tensor:
    """Give every head the same."""
    layers, heads, size = scores.shape
    return spread(total, torch.ones(layers * heads), size).view(layers, heads)


def heads(scores: Tensor, total: int) -> Tensor:
    """Give every layer the same, and its heads what their scores take of it, with a floor for each.

    Source: Ada-KV (2407.11550), section 3.
    """
    layers, num_heads, size = scores.shape
    totals = spread(total, torch.ones(layers), num_heads * size).tolist()
    floors = [int(_FLOOR * each / num_heads) for each in totals]
    parts = zip(scores, totals, floors, strict=True)
    return torch.stack([_pooled(each, part, floor) for each, part, floor in parts])


def model(scores: Tensor, total: int) -> Tensor:
    """Give each head as many as it has among the best of all heads of all layers."""
    layers, num_heads, size = scores.shape
    return _pooled(scores.view(layers * num_heads, size), total, 0).view(layers, num_heads)


def pyramid(scores: Tensor, total: int) -> Tensor:
    """Give lower layers more, falling linearly to a twentieth of the mean, heads of a layer the same.

    What must stay is not divided, but what is left of the budget.

    Source: PyramidKV (2406.02069), section 3.2, equation 4.
    """
    layers, num_heads, size = scores.shape
    must = _must(scores)
    left = total - must * layers * num_heads
    if left < 0:
        return uniform(scores, total)
    weights = torch.linspace(2 - 1 / _SLOPE, 1 / _SLOPE, layers).repeat_interleave(num_heads)
    return must + spread(left, weights, size - must).view(layers, num_heads)


def prefix(scores: Tensor, total: int) -> Tensor:
    """Give each layer the fewest tokens that hold a share of its score, one share for all layers.

    The share is found by bisection; what is left over goes to the first heads, one each.

    Source: PrefixKV (2412.03409), section 3.2, and its code.
    """
    layers, num_heads, size = scores.shape
    must = torch.isinf(scores[0, 0])
    shares = scores[..., ~must].mean(dim=1).sort(dim=-1, descending=True).values.double().cpu()
    held = (shares / shares.sum(dim=-1, keepdim=True).clamp_min(1e-30)).cumsum(dim=-1)

    def counts(share: float) -> Tensor:
        return int(must.sum()) + (held < share).sum(dim=-1)

    low, high = 0.0, 1.0 + 1e-9
    if int(counts(low).sum()) * num_heads > total:
        return uniform(scores, total)
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if int(counts(middle).sum()) * num_heads <= total else (low, middle)
    found = counts(low).repeat_interleave(num_heads)
    while left := total - int(found.sum()):
        found[torch.nonzero(found < size).flatten()[:left]] += 1
    return found.view(layers, num_heads)


ALLOCATIONS: Mapping[str, Callable[[Tensor, int], Tensor]] = {
    "uniform": uniform,
    "heads": heads,
    "model": model,
    "pyramid": pyramid,
    "prefix": prefix,
}


def calibrated(shares: Tensor) -> Callable[[Tensor, int], Tensor]:
    """Give an allocation by fixed shares (L,) of the layers, as `prefix` found on other texts.

    A share of a shorter text may be less than what must stay of it; the others then give what it lacks.
    """

    def allocate(scores: Tensor, total: int) -> Tensor:
        layers, num_heads, size = scores.shape
        must = _must(scores) * num_heads
        left = total - must * layers
        if left < 0:
            return uniform(scores, total)
        wanted = total * shares.double() / shares.sum() - must
        by_layer = must + spread(left, wanted.clamp_min(1e-9), num_heads * size - must)
        return torch.stack([spread(each, torch.ones(num_heads), size) for each in by_layer.tolist()])

    return allocate


def spread(total: int, weights: Tensor, most: int) -> Tensor:
    """Divide a total into whole numbers of at most `most`, in proportion to weights, summing exactly.

    >>> spread(10, torch.tensor([1.0, 1.0, 8.0]), 5).tolist()
    [3, 2, 5]
    """
    weights = weights.double()
    is_open = torch.ones(len(weights), dtype=torch.bool)
    while True:
        left = total - most * int((~is_open).sum())
        exact = torch.where(is_open, left * weights / weights[is_open].sum(), float(most))
        if not (over := is_open & (exact > most)).any():
            break
        is_open &= ~over
    counts = exact.floor().long()
    order = (exact - counts).sort(descending=True, stable=True).indices
    counts[order[: total - int(counts.sum())]] += 1
    return counts


def chosen(scores: Tensor, counts: Tensor, *, sinks: int = 0) -> list[list[Tensor]]:
    """Give the places of each head's best entries, in the order of the text, by layer and head.

    Of equals, as all are that must stay, the `sinks` first of the text are best, and then the newest.
    """
    order = torch.arange(scores.shape[-1], device=scores.device)
    order = torch.cat((order[:sinks], order[sinks:].flip(0)))
    best = order[scores[..., order].sort(dim=-1, descending=True, stable=True).indices]
    return [
        [head[: int(count)].sort().values for head, count in zip(layer, numbers, strict=True)]
        for layer, numbers in zip(best, counts, strict=True)
    ]


def _must(scores: Tensor) -> int:
    """Count the tokens that must stay, the same of every head."""
    return int(torch.isinf(scores[0, 0]).sum())


def _pooled(scores: Tensor, total: int, floor: int) -> Tensor:
    """Count, for (N, T) scores, what each row has among the best `total`, `floor` at the least."""
    if floor:
        best = scores.topk(floor, dim=-1).indices
        scores = scores.scatter(-1, best, torch.inf)
    rows = scores.flatten().topk(total).indices // scores.shape[-1]
    return torch.bincount(rows, minlength=len(scores)).cpu()
