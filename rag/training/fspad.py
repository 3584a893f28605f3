"""Train FSPAD's head for a model: `python -m rag.training fspad --write FOLDER`.

The model stays as it is and teaches: from each token's feature and the token behind it, the head is to
give the next feature and what the model says after it. Training runs on CUDA where there is some, and goes
on from its last checkpoint under `--work`. Each choice is a flag.

Source: Gui et al., FSPAD, 2024, arXiv 2408.15562, with EAGLE's weights of the two losses and its noise.
`--sampler joined --parts 1` is EAGLE. That the layer begins as the model's last one is ours.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import torch
from torch import Tensor
from torch.nn import functional

from rag.networks.fspad import FspadHead
from rag.training import _drafting_run
from rag.training._drafting import train
from rag.training._drafting_run import Method
from rag.training._drafting_texts import Batch

__all__ = ["METHOD", "Recipe", "alignment_loss", "batch_loss", "main"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe(_drafting_run.Recipe):
    """Every choice of a training run."""

    rate: Annotated[float, "learning rate"] = 3e-4
    width: Annotated[int, "of the space in which features are sampled, in sizes of a feature"] = 2
    sampler: Annotated[Literal["gated", "joined"], "gated, or one linear map, as EAGLE has it"] = "gated"
    parts: Annotated[int, "1: the aligned feature gives the logits too, as EAGLE has it"] = 2
    feature_weight: Annotated[float, "of the loss of features"] = 1.0
    logit_weight: Annotated[float, "of the loss of logits"] = 0.1
    noise: Annotated[float, "added to the features that are read, uniformly up to this either way"] = 0.1
    start: Annotated[Literal["last", "random"], "as the model's last layer, or at random"] = "last"


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, print the recipe and what drafting with the head gives, and write it."""
    train(METHOD, main.__doc__, arguments)


def alignment_loss(
    features: Tensor, wanted: Tensor, logits: Tensor, wanted_logits: Tensor, is_valid: Tensor
) -> tuple[Tensor, Tensor]:
    """Give the mean of both losses over valid tokens.

    Args:
        features: (B, T, D) as estimated; the aligned half alone.
        wanted: (B, T, D) of the model.
        logits: (B, T, V) of the other half.
        wanted_logits: (B, T, V) of the model.
        is_valid: (B, T).

    Returns:
        The smooth absolute error of a feature's numbers, and the cross-entropy with the model's law.
    """
    errors = functional.smooth_l1_loss(features, wanted, reduction="none").mean(-1)
    entropies = -(wanted_logits.softmax(-1) * logits.log_softmax(-1)).sum(-1)
    count = is_valid.sum().clamp(min=1)
    return (errors * is_valid).sum() / count, (entropies * is_valid).sum() / count


def batch_loss(
    recipe: Recipe, head: FspadHead, model: Any, batch: Batch, chance: torch.Generator
) -> Tensor:  # Any: a class of transformers
    """Give the loss of texts; `chance` draws the noise."""
    states, features, states_of_logits, is_valid = _gone_on(head, model, batch, recipe.noise, chance)
    aligned, taught = alignment_loss(
        features, states, model.lm_head(states_of_logits), model.lm_head(states), is_valid
    )
    return recipe.feature_weight * aligned + recipe.logit_weight * taught


def _gone_on(
    head: FspadHead, model: Any, batch: Batch, noise: float, chance: torch.Generator
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Give the next states of the model and the head's two, (B, T, D), and (B, T), which are of a text."""
    base, size = model.model, batch.token_ids.shape[1] - 1
    with torch.no_grad():
        states = base(input_ids=batch.token_ids, use_cache=False).last_hidden_state
        embeddings = base.embed_tokens(batch.token_ids[:, 1:])
    read = states[:, :-1]
    moved = (2 * torch.rand(read.shape, generator=chance) - 1) * noise
    places = torch.arange(size, device=read.device)
    mask = torch.zeros(size, size, dtype=read.dtype, device=read.device)
    mask.masked_fill_(places[None, :] > places[:, None], torch.finfo(read.dtype).min)
    features, states_of_logits = head(
        read + moved.to(read),
        embeddings,
        angles=base.rotary_emb(read, places[None]),
        mask=mask[None, None],
    )
    return states[:, 1:], features, states_of_logits, places + 1 < batch.lengths[:, None]


def _foreseen(head: FspadHead, model: Any, batch: Batch) -> Tensor:
    """Count over all tokens of texts where the head's likeliest token is the model's."""
    states, _, ours, is_valid = _gone_on(head, model, batch, 0.0, torch.Generator())
    right = model.lm_head(ours).argmax(-1) == model.lm_head(states).argmax(-1)
    return torch.stack([(right & is_valid).sum(), is_valid.sum()])[None]


def _build(recipe: Recipe, model: Any) -> FspadHead:
    head = FspadHead(model, width=recipe.width, sampler=recipe.sampler, parts=recipe.parts)
    if recipe.start == "last":
        head.layer.load_state_dict(model.model.layers[-1].state_dict())
    return head


METHOD = Method("fspad", Recipe, _build, batch_loss, _foreseen)
