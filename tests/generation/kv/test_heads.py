"""The probe finds the heads that look back."""

from pathlib import Path
from typing import Any

import torch
from _small_llama import SIZE, small_llama
from transformers import LlamaConfig, LlamaForCausalLM

from rag.generation.kv._cache import Layer
from rag.generation.kv._heads import HeadProbe, head_scores, retrieval_heads
from rag.generation.kv._policy import Reading
from rag.generation.kv.razor import Razor

LAYER, HEAD, DIM = 1, 2, 64


def planted() -> Any:
    """Give a model of which one KV head attends to earlier copies of the token, whatever their distance."""
    config = LlamaConfig(
        vocab_size=SIZE,
        hidden_size=128,
        intermediate_size=32,
        num_hidden_layers=3,
        num_attention_heads=8,
        num_key_value_heads=4,
        head_dim=DIM,
        rope_parameters={"rope_type": "default", "rope_theta": 1e12},
        bos_token_id=None,
        initializer_range=0.02,
    )
    torch.manual_seed(0)
    model = LlamaForCausalLM(config).eval()
    attention = model.model.layers[LAYER].self_attn
    slow = [*range(DIM // 2 - 16, DIM // 2), *range(DIM - 16, DIM)]  # coordinates that hardly turn
    picks = torch.zeros(DIM, 128)
    picks[slow, : len(slow)] = 4 * torch.eye(len(slow))
    with torch.no_grad():
        model.model.embed_tokens.weight.copy_(torch.randn(SIZE, 128))
        attention.k_proj.weight[HEAD * DIM : (HEAD + 1) * DIM] = picks
        attention.q_proj.weight[2 * HEAD * DIM : (2 * HEAD + 1) * DIM] = picks
    return model


def test_a_planted_head_is_found() -> None:
    for seed in (0, 1):
        echo, _ = head_scores(planted(), period=32, seed=seed)
        assert int(echo.flatten().argmax()) == LAYER * 4 + HEAD
        assert float(echo[LAYER, HEAD]) > 4 * float(echo.flatten().sort().values[-2])


def test_looking_at_what_followed_is_told_from_looking_at_the_copy() -> None:
    period, size = 6, 24
    keys = torch.eye(size)[None] * 40
    layer = Layer(0)
    layer.append(keys, keys)
    rows = torch.arange(size)
    echo, induction = (torch.zeros(size, size) for _ in range(2))
    echo[rows, (rows - period).clamp_min(0)] = 40
    induction[rows, (rows - period + 1).clamp_min(0)] = 40
    probe = HeadProbe(period)
    probe.see(layer, torch.stack((echo, induction)), 1.0)
    copies = size - period
    assert torch.allclose(probe.echo[0] / copies, torch.tensor([[1.0, 0.0]]), atol=0.1)
    assert torch.allclose(probe.induction[0] / copies, torch.tensor([[0.0, 1.0]]), atol=0.1)


def test_a_model_is_probed_once(tmp_path: Path) -> None:
    model = small_llama()
    first = retrieval_heads(model, tmp_path)
    assert len(list(tmp_path.glob("retrieval_heads-*.json"))) == 1
    second = retrieval_heads(model, tmp_path)
    assert all(torch.allclose(one, other) for one, other in zip(first, second, strict=True))
    retrieval_heads(small_llama(seed=9), tmp_path)
    retrieval_heads(model.bfloat16(), tmp_path)
    assert len(list(tmp_path.glob("retrieval_heads-*.json"))) == 3


def test_razor_keeps_a_head_that_looks_at_copies_and_never_behind_them() -> None:
    model = planted()
    policy = Razor(0.5, share=1 / 12)  # of 3 layers of 4 heads
    reading = Reading(model, [], policy.observe(model))
    assert policy.ranked(reading) == [LAYER * 4 + HEAD]
