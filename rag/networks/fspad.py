"""FSPAD: a draft head that goes on from the model's last states, feature by feature.

A feature is what the model's head reads. The head joins the feature of a token with the embedding of the
token that was taken behind it (feature sampling), sends both through one layer of the model's own kind and
splits what comes out: one half is trained to be the next feature and goes on, the other gives the logits
(partial alignment). Knows no drafts and no losses.

Source: Gui et al., FSPAD, 2024, https://arxiv.org/abs/2408.15562, over EAGLE-2, Li et al., 2024.
"""

from pathlib import Path
from typing import Any, Literal, Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from rag.networks._target import check_target
from rag.networks._weights import load_weights

__all__ = ["FspadHead"]

NAME = "fspad"
Sampler = Literal["gated", "joined"]


class FspadHead(nn.Module):
    """(feature, embedding of the next token) -> (the next feature, the state that gives its logits)."""

    def __init__(
        self, model: Any, *, width: int = 2, sampler: Sampler = "gated", parts: int = 2
    ) -> None:  # Any: a class of transformers
        """Build the head, untrained.

        Args:
            model: whose layers it has one more of; a causal model of the Llama kind.
            width: of the space in which features are sampled, in sizes of a feature.
            sampler: `gated`, or EAGLE's one linear map of both, to compare with.
            parts: 2; 1 has the aligned feature give the logits too, as EAGLE does.
        """
        super().__init__()
        check_target(model)
        if width < 1 or parts not in (1, 2) or sampler not in ("gated", "joined"):
            raise ValueError("width is 1 or more, parts 1 or 2, sampler gated or joined")
        dim: int = model.config.hidden_size
        self.sampler: nn.Module = _Gated(dim, width * dim) if sampler == "gated" else _Joined(dim)
        self.layer = type(model.model.layers[0])(model.config, layer_idx=0)
        self.split = nn.Linear(dim, parts * dim, bias=False)
        nn.init.zeros_(self.split.weight)
        for part in self.split.weight.data.chunk(parts):
            nn.init.eye_(part)

    @classmethod
    def from_folder(cls, folder: Path, model: Any) -> Self:  # Any: as above
        """Read a trained head for its model, ready for inference.

        Raises:
            DamagedWeightsError: the file is not the one that was trained.
            InvalidInputError: it was trained for a model of another shape.
        """
        weights = load_weights(NAME, folder)
        dim = weights["split.weight"].shape[1]
        check_target(model, dim=dim)
        is_gated = "sampler.gate.weight" in weights
        head = cls(
            model,
            width=len(weights["sampler.gate.weight"]) // dim if is_gated else 1,
            sampler="gated" if is_gated else "joined",
            parts=len(weights["split.weight"]) // dim,
        )
        head.load_state_dict(weights)
        return head.requires_grad_(False).eval()

    def forward(
        self,
        features: Tensor,
        embeddings: Tensor,
        *,
        angles: tuple[Tensor, Tensor],
        mask: Tensor,
        past: Any = None,  # Any: a cache of transformers
    ) -> tuple[Tensor, Tensor]:
        """Go on by one token from each.

        Args:
            features: (B, T, D) of tokens.
            embeddings: (B, T, D) of the token behind each.
            angles: cosines and sines of the tokens' positions, from the model.
            mask: (1, 1, T, P + T), added to the logits of attention.
            past: P entries of this head; the T are added.

        Returns:
            The next feature, as it is estimated, and the state for the model's head, (B, T, D) each.
        """
        hidden = self.layer(
            self.sampler(features, embeddings),
            attention_mask=mask,
            past_key_values=past,
            use_cache=past is not None,
            position_embeddings=angles,
        )
        parts = self.split(hidden).chunk(self.split.out_features // self.split.in_features, dim=-1)
        return parts[0], parts[-1]


class _Gated(nn.Module):
    """down(silu(gate(embedding)) * up(feature)): of the feature, what goes with the token taken."""

    def __init__(self, dim: int, wide: int) -> None:
        super().__init__()
        self.up, self.gate = (nn.Linear(dim, wide, bias=False) for _ in range(2))
        self.down = nn.Linear(wide, dim, bias=False)

    def forward(self, features: Tensor, embeddings: Tensor) -> Tensor:
        gated: Tensor = self.down(functional.silu(self.gate(embeddings)) * self.up(features))
        return gated


class _Joined(nn.Module):
    """One linear map of both."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.join = nn.Linear(2 * dim, dim, bias=False)

    def forward(self, features: Tensor, embeddings: Tensor) -> Tensor:
        joined: Tensor = self.join(torch.cat([features, embeddings], dim=-1))
        return joined
