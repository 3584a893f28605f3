"""A proposer built by its name, with what it drafts by.

Knows the family and how a model is asked for one more token; runs no answer.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from rag.core.errors import InvalidInputError
from rag.core.registry import Family
from rag.generation.backends._loading import Loaded, load_model
from rag.generation.backends._vocabulary import likely_followers
from rag.generation.speculation._draft_model import NextLogits
from rag.generation.speculation._drafts import Proposer

__all__ = ["NO_SPECULATION", "build_proposer", "named_part"]

NO_SPECULATION = "none"
_PROPOSERS = Family("rag.generation.speculation")


def named_part(speculation: str | Mapping[str, Any]) -> tuple[str, dict[str, object]]:  # Any: JSON
    """Give the name and the options that a setting has.

    Raises:
        ValueError: it is neither a name nor `{"kind", "options"}`.
    """
    if isinstance(speculation, str):
        return speculation, {}
    if not set(speculation) <= {"kind", "options"} or "kind" not in speculation:
        raise ValueError(f'speculation is a name, or {{"kind", "options"}}, got {dict(speculation)!r:.80}')
    return str(speculation["kind"]), dict(speculation.get("options", {}))


def build_proposer(
    name: str,
    options: dict[str, object],
    *,
    loaded: Callable[[], Loaded],
    device: str,
    folder: Path | None = None,
) -> Proposer | None:
    """Give the named proposer, None for `none`.

    Args:
        name: a file of rag/generation/speculation, or `none`.
        options: of the proposer; its `draft` is the folder of a smaller model with the same tokens, and
            `vocabulary` says whether the model is asked once what is likely behind each of its tokens.
        loaded: gives the model itself, which drafts from its newest tokens where no other one is named.
        device: of the smaller model.
        folder: where what the model says of its vocabulary is kept.

    Raises:
        UnknownPluginError: there is no such file.
        InvalidInputError: an option that it does not take.
    """
    if name == NO_SPECULATION:
        return None

    def supply(parameter: str, option: object) -> object:
        if parameter == "vocabulary":
            return _vocabulary(option, loaded, folder)
        if parameter != "draft":
            return option
        if option is None:
            return _drafter(loaded, device)
        small: list[Loaded] = []

        def load() -> Loaded:
            if not small:
                small.append(load_model(Path(str(option)).expanduser(), attention=None, device=device))
            return small[0]

        return _drafter(load, device)

    proposer: Proposer = _PROPOSERS.build(name, options, supply)
    return proposer


def _vocabulary(
    option: object, loaded: Callable[[], Loaded], folder: Path | None
) -> Callable[[], Tensor] | None:
    if option not in (None, True, False):
        raise InvalidInputError(f"the option vocabulary is true or false, got {option!r:.80}")
    return (lambda: likely_followers(loaded(), folder)) if option else None


def _drafter(loaded: Callable[[], Loaded], device: str) -> NextLogits:
    def next_logits(sequences: Sequence[Sequence[int]]) -> Tensor:
        model: Any = loaded().model  # Any: a class of transformers
        inputs = torch.tensor([list(each) for each in sequences], device=device)
        logits: Tensor = model(input_ids=inputs, use_cache=False, logits_to_keep=1).logits[:, -1]
        return logits.float().cpu()

    return next_logits
