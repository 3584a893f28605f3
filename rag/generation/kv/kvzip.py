"""What the model needs to repeat the text: judged once, without a question, and good for any."""

from collections.abc import Sequence

import torch
from torch import Tensor

from rag.generation.kv._cache import RaggedCache
from rag.generation.kv._observations import Strongest
from rag.generation.kv._policy import Policy, Reading

__all__ = ["Kvzip"]

_CHUNK_TOKENS = 1024  # repeated at a time
_PASS_TOKENS = 256  # read at a time: attention is (H, this, T) numbers


class Kvzip(Policy):
    """Score by the most attention a key receives while the text is read a second time.

    Costs a second reading, and a little more. The budget is shared by all heads and layers: with the same
    for each head the score is worth little.

    Source: KVzip (2505.23416), section 3.
    """

    allocation = "model"
    is_for_parts = True

    def scores(self, cache: RaggedCache, reading: Reading) -> Tensor:
        """Score by reconstruction."""
        strongest = Strongest(len(reading.token_ids))
        cache.observe(strongest)
        for first in range(0, len(reading.token_ids), _CHUNK_TOKENS):
            again = [*reading.repeat_ids, *reading.token_ids[first : first + _CHUNK_TOKENS]]
            cache.keep(_read(cache, reading, again), ())
            if reading.stop.is_set():
                break
        cache.observe()
        return torch.stack([strongest.most[layer.index] for layer in cache.layers])


def _read(cache: RaggedCache, reading: Reading, token_ids: Sequence[int]) -> int:
    """Read tokens; give how many were: all, or if it was stopped a piece, so that there are scores."""
    for start in range(0, len(token_ids), _PASS_TOKENS):
        piece = torch.tensor([token_ids[start : start + _PASS_TOKENS]], device=reading.model.device)
        with torch.inference_mode():
            reading.model(input_ids=piece, past_key_values=cache, use_cache=True, logits_to_keep=1)
        if reading.stop.is_set():
            return start + piece.shape[1]
    return len(token_ids)
