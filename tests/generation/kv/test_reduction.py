"""What is not kept is dropped, merged or folded as described."""

import torch
from torch import Tensor

from rag.generation.kv._quantised import Quantised
from rag.generation.kv._reduction import compensate, evict, merge


def drawn(size: int = 20) -> tuple[Tensor, Tensor, Tensor]:
    random = torch.Generator().manual_seed(4)
    keys, values = (torch.randn(size, 8, generator=random) for _ in range(2))
    return keys, values, torch.rand(size, generator=random)


def test_a_threshold_over_1_is_eviction_bit_for_bit() -> None:
    keys, values, scores = drawn()
    keys[7], values[7] = keys[3], values[3]
    places = torch.tensor([0, 3, 9, 19])
    merged = merge(keys, values, places, scores=scores, threshold=1.0001, share=3.0)
    dropped = evict(keys, values, places)
    assert torch.equal(merged.keys, dropped.keys)
    assert torch.equal(merged.values, dropped.values)


def test_merging_equals_a_loop_over_the_tokens() -> None:
    keys, values, scores = drawn()
    places = torch.tensor([1, 4, 8])
    found = merge(keys, values, places, scores=scores, threshold=0.05, share=2.0)
    others = [at for at in scores.argsort(descending=True).tolist() if at not in places.tolist()][:6]
    members: dict[int, list[int]] = {int(place): [int(place)] for place in places}
    for other in others:
        alike = {
            place: max(0.0, float(torch.cosine_similarity(keys[other], keys[place], dim=0)))
            * max(0.0, float(torch.cosine_similarity(values[other], values[place], dim=0)))
            for place in members
        }
        best = max(alike, key=lambda place: alike[place])
        if alike[best] >= 0.05:
            members[best].append(other)
    assert max(len(each) for each in members.values()) > 1
    for row, (place, of) in enumerate(members.items()):
        direction = sum(scores[at] * keys[at] / keys[at].norm() for at in of)
        assert isinstance(direction, Tensor)
        key = direction / direction.norm() * keys[place].norm()
        value = sum(scores[at] * values[at] for at in of) / sum(scores[at] for at in of)
        assert isinstance(value, Tensor)
        assert torch.allclose(found.keys[row], key, atol=1e-5)
        assert torch.allclose(found.values[row], value, atol=1e-5)


def test_equal_tokens_merge_into_themselves() -> None:
    keys, values, scores = drawn()
    keys[7], values[7] = keys[3], values[3]
    scores[7] = 2.0
    found = merge(keys, values, torch.tensor([3]), scores=scores, threshold=0.99, share=1.0)
    assert torch.allclose(found.keys[0], keys[3], atol=1e-6)
    assert torch.allclose(found.values[0], values[3], atol=1e-6)


def test_one_entry_stands_for_all_that_are_dropped() -> None:
    keys, values, _ = drawn()
    keys[2:15], values[2:15] = keys[2], values[2]  # alike, so that their mean loses nothing
    head = compensate(keys, values, torch.tensor([0, 1, 14, 15, 16, 17, 18, 19]))
    assert len(head.keys) == 8
    query = torch.randn(8, generator=torch.Generator().manual_seed(1))
    assert head.bias is not None
    found = (head.keys @ query + head.bias).softmax(dim=0) @ head.values
    assert torch.allclose(found, (keys @ query).softmax(dim=0) @ values, atol=1e-5)


def test_with_nothing_to_drop_nothing_is_folded() -> None:
    keys, values, _ = drawn()
    head = compensate(keys, values, torch.arange(20))
    assert head.bias is None
    assert torch.equal(head.keys, keys)


def test_more_bits_are_nearer() -> None:
    keys, _, _ = drawn()
    keys[:, 3] *= 30  # one large coordinate, as keys have
    errors = [float((Quantised(keys, bits)[:] - keys).norm() / keys.norm()) for bits in (8, 4)]
    assert errors[0] < 0.01 < errors[1] < 0.12
