"""The model that heads draft for, checked before they are built or read."""

from typing import Any

from rag.core.errors import InvalidInputError

__all__ = ["check_target"]


def check_target(model: Any, *, dim: int | None = None, layers: int = 0) -> None:  # Any: of transformers
    """See that heads can work with a model.

    Args:
        model: a causal model.
        dim: the size of the states that they were trained on, where they were.
        layers: that the model has, at least.

    Raises:
        InvalidInputError: it is of another kind than Llama, or of another shape than they were trained for.
    """
    base = getattr(model, "model", None)
    if not all(hasattr(base, part) for part in ("layers", "norm", "rotary_emb", "embed_tokens")):
        raise InvalidInputError(
            f"heads draft for models of the Llama kind, and {type(model).__name__} is none; take a"
            " proposer without heads, such as suffix"
        )
    size, depth = model.config.hidden_size, len(model.model.layers)
    if (dim or size) != size or layers > depth:
        raise InvalidInputError(
            f"the heads are for states of {dim or size} numbers and {layers} layers or more, and the model"
            f" has {size} and {depth}; train heads for this model"
        )
