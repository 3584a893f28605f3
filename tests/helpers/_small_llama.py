"""A Llama of random weights with grouped queries, and a text for it."""

import torch
from transformers import LlamaConfig, LlamaForCausalLM

__all__ = ["SIZE", "small_llama", "text"]

SIZE = 64  # tokens of the vocabulary


def small_llama(*, layers: int = 3, heads: int = 4, kept_heads: int = 2, seed: int = 3) -> LlamaForCausalLM:
    """Give a model whose attention is sharp enough to be seen."""
    config = LlamaConfig(
        vocab_size=SIZE,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=kept_heads,
        initializer_range=0.3,
        bos_token_id=None,
        eos_token_id=1,
    )
    torch.manual_seed(seed)
    return LlamaForCausalLM(config).eval()


def text(length: int, seed: int = 0) -> list[int]:
    """Give random tokens."""
    random = torch.Generator().manual_seed(seed)
    return torch.randint(2, SIZE, (length,), generator=random).tolist()
