"""A causal model made to turn as a plan says.

Knows where transformers keeps angles; plans are others' work.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from rag.core.errors import InvalidInputError
from rag.scoring.rope_plans import PLANS, Rotary, RotaryPlan

__all__ = ["extend_context", "rotary_of", "use_plan"]

_FIRST_GROWING = 2  # layers before it attend as they did (Entropy-ABF, section 4)


def extend_context(model: Any, tokens: int, plan: str) -> None:  # Any: transformers' classes
    """Let a model read so many tokens; one that reads them as it is stays as it is.

    Raises:
        InvalidInputError: it reads fewer, and no plan was named; or it has no plain rotary positions.
    """
    window = model.config.max_position_embeddings
    if tokens <= window:
        return
    if plan == "none":
        raise InvalidInputError(
            f"context_tokens is {tokens}, and the model was trained on {window}: lower it, or set"
            f" context_plan to one of {', '.join(PLANS)}"
        )
    rotary = rotary_of(model)
    use_plan(model, PLANS[plan](rotary, tokens / window))


def rotary_of(model: Any) -> Rotary:
    """Give the rotary positions that a model was trained with.

    Raises:
        InvalidInputError: it has none, or ones that are extended already.
    """
    config = model.config
    parameters = getattr(config, "rope_parameters", None) or {}
    turner = getattr(model.base_model, "rotary_emb", None)
    if turner is None or parameters.get("rope_type") != "default":
        raise InvalidInputError(
            f"a context_plan is for models with plain rotary positions, as Llama has, and this one is a"
            f" {config.model_type} with rope_type {parameters.get('rope_type')!r}"
        )
    return Rotary(2 * len(turner.inv_freq), parameters["rope_theta"], config.max_position_embeddings)


def use_plan(model: Any, plan: RotaryPlan) -> None:
    """Turn by the plan's angles from now on."""
    # Among a model's sizes, which name it where what is found out about it is kept.
    model.config.context_plan = [plan.logit_factor, plan.window, *plan.angles.tolist()]
    turner = model.base_model.rotary_emb
    turner.inv_freq.copy_(torch.from_numpy(plan.angles))
    turner.attention_scaling = plan.logit_factor**0.5  # of queries and keys each
    if plan.window is None:
        return
    growth = torch.ones(1)

    def note(_: object, positional: tuple[Any, ...], named: dict[str, Any]) -> None:
        nonlocal growth
        positions = named.get("position_ids", positional[-1])
        factors = plan.growth(positions.flatten().cpu().numpy().astype(np.int64))
        growth = torch.from_numpy(factors).to(positions.device).view(*positions.shape, 1)

    def grow(_: object, __: object, queries: Tensor) -> Tensor:
        return queries * growth.to(queries.dtype)

    turner.register_forward_pre_hook(note, with_kwargs=True)
    for layer in model.base_model.layers[_FIRST_GROWING:]:
        layer.self_attn.q_proj.register_forward_hook(grow)
