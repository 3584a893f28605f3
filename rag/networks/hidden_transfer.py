"""Hidden transfer: the state of a token, inside a model, -> pseudo states of the tokens that come next.

Step i has one linear map. It turns the state that enters a layer into one that stands i places further on
and runs through that layer and those above, seeing the text up to its token, the steps before it and
itself; the model's own head then gives what may follow there. Knows no drafts. A layer number as high as
the model has layers is behind the last one: that is a linear head like Medusa's, to compare with.

Source: Wu et al., Parallel Decoding via Hidden Transfer, 2024, https://arxiv.org/abs/2404.12022. We run the
pseudo states behind the pass that read their token, over its cache, and only for the tokens asked for; the
paper runs them in that pass, for every token of the tree. The states are the same.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol, Self

import torch
from torch import Tensor, nn

from rag.networks._target import check_target
from rag.networks._weights import load_weights

__all__ = ["Past", "TransferMaps"]

NAME = "hidden_transfer"


class Past(Protocol):
    """Keys and values of the text."""

    def get_seq_length(self) -> int:
        """Count the tokens read."""
        ...

    def beside(self, keys: Tensor, values: Tensor, layer: int) -> tuple[Any, Any]:
        """Give what attention sees where more stand behind the text; nothing is kept of them."""
        ...


class TransferMaps(nn.Module):
    """One map a step; they begin as the identity, which is to do nothing."""

    layers: Tensor

    def __init__(self, dim: int, layers: Sequence[int]) -> None:
        """Set the size of a state, and for each step the layer whose input is mapped, ascending."""
        super().__init__()
        if not layers or list(layers) != sorted(layers) or layers[0] < 0:
            raise ValueError(f"layers are ascending numbers from 0, one a step, got {list(layers)}")
        self.register_buffer("layers", torch.tensor(list(layers)))
        maps = [nn.Linear(dim, dim, bias=False) for _ in layers]
        for each in maps:
            nn.init.eye_(each.weight)
        self.maps = nn.ModuleList(maps)

    @classmethod
    def from_folder(cls, folder: Path, model: Any) -> Self:  # Any: a class of transformers
        """Read trained maps for their model, ready for inference.

        Raises:
            DamagedWeightsError: the file is not the one that was trained.
            InvalidInputError: they were trained for a model of another shape.
        """
        weights = load_weights(NAME, folder)
        dim, layers = len(weights["maps.0.weight"]), weights["layers"].tolist()
        check_target(model, dim=dim, layers=max(layers))
        maps = cls(dim, layers)
        maps.load_state_dict(weights)
        return maps.requires_grad_(False).eval()

    def taken(self, hidden_states: Sequence[Tensor]) -> Tensor:
        """Give (k, B, T, D), the states to map, from those that a model gives: of each layer's input."""
        return torch.stack([hidden_states[layer] for layer in self.layers.tolist()])

    def forward(self, model: Any, states: Tensor, past: Past, *, seen: Tensor, positions: Tensor) -> Tensor:
        """Give the pseudo states behind R tokens, normed as the model's head takes them.

        Args:
            model: a causal model of the Llama kind.
            states: (k, B, R, D) of `taken`.
            past: the text's keys and values, these tokens' among them.
            seen: (R, P) bool, which of the past each of the tokens sees.
            positions: (R,) of the tokens.

        Returns:
            (B, R, k, D); its head gives the law of the token i + 1 places behind.
        """
        base, (_, batch, rows, dim) = model.model, states.shape
        layers = self.layers.tolist()
        hidden = states.new_zeros(batch, 0, dim)
        for number in range(layers[0], len(base.layers)):
            entering = [step for step, layer in enumerate(layers) if layer == number]
            for step in entering:
                hidden = torch.cat([hidden, self.maps[step](states[step])], dim=1)
            steps = hidden.shape[1] // rows
            if entering:
                mask = _mask(seen, steps, hidden.dtype)
                places = torch.cat([positions + step + 1 for step in range(steps)])[None]
                angles = base.rotary_emb(hidden, places)
            hidden = base.layers[number](
                hidden,
                attention_mask=mask,
                position_ids=places,
                past_key_values=_Beside(past),
                use_cache=True,
                position_embeddings=angles,
            )
        behind = [step for step, layer in enumerate(layers) if layer >= len(base.layers)]
        blocks = [base.norm(hidden), *(self.maps[step](states[step]) for step in behind)]
        return torch.cat(blocks, dim=1).view(batch, -1, rows, dim).transpose(1, 2)


class _Beside:
    """A cache that shows layers what is beside it, and keeps nothing of it."""

    def __init__(self, past: Past) -> None:
        self._past = past

    def update(self, keys: Tensor, values: Tensor, layer_idx: int, *_: object) -> tuple[Any, Any]:
        return self._past.beside(keys, values, layer_idx)


def _mask(seen: Tensor, steps: int, dtype: torch.dtype) -> Tensor:
    """Give (1, 1, kR, P + kR): 0 where one is seen, the least number elsewhere; steps are outermost."""
    rows = seen.shape[0]
    own = torch.eye(rows, dtype=torch.bool, device=seen.device).repeat(steps, steps)
    before = torch.ones(steps, steps, dtype=torch.bool, device=seen.device).tril()
    own &= before.repeat_interleave(rows, 0).repeat_interleave(rows, 1)
    whole = torch.cat([seen.repeat(steps, 1), own], dim=1)
    return torch.zeros(whole.shape, dtype=dtype, device=seen.device).masked_fill_(
        ~whole, torch.finfo(dtype).min
    )[None, None]
