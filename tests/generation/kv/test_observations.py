"""What is noted while a text is read, in pieces, is what the model's own attention says."""

from typing import Any

import pytest
import torch
from _small_llama import small_llama, text
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from rag.generation.kv._attention import use_ragged_attention
from rag.generation.kv._cache import Layer, RaggedCache
from rag.generation.kv._observations import Observations, Strongest, attention
from rag.generation.kv._policy import attention_of_window
from rag.generation.kv.expected import _mean_rotation

TOKENS = text(40)


@pytest.fixture(scope="module")
def seen() -> tuple[Any, RaggedCache, Observations, Strongest]:
    """Read the text in three pieces."""
    model = small_llama()
    use_ragged_attention(model)
    notes, most = Observations(model, frozenset({"attention", "queries"}), 8), Strongest(30)
    cache = RaggedCache(3).observe(notes, most)
    with torch.inference_mode():
        for piece in (TOKENS[:32], TOKENS[32:37], TOKENS[37:]):
            model(input_ids=torch.tensor([piece]), past_key_values=cache, use_cache=True)
    return model, cache, notes, most


def weights() -> Tensor:
    """Give the model's own (L, K, G, T, T)."""
    model = small_llama()
    model.set_attn_implementation("eager")
    with torch.inference_mode():
        output = model(input_ids=torch.tensor([TOKENS]), output_attentions=True)
    return torch.cat(output.attentions).view(3, 2, 2, 40, 40)


def test_attention_received_is_that_of_the_model(
    seen: tuple[Any, RaggedCache, Observations, Strongest],
) -> None:
    found = torch.stack([seen[2].received[layer] for layer in range(3)])
    assert torch.allclose(found, weights().sum(dim=3).mean(dim=2), atol=1e-4)


def test_attention_of_the_window_is_that_of_the_model(
    seen: tuple[Any, RaggedCache, Observations, Strongest],
) -> None:
    found = attention_of_window(seen[1], seen[2])
    assert torch.allclose(found, weights()[..., -8:, :].mean(dim=(2, 3)), atol=1e-5)


def test_the_strongest_attention_is_that_of_the_model(
    seen: tuple[Any, RaggedCache, Observations, Strongest],
) -> None:
    found = torch.stack([seen[3].most[layer] for layer in range(3)])
    assert torch.allclose(found, weights()[..., :30].amax(dim=(2, 3)), atol=1e-5)


def test_entropy_is_that_of_the_model(
    seen: tuple[Any, RaggedCache, Observations, Strongest],
) -> None:
    own = weights()
    wanted = -(own * own.clamp_min(1e-12).log()).sum(dim=-1).mean(dim=(1, 2))
    found = torch.stack([seen[2].entropy[layer] for layer in range(3)])
    assert torch.allclose(found, wanted, atol=1e-4)


def test_the_moments_are_those_of_queries_before_rotation(
    seen: tuple[Any, RaggedCache, Observations, Strongest],
) -> None:
    model = small_llama()
    queries: list[Tensor] = []
    for layer in model.model.layers:
        layer.self_attn.q_proj.register_forward_hook(lambda *call: queries.append(call[-1]))
    with torch.inference_mode():
        model(input_ids=torch.tensor([TOKENS]), use_cache=False)
    for number, plain in enumerate(queries):
        by_head = plain[0].view(40, 4, 8).transpose(0, 1)
        total, squares, count = seen[2].moments[number]
        assert count == 40
        assert torch.allclose(total, by_head.sum(dim=1), atol=1e-3)
        assert torch.allclose(squares, by_head.transpose(1, 2) @ by_head, atol=1e-2)


def test_the_moments_are_those_of_queries_before_they_were_scaled() -> None:
    model = small_llama()
    model.model.rotary_emb.attention_scaling = 1.3  # as YaRN has it
    plain = torch.randn(4, 10, 8, generator=torch.Generator().manual_seed(0))
    cosines, sines = model.model.rotary_emb(plain, torch.arange(10)[None])
    layer, notes = Layer(0), Observations(model, frozenset({"queries"}), 8)
    layer.append(torch.zeros(2, 10, 8), torch.zeros(2, 10, 8))
    half = torch.cat((-plain[..., 4:], plain[..., :4]), dim=-1)
    notes.see(layer, plain * cosines[0] + half * sines[0], 1.0)
    assert torch.allclose(notes.moments[0][0], plain.sum(dim=1), atol=1e-5)


def test_the_mean_rotation_is_the_mean_over_the_positions_to_come() -> None:
    model = small_llama()
    query = torch.randn(1, 8, generator=torch.Generator().manual_seed(0))
    cosines, sines = model.model.rotary_emb(query, torch.arange(40, 40 + 512)[None])
    turned = query * cosines[0] + torch.cat((-query[:, 4:], query[:, :4]), dim=-1) * sines[0]
    found = query @ _mean_rotation(model, 40, query).T
    assert torch.allclose(found[0], turned.mean(dim=0), atol=1e-5)


class Largest(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch's
    """Note the size of the largest tensor that is made."""

    size = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:  # Any: torch's
        made = func(*args, **(kwargs or {}))
        self.size = max(self.size, made.numel() if isinstance(made, Tensor) else 0)
        return made


def test_a_long_piece_is_noted_in_slices() -> None:
    generator = torch.Generator().manual_seed(1)
    keys, queries = torch.randn(1, 700, 4, generator=generator), torch.randn(2, 600, 4, generator=generator)
    whole = attention(queries, keys, 0.5)
    layer, notes, most = Layer(0), Observations(None, frozenset({"attention"}), 8), Strongest(100)
    layer.append(keys, keys)
    with Largest() as largest:  # type: ignore[no-untyped-call]  # torch's
        notes.see(layer, queries, 0.5)
        most.see(layer, queries, 0.5)
    assert torch.allclose(notes.received[0], whole.sum(dim=2).mean(dim=1), atol=1e-4)
    assert torch.allclose(
        notes.entropy[0], torch.special.entr(whole).sum(dim=-1).mean(dim=(0, 1)), atol=1e-5
    )
    assert torch.allclose(most.most[0], whole[..., :100].amax(dim=(1, 2)), atol=1e-6)
    assert largest.size == 2 * 256 * 612  # two heads, the second slice
