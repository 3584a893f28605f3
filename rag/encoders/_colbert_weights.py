"""The weights of a ColBERT checkpoint: its transformer and what projects token states."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import torch
from safetensors.torch import load_file
from torch import Tensor
from transformers import AutoModel, PreTrainedModel

from rag.core.errors import InvalidInputError
from rag.encoders._colbert_layout import ColbertLayout
from rag.networks._reading import READING

_FILES = ("model.safetensors", "pytorch_model.bin")


@dataclass(frozen=True, slots=True)
class Projection:
    """Linear layers, one after the other."""

    weights: Sequence[Tensor]  # (out, in) each
    biases: Sequence[Tensor | None]  # (out,) each

    @property
    def dim(self) -> int:
        """Give the length of what comes out."""
        return int(self.weights[-1].shape[0])

    def to(self, device: str) -> Self:
        """Give the same on a device."""
        moved = [None if bias is None else bias.to(device) for bias in self.biases]
        return type(self)([weight.to(device) for weight in self.weights], moved)

    def __call__(self, states: Tensor) -> Tensor:
        for weight, bias in zip(self.weights, self.biases, strict=True):
            states = torch.nn.functional.linear(states, weight, bias)
        return states


def load_body(directory: Path) -> PreTrainedModel:
    """Load the transformer; names with and without the model's own prefix are both found.

    Raises:
        InvalidInputError: the file lacks weights of the model that config.json describes.
    """
    with READING:
        body, notes = AutoModel.from_pretrained(
            directory, local_files_only=True, dtype=torch.float32, output_loading_info=True
        )
    missing = [name for name in notes["missing_keys"] if not name.startswith("pooler.")]
    if missing:
        raise InvalidInputError(
            f"{directory}: {len(missing)} weights are missing, {sorted(missing)[0]} is one"
        )
    model: PreTrainedModel = body.eval()
    return model


def load_projection(directory: Path, layout: ColbertLayout) -> Projection:
    """Load the layers after the transformer.

    Raises:
        InvalidInputError: there is none, or one is not linear.
    """
    layers = [_dense(directory / folder) for folder in layout.dense] or [_tensors(directory)]
    if any("linear.weight" not in layer for layer in layers):
        raise InvalidInputError(
            f"{directory} has no linear.weight: it is an encoder, not a ColBERT checkpoint"
        )
    weights = [layer["linear.weight"].float() for layer in layers]
    biases = [layer["linear.bias"].float() if "linear.bias" in layer else None for layer in layers]
    return Projection(weights, biases)


def _dense(folder: Path) -> dict[str, Tensor]:
    values = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    activation = str(values.get("activation_function", "Identity"))
    if not activation.endswith("Identity") or values.get("use_residual"):
        raise InvalidInputError(f"{folder}: only linear layers are read, got {values}")
    return _tensors(folder)


def _tensors(folder: Path) -> dict[str, Tensor]:
    found = next((folder / name for name in _FILES if (folder / name).exists()), None)
    if found is None:
        raise InvalidInputError(f"{folder} has none of {', '.join(_FILES)}")
    if found.suffix == ".safetensors":
        return load_file(found)
    tensors: dict[str, Tensor] = torch.load(found, map_location="cpu", weights_only=True)
    return tensors
