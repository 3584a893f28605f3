"""Train the maps of hidden transfer for a model: `python -m rag.training hidden-transfer --write FOLDER`.

The model stays as it is and teaches: of some tokens of each text, the pseudo state of each step is to say
of its place what the model says once it has read up to there. Training runs on CUDA where there is some,
and goes on from its last checkpoint under `--work`. Each choice is a flag.

Source: Wu et al., Hidden Transfer, 2024, arXiv 2404.12022: divergence from the model's own laws, all else
frozen. Weights of the steps, and of the states' own distance, are ours to choose.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import torch
from torch import Tensor
from torch.nn import functional

from rag.generation.speculation._cache import PlainCache
from rag.networks._target import check_target
from rag.networks.hidden_transfer import TransferMaps
from rag.training import _drafting_run
from rag.training._drafting import train
from rag.training._drafting_run import Method
from rag.training._drafting_texts import Batch

__all__ = ["METHOD", "Recipe", "batch_loss", "main", "transfer_loss"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe(_drafting_run.Recipe):
    """Every choice of a training run."""

    layers: Annotated[str, "whose inputs are mapped, one a step; 30 is behind SmolLM2's last"] = "20,22,24"
    rows: Annotated[int, "tokens of a text that steps are taken from, drawn anew each time"] = 32
    decay: Annotated[float, "of a step's weight, from step to step"] = 0.8
    state_weight: Annotated[float, "of the squared distance to the model's own states"] = 0.0


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, print the recipe and what drafting with the maps gives, and write them."""
    train(METHOD, main.__doc__, arguments)


def transfer_loss(logits: Tensor, wanted: Tensor, is_valid: Tensor, decay: float) -> Tensor:
    """Give the mean divergence of laws from the model's, later steps counting less.

    Args:
        logits: (B, R, k, V) of the pseudo states.
        wanted: (B, R, k, V) of the model at their places.
        is_valid: (B, R), which tokens have k more behind them.
        decay: of a step's weight.

    Returns:
        sum over i of decay^i KL(model || pseudo), divided by the weights' sum; mean over valid tokens.
    """
    divergences = functional.kl_div(
        logits.log_softmax(-1), wanted.log_softmax(-1), reduction="none", log_target=True
    ).sum(-1)
    return _mean(divergences, is_valid, decay)


def batch_loss(
    recipe: Recipe, maps: TransferMaps, model: Any, batch: Batch, chance: torch.Generator
) -> Tensor:  # Any: a class of transformers
    """Give the loss of texts, over tokens drawn by `chance`."""
    pseudo, states, is_valid = _steps(recipe.rows, maps, model, batch, chance)
    loss = transfer_loss(model.lm_head(pseudo), model.lm_head(states), is_valid, recipe.decay)
    if recipe.state_weight:
        distances = (pseudo - states).square().mean(-1)
        loss = loss + recipe.state_weight * _mean(distances, is_valid, recipe.decay)
    return loss


def _foreseen(maps: TransferMaps, model: Any, batch: Batch) -> Tensor:
    """Count over all tokens of texts where a step's likeliest token is the model's at its place."""
    size = batch.token_ids.shape[1]
    pseudo, states, is_valid = _steps(size, maps, model, batch, torch.Generator())
    right = model.lm_head(pseudo).argmax(-1) == model.lm_head(states).argmax(-1)
    found = (right & is_valid[..., None]).sum((0, 1))
    return torch.stack([found, is_valid.sum().expand_as(found)], dim=-1)


def _steps(
    num_rows: int, maps: TransferMaps, model: Any, batch: Batch, chance: torch.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Give pseudo states and the model's (B, R, k, D), and (B, R), which of them are of the text."""
    steps, size = len(maps.maps), batch.token_ids.shape[1]
    drawn = torch.randperm(max(size - steps, 1), generator=chance)[:num_rows]
    rows = drawn.sort().values.to(batch.token_ids.device)
    past = PlainCache()
    with torch.no_grad():
        hidden = model.model(
            input_ids=batch.token_ids, past_key_values=past, use_cache=True, output_hidden_states=True
        ).hidden_states
    places = (rows[:, None] + 1 + torch.arange(steps, device=rows.device)).clamp(max=size - 1)  # (R, k)
    seen = torch.arange(size, device=rows.device) <= rows[:, None]
    pseudo = maps(model, maps.taken(hidden)[:, :, rows], past, seen=seen, positions=rows)
    return pseudo, hidden[-1][:, places], rows + steps < batch.lengths[:, None]


def _mean(values: Tensor, is_valid: Tensor, decay: float) -> Tensor:
    weights = decay ** torch.arange(values.shape[-1], device=values.device)
    weighed = (values * weights).sum(-1) / weights.sum()
    return (weighed * is_valid).sum() / is_valid.sum().clamp(min=1)


def _build(recipe: Recipe, model: Any) -> TransferMaps:
    layers = [int(each) for each in recipe.layers.split(",")]
    check_target(model, layers=max(layers))
    return TransferMaps(model.config.hidden_size, layers)


METHOD = Method("hidden_transfer", Recipe, _build, batch_loss, _foreseen)
