"""What becomes of entries that are not kept: dropped, merged into kept ones, or folded into one.

Each works on one head. Knows no budget and no score beyond the numbers it is given.
"""

import torch
from torch import Tensor

from rag.generation.kv._entries import Head

__all__ = ["compensate", "evict", "merge"]


def evict(keys: Tensor, values: Tensor, places: Tensor) -> Head:
    """Keep the entries at these places of (T, D) keys and values, and drop the rest."""
    return Head(keys[places], values[places], positions=places)


def compensate(keys: Tensor, values: Tensor, places: Tensor) -> Head:
    """Keep all places but the first, and there the mean of what is dropped, for as many as it stands for.

    The mean's logit is raised by the logarithm of their number. The first place gives way to it, so that
    the number of entries is that of the places; with nothing to drop all stay.

    Source: RazorAttention (2407.15891), section 3.3.
    """
    if len(places) in (0, len(keys)):
        return evict(keys, values, places)
    # The oldest recent token is the least: sinks are lower places, so it is the first after a gap.
    gap = int((places != torch.arange(len(places), device=places.device)).int().argmax())
    places = torch.cat((places[:gap], places[gap + 1 :]))
    is_dropped = torch.ones(len(keys), dtype=torch.bool, device=keys.device)
    is_dropped[places] = False
    bias = torch.zeros(len(places) + 1, dtype=torch.float32, device=keys.device)
    bias[0] = is_dropped.sum().log()
    mean_key, mean_value = keys[is_dropped].mean(dim=0), values[is_dropped].mean(dim=0)
    return Head(
        torch.cat((mean_key[None], keys[places])),
        torch.cat((mean_value[None], values[places])),
        bias,
        torch.cat((places.new_full((1,), -1), places)),
    )


def merge(
    keys: Tensor, values: Tensor, places: Tensor, *, scores: Tensor, threshold: float, share: float
) -> Head:
    """Keep the entries at these places, and merge the best of the others into the one most like each.

    Likeness is the product of the cosines of keys and of values, each at least 0 (two negative ones
    would make a likeness). An entry that is less like every kept one than the threshold goes to a class
    of its own, which is dropped, so that a threshold over 1 is eviction. Means are weighted by the scores;
    keys are averaged by direction and keep the length of the kept one.

    Source: EMS (2412.08521), section 3.3; weights and clamping are ours, where its text is unclear.

    Args:
        keys: (T, D).
        values: (T, D).
        places: (N,), what is kept.
        scores: (T,), at least 0; infinite ones weigh as much as the greatest other.
        threshold: from 0 to over 1.
        share: how many others are looked at, as a multiple of N.
    """
    kept_keys, kept_values = keys[places], values[places]
    others = scores.clone()
    others[places] = -torch.inf
    count = min(int(share * len(places)), len(scores) - len(places))
    if count == 0:
        return Head(kept_keys, kept_values, positions=places)
    others = others.topk(count).indices
    likeness = (_directions(keys[others]) @ _directions(kept_keys).T).clamp_min(0)
    likeness = likeness * (_directions(values[others]) @ _directions(kept_values).T).clamp_min(0)
    best, classes = likeness.max(dim=-1)
    classes = torch.where(best >= threshold, classes, len(places))  # the last class is dropped
    finite = scores[torch.isfinite(scores)]
    weights = scores.clamp(1e-12, float(finite.max()) if len(finite) else 1.0)[:, None].to(keys.dtype)
    own = torch.cat((places, others)), torch.cat((torch.arange(len(places)).to(classes), classes))
    sums = keys.new_zeros(len(places) + 1, keys.shape[1] + values.shape[1] + 1)
    members = torch.cat((_directions(keys), values, torch.ones_like(weights)), dim=-1) * weights
    sums.index_add_(0, own[1], members[own[0]])
    size = keys.shape[1]
    means = sums[:-1, size:-1] / sums[:-1, -1:]
    is_merged = (torch.bincount(classes, minlength=len(places) + 1)[:-1] > 0)[:, None]
    turned = _directions(sums[:-1, :size]) * kept_keys.norm(dim=-1, keepdim=True)
    return Head(
        torch.where(is_merged, turned, kept_keys),
        torch.where(is_merged, means, kept_values),
        positions=places,
    )


def _directions(vectors: Tensor) -> Tensor:
    return torch.nn.functional.normalize(vectors, dim=-1)
