"""The closed form of CRITIC's gradient is what autograd gives."""

import torch
from _small_llama import small_llama

from rag.generation.kv._cache import Layer
from rag.generation.kv._observations import Observations
from rag.generation.kv.critic import gradient


def test_the_gradient_equals_autograd() -> None:
    random = torch.Generator().manual_seed(2)
    keys, values = (torch.randn(2, 9, 4, generator=random) for _ in range(2))
    queries = torch.randn(4, 9, 4, generator=random)
    layer = Layer(0)
    layer.append(keys, values)
    seen = Observations(small_llama(), frozenset(), 3)
    seen.see(layer, queries, 0.5)

    keys.requires_grad_()
    values.requires_grad_()
    outputs = []
    for row in (7, 8):
        logits = (queries[:, row, None] * 0.5 @ keys.repeat_interleave(2, 0).transpose(1, 2))[:, 0]
        weights = logits[:, : row + 1].softmax(dim=-1)
        outputs.append((weights[:, None] @ values.repeat_interleave(2, 0)[:, : row + 1])[:, 0])
    loss = ((outputs[1] - outputs[0].detach()) ** 2).mean()
    by_keys, by_values = torch.autograd.grad(loss, (keys, values))
    wanted = (by_keys.abs() + by_values.abs()).sum(dim=(0, 2))
    assert torch.allclose(gradient(layer, seen), wanted, atol=1e-6)
