"""What `make gpu-check` runs on a GPU, on the CPU with a small model."""

import torch
from transformers import LlamaConfig

from benchmarks._gpu_decoding import compression, speculation

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
