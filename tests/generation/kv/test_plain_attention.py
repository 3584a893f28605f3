"""Plain caches give what transformers' own attention gives, without its copies."""

import pytest
import torch
from _small_llama import small_llama, text
from transformers import DynamicCache

from rag.generation.kv._attention import use_ragged_attention


@pytest.mark.parametrize("new", [1, 2, 9])
def test_the_attention_is_that_of_transformers(new: int) -> None:
    ours, theirs = small_llama(), small_llama()
    use_ragged_attention(ours)
    given = []
    for model in (ours, theirs):
        cache = DynamicCache()
        with torch.inference_mode():
            model(input_ids=torch.tensor([text(40)]), past_key_values=cache, use_cache=True)
            ids = torch.tensor([text(new, seed=1)])
            given.append(model(input_ids=ids, past_key_values=cache, use_cache=True).logits)
    assert torch.allclose(given[0], given[1], atol=1e-5)
