"""What `make gpu-check` runs on a GPU, on the CPU with a small model."""

import torch
from transformers import LlamaConfig

from benchmarks._gpu_decoding import _equal, _model, _read, _written, compression, speculation
from rag.generation.speculation._cache import PlainCache

SMALL = LlamaConfig(
    vocab_size=64,
    hidden_size=32,
    intermediate_size=64,
    num_hidden_layers=2,
    num_attention_heads=4,
    num_key_value_heads=2,
    initializer_range=0.3,
    bos_token_id=None,
    eos_token_id=1,
)


def test_rows_say_whether_the_engine_is_exact() -> None:
    rows = compression(SMALL, "cpu", torch.float32, tokens=160, new=8)
    assert [row["equal"] for row in rows] == [True] * len(rows)
    assert all(row["share_of_bytes"] < 0.4 for row in rows)
    (row,) = speculation(SMALL, "cpu", torch.float32, tokens=160, new=24)
    assert row["equal"]
    assert row["tokens_per_pass"] >= 1


def test_in_half_precision_rows_are_equal_but_for_ties() -> None:
    rows = [
        *compression(SMALL, "cpu", torch.bfloat16, tokens=160, new=24),
        *speculation(SMALL, "cpu", torch.bfloat16, tokens=160, new=24),
    ]
    assert all(row["equal"] for row in rows), rows


def test_an_answer_that_parts_where_nothing_ties_is_not_equal() -> None:
    model = _model(SMALL, "cpu", torch.bfloat16)
    prompt = list(range(2, 40))
    plain, _, _ = _written(model, PlainCache(), prompt, 6)
    logits = _read(model, PlainCache(), prompt)
    other = [int(logits.argmin()), *plain[1:]]
    assert _equal(model, prompt, plain, other) == {"equal": False, "same": False}
    assert _equal(model, prompt, plain, plain) == {"equal": True, "same": True}
