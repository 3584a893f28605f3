"""A proposer built by its name, with what it drafts by.

Knows the family and how a model is asked for one more token; runs no answer.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad

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
            return _drafter(loaded, device, None)
        small: list[Loaded] = []

        def load() -> Loaded:
            if not small:
                found = load_model(Path(str(option)).expanduser(), attention=None, device=device)
                _check_tokens(found, loaded())
                small.append(found)
            return small[0]

        return _drafter(load, device, lambda: int(loaded().model.config.vocab_size))

    proposer: Proposer = _PROPOSERS.build(name, options, supply)
    return proposer


def _vocabulary(
    option: object, loaded: Callable[[], Loaded], folder: Path | None
) -> Callable[[], Tensor] | None:
    if option not in (None, True, False):
        raise InvalidInputError(f"the option vocabulary is true or false, got {option!r:.80}")
    return (lambda: likely_followers(loaded(), folder)) if option else None


def _drafter(loaded: Callable[[], Loaded], device: str, width: Callable[[], int] | None) -> NextLogits:
    """Draft by a model, with as many logits as the model has that verifies, where another one drafts."""

    def next_logits(sequences: Sequence[Sequence[int]]) -> Tensor:
        model: Any = loaded().model  # Any: a class of transformers
        inputs = torch.tensor([list(each) for each in sequences], device=device)
        logits: Tensor = model(input_ids=inputs, use_cache=False, logits_to_keep=1).logits[:, -1]
        logits = logits.float().cpu()
        # Models of one family round their vocabularies up to different sizes; no token is behind the end.
        return logits if width is None else pad(logits, (0, width() - logits.shape[-1]), value=-torch.inf)

    return next_logits


def _check_tokens(small: Loaded, large: Loaded) -> None:
    """See that a token is the same to both models, but for those that mark turns and ends.

    Raises:
        InvalidInputError: it is not, or the smaller model has no place for some of the larger one's.
    """
    most = max(large.tokenizer.get_vocab().values())
    if _words(small) != _words(large) or most >= small.model.config.vocab_size:
        raise InvalidInputError(
            f"the model {small.model.name_or_path}, which is to draft, has other tokens than"
            f" {large.model.name_or_path}: take a smaller model of the same family, or another speculation"
        )


def _words(loaded: Loaded) -> dict[str, int]:
    tokenizer = loaded.tokenizer
    added = tokenizer.get_added_vocab()
    return {word: place for word, place in tokenizer.get_vocab().items() if word not in added}
