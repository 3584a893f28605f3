"""A tree of tokens read by a causal model in one pass.

Knows transformers' way to say who sees whom, and at which position each stands.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from rag.core.errors import InvalidInputError
from rag.generation.speculation._drafts import Draft, Looking, Proposer

__all__ = ["TreeReader", "run"]

_FULL, _SLIDING = "full_attention", "sliding_attention"  # as transformers names kinds of layers


class TreeReader:
    """Read drafts behind what a cache holds."""

    def __init__(
        self, model: Any, cache: Any, device: str, proposer: Proposer | None = None
    ) -> None:  # Any: transformers' classes
        """Take a causal model, its cache, as long as what was read, and who may want to look on."""
        self._model = model
        self._cache = cache
        self._device = device
        self._proposer = proposer
        self.passes = 0

    def __call__(self, token_ids: Sequence[int], draft: Draft) -> Tensor:
        """Give (N + 1, V) logits, float32 on the CPU; each token sees its ancestors and all of the past."""
        self.passes += 1
        inputs = torch.tensor([list(token_ids)], device=self._device)
        past = self._cache.get_seq_length()
        more: dict[str, Any] = {}
        if len(draft):
            positions = torch.tensor([[past, *(past + depth for depth in draft.depths())]])
            more = {"position_ids": positions.to(self._device)}
            if draft.parents != tuple(range(-1, len(draft) - 1)):  # a chain is what the model expects
                more["attention_mask"] = self._mask(draft.mask(), positions[0], past)
        more |= {"input_ids": inputs}
        output = run(self._model, self._proposer, past_key_values=self._cache, use_cache=True, **more)
        logits: Tensor = output.logits[0].float().cpu()
        return logits

    def _mask(self, seen: Tensor, positions: Tensor, past: int) -> Tensor | dict[str, Tensor]:
        """Give what each token sees of all, by the kind of layer for a model that has kinds.

        Raises:
            InvalidInputError: a kind for which it cannot be said.
        """
        config = self._model.config.get_text_config()
        kinds = set(getattr(config, "layer_types", None) or ())
        if other := kinds - {_FULL, _SLIDING}:
            raise InvalidInputError(
                f"{type(self._model).__name__} has layers of {', '.join(sorted(other))}, which read no tree"
                " of tokens: take another speculation, such as lookup, or none"
            )
        seen = torch.cat((torch.ones(len(seen), past, dtype=torch.bool), seen), dim=1)
        window = getattr(config, "sliding_window", None)
        if window is None or kinds == {_FULL}:
            return self._added(seen)
        near = seen & (torch.cat((torch.arange(past), positions)) > positions[:, None] - window)
        if not kinds:
            return self._added(near)
        return {_FULL: self._added(seen), _SLIDING: self._added(near)}

    def _added(self, seen: Tensor) -> Tensor:
        """Give (1, 1, N + 1, past + N + 1): 0 where a token is seen, the least number elsewhere."""
        dtype = self._model.dtype
        mask = torch.zeros(seen.shape, dtype=dtype).masked_fill_(~seen, torch.finfo(dtype).min)
        return mask[None, None].to(self._device)


def run(model: Any, proposer: Proposer | None, **inputs: Any) -> Any:  # Any: of transformers
    """Run a model on its inputs, and let the proposer look on if it is one that looks."""
    return proposer.run(model, **inputs) if isinstance(proposer, Looking) else model(**inputs)
