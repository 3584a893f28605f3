"""Trees of several decodings read in one pass of the model, each behind what its own cache holds."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from benchmarks._side_by_side import SideBySide
from rag.generation.backends._batched_pass import _PassCache, _Piece
from rag.generation.speculation._cache import PlainCache
from rag.generation.speculation._drafts import Draft

__all__ = ["TreesSideBySide"]

_Asked = tuple[PlainCache, Sequence[int], Draft]


class TreesSideBySide(SideBySide[_Asked, Tensor]):
    """Decodings that run together; a pass costs less than a pass for each."""

    def __init__(self, model: Any) -> None:  # Any: of transformers
        """Take a causal model with the attention of rag/generation/kv/_attention.py."""
        super().__init__(self._read)
        self._model = model

    def reader(self, cache: PlainCache) -> Callable[[Sequence[int], Draft], Tensor]:
        """Give what reads trees behind a cache, as TreeReader does."""

        def read(token_ids: Sequence[int], draft: Draft) -> Tensor:
            return self.ask((cache, token_ids, draft))

        return read

    def _read(self, asked: list[_Asked]) -> Sequence[Tensor]:
        token_ids: list[int] = []
        positions: list[int] = []
        pieces = []
        for cache, new, draft in asked:
            past = cache.get_seq_length()
            token_ids += new
            positions += [past, *(past + depth for depth in draft.depths())]
            seen = torch.cat((torch.ones(len(new), past, dtype=torch.bool), draft.mask()), dim=1)
            pieces.append(_Piece(cache, len(new), seen if len(draft) else None))
        output = self._model(
            input_ids=torch.tensor([token_ids]),
            position_ids=torch.tensor([positions]),
            attention_mask=torch.zeros(1, 1, 1, 1),  # four dimensions: none is made
            past_key_values=_PassCache(pieces),
            use_cache=True,
        )
        return torch.split(output.logits[0].float(), [len(new) for _, new, _ in asked])
