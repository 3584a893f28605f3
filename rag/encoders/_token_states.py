"""One pass of a model over a text of any length: absolute positions (BERT) and rotary ones.

Each model knows how its own positions are extended; pooling is long.py's.
"""

import json
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

from rag.core.errors import InvalidInputError
from rag.core.types import Vector
from rag.encoders._precision import Precision, matrix_dtype
from rag.networks._reading import READING
from rag.networks.bert import Bert
from rag.networks.rope import rotated
from rag.scoring.positions import grouped, interpolated, recurrent
from rag.scoring.rope import attention_scale, ntk_base, self_extend_plan

__all__ = ["BertStates", "RopeStates", "TokenStates", "states_of"]

_ATTENTION = "grove_long"


class TokenStates(Protocol):
    """A model that encodes token ids, special ones included."""

    @property
    def extensions(self) -> tuple[str, ...]:
        """Name the ways in which it reads on beyond its length."""
        ...

    @property
    def original(self) -> int:
        """Give the number of tokens that the model was trained for."""
        ...

    def run(self, token_ids: Tensor, mask: Tensor, extension: str | None = None) -> Tensor:
        """Give the states (B, T, D) of token ids (B, T) where the mask is true.

        More than `original` tokens need an extension, and stand alone.
        """
        ...


class BertStates:
    """Absolute positions: BERT and its like, in the layout of Hugging Face."""

    _MAPS: Mapping[str, Callable[[int, int], Vector]] = {
        "grouped": grouped,
        "recurrent": recurrent,
        "interpolated": interpolated,
    }
    extensions = tuple(_MAPS)

    def __init__(self, directory: Path, *, original: int, device: str, precision: Precision) -> None:
        self.original = original
        self._directory = directory
        self._device = device
        self._dtype = matrix_dtype(precision, device)

    def run(self, token_ids: Tensor, mask: Tensor, extension: str | None = None) -> Tensor:
        """Give the states, with the positions that the extension says."""
        positions = None
        if extension is not None:
            positions = torch.from_numpy(self._MAPS[extension](token_ids.shape[1], self.original))
            positions = positions.to(self._device)
        with torch.inference_mode():
            found: Tensor = self._network(token_ids.to(self._device), mask.to(self._device), positions)
        return found

    @cached_property
    def _network(self) -> Bert:
        return Bert.from_directory(self._directory).to(self._device).multiply_in(self._dtype)


class RopeStates:
    """Rotary positions: encoders that transformers loads, such as NomicBERT.

    `ntk` turns slower, `self_extend` counts far tokens by groups; with both, attention is scaled by the
    logarithm of the length.
    """

    extensions = ("ntk", "self_extend")

    def __init__(self, directory: Path, *, original: int, device: str) -> None:
        self.original = original
        self._directory = directory
        self._device = device

    def run(self, token_ids: Tensor, mask: Tensor, extension: str | None = None) -> Tensor:
        """Give the states, with attention as the extension says."""
        ids, mask = token_ids.to(self._device), mask.to(self._device)
        with torch.inference_mode():
            answer = self._model(
                input_ids=ids,
                attention_mask=mask,
                grove_extension=extension,  # arguments: threads share the model
                grove_original=self.original,
            )
        found: Tensor = answer.last_hidden_state
        return found

    @cached_property
    def _model(self) -> Any:  # Any: a model of transformers, which has no types here
        from transformers import AttentionInterface, AutoModel  # noqa: PLC0415 -- takes seconds

        AttentionInterface.register(_ATTENTION, _extended_attention)
        with READING:
            model = AutoModel.from_pretrained(
                self._directory, local_files_only=True, attn_implementation=_ATTENTION
            )
        return model.to(self._device).eval()


def states_of(
    directory: Path, *, original: int | None, device: str, precision: Precision = "auto"
) -> TokenStates:
    """Choose by the model's own description; only absolute positions heed the precision.

    Raises:
        InvalidInputError: no model there, one whose positions are of another kind, or another precision.
    """
    description = directory / "config.json"
    if not description.is_file():
        raise InvalidInputError(f"{directory} holds no config.json; name the folder of a model")
    config = json.loads(description.read_text())
    length = original or config["max_position_embeddings"]
    if config.get("position_embedding_type", "absolute") == "absolute" and config["model_type"] == "bert":
        return BertStates(directory, original=length, device=device, precision=precision)
    if config["model_type"] == "nomic_bert":
        return RopeStates(directory, original=length, device=device)
    raise InvalidInputError(
        f"{directory} is a {config['model_type']!r}; long texts need one of: bert, nomic_bert"
    )


def _extended_attention(
    module: Any, query: Tensor, key: Tensor, value: Tensor, attention_mask: Tensor | None, **options: Any
) -> tuple[Tensor, None]:  # Any: transformers' modules and options
    """Attend over (B, H, T, D) that are rotated to their places already; a rotation can be turned on."""
    extension, original = options["grove_extension"], options["grove_original"]
    length = query.shape[2]
    base = module.config.rope_parameters["rope_theta"]
    scale = options["scaling"]
    if extension is not None:
        scale *= attention_scale(length, original)
    if extension == "self_extend" and length > original:  # of one text: nothing is padded
        scores = _self_extended(query, key, base, original) * scale
        attended = torch.softmax(scores.float(), dim=-1).to(value.dtype) @ value
        return attended.transpose(1, 2).contiguous(), None
    if extension == "ntk" and length > original:
        places = torch.arange(length)
        wider = ntk_base(base, length, original)
        query, key = (rotated(rotated(each, -places, base), places, wider) for each in (query, key))
    attended = F.scaled_dot_product_attention(query, key, value, attn_mask=attention_mask, scale=scale)
    return attended.transpose(1, 2).contiguous(), None


def _self_extended(query: Tensor, key: Tensor, base: float, original: int) -> Tensor:
    """Give the scores (B, H, T, T): near tokens as they are, far ones as if their groups were tokens.

    A far token's score depends on a distance that is a difference of group numbers and a shift to the side
    it lies on: one product of turned queries and keys for each side.
    """
    length = query.shape[2]
    window, group = self_extend_plan(length, original)
    places = torch.arange(length)
    plain = [rotated(each, -places, base) for each in (query, key)]
    groups, shift = places // group, window - window // group
    grouped_key = rotated(plain[1], groups, base)
    after = rotated(plain[0], groups - shift, base) @ grouped_key.transpose(-1, -2)
    before = rotated(plain[0], groups + shift, base) @ grouped_key.transpose(-1, -2)
    distances = places[None, :] - places[:, None]
    far = torch.where((distances > 0).to(query.device), after, before)
    return torch.where((distances.abs() < window).to(query.device), query @ key.transpose(-1, -2), far)
