"""What a model's keys, values and queries are like on a text of ours, found out once.

Knows how to read the text and where what was found is kept; what is made of it is others' business.
"""

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from rag.core.errors import InvalidInputError
from rag.generation.kv._attention import use_ragged_attention
from rag.generation.kv._cache import Layer, Observer, RaggedCache
from rag.generation.kv._entries import WHOLE_TOKENS
from rag.generation.kv._heads import fingerprint
from rag.generation.kv._low_rank import Rotation, Spectrum

__all__ = ["Moments", "calibration_text", "find_spectra", "read", "rotation_of", "spectra"]

_PASS_TOKENS = 256
_LEAST_TOKENS = 100  # that directions are found by
_PARTS = ("mean", "down", "up", "energy")


class Moments:
    """Sums over one text of layers' keys and queries, both before rotation, and of their values.

    The first tokens count for nothing: they are never held in fewer dimensions.
    """

    def __init__(self, rotation: Rotation) -> None:
        """Start with nothing seen."""
        self._rotation = rotation
        self.num_tokens = 0
        self.sums: dict[tuple[int, str], Tensor] = {}  # (layer, what) -> (K, D) or (K, D, D) float64

    def see(self, layer: Layer, queries: Tensor, scaling: float) -> None:
        """Take (H, N, D) queries of the newest tokens."""
        num_kept, num_read, size = layer.keys.shape
        first = max(WHOLE_TOKENS, num_read - queries.shape[1])
        if num_read <= first:
            return
        positions = torch.arange(first, num_read, device=queries.device)
        self.num_tokens += len(positions) if layer.index == 0 else 0
        asked = self._rotation.undo(queries[:, first - num_read :], positions)
        asked = asked.reshape(num_kept, -1, size).double()
        self._add(layer.index, "queries", asked.mT @ asked)
        keys = self._rotation.undo(layer.keys[:, first:], positions)
        for what, new in (("keys", keys.double()), ("values", layer.values[:, first:].double())):
            self._add(layer.index, f"{what} mean", new.sum(dim=1))
            self._add(layer.index, what, new.mT @ new)

    def _add(self, layer: int, what: str, sums: Tensor) -> None:
        before = self.sums.get((layer, what))
        self.sums[layer, what] = sums if before is None else before + sums

    def spread(self, layer: int, what: str) -> tuple[Tensor, Tensor]:
        """Give the mean (K, D) and the covariance (K, D, D) of keys or values."""
        mean = self.sums[layer, f"{what} mean"].cpu() / self.num_tokens
        second = self.sums[layer, what].cpu() / self.num_tokens
        return mean, second - mean[:, :, None] * mean[:, None]


def calibration_text() -> str:
    """Give two thousand tokens of English and code that come with this package."""
    return (files("rag.generation.kv") / "calibration.txt").read_text()


def read(model: Any, token_ids: Sequence[int], *observers: Observer) -> RaggedCache:
    """Read tokens into a cache, which observers see."""
    use_ragged_attention(model)
    cache = RaggedCache(model.config.num_hidden_layers).observe(*observers)
    with torch.inference_mode():
        for start in range(0, len(token_ids), _PASS_TOKENS):
            piece = torch.tensor([list(token_ids[start : start + _PASS_TOKENS])], device=model.device)
            model(input_ids=piece, past_key_values=cache, use_cache=True, logits_to_keep=1)
    return cache.observe()


def rotation_of(model: Any) -> Rotation:
    """Give what a model like Llama does to keys by their position."""
    return Rotation(model.base_model.rotary_emb)


def find_spectra(model: Any, token_ids: Sequence[int]) -> list[tuple[Spectrum, Spectrum]]:
    """Give the directions of keys and of values, by layer.

    Keys are weighed by the queries of their group, both before rotation, and values by what the layer's
    output makes of them.

    Source: Effectively Compress KV Heads (2406.07056), section 3: SVD of what a calibration text caches. It
    takes rotated keys, joins heads and tunes the model afterwards. We fit each KV head by itself, so that
    heads can hold different tokens, before rotation, which spreads keys over more dimensions; we weigh
    errors, take out the mean, leave the first tokens whole, and tune nothing.

    Raises:
        InvalidInputError: a model whose layers have no `self_attn.o_proj`, or a text of few tokens.
    """
    if len(token_ids) < _LEAST_TOKENS:
        raise InvalidInputError(
            f"kv_rank needs {_LEAST_TOKENS} tokens of text to calibrate on, and has {len(token_ids)}:"
            " the tokenizer makes too few of our text; leave kv_rank out"
        )
    projections = _output_projections(model)
    moments = Moments(rotation_of(model))
    read(model, token_ids, moments)
    found = []
    for number, projection in enumerate(projections):
        mean, spread = moments.spread(number, "values")
        by_head = projection.T.reshape(len(mean), -1, mean.shape[1], len(projection))
        parts = (
            Spectrum.fit(*moments.spread(number, "keys"), moments.sums[number, "queries"].cpu()),
            Spectrum.fit(mean, spread, (by_head @ by_head.mT).sum(dim=1)),
        )
        found.append(parts)
    return found


def spectra(model: Any, tokenizer: Any, folder: Path | None) -> list[tuple[Spectrum, Spectrum]]:
    """Give `find_spectra` of a model on our text, from a file of the folder if it was read before."""
    path = folder / f"low_rank-{fingerprint(model)}.safetensors" if folder else None
    layers = range(model.config.num_hidden_layers)
    if path is not None and path.is_file():
        known = load_file(path)
        return [
            (
                Spectrum(*(known[f"{number}.keys.{part}"] for part in _PARTS)),
                Spectrum(*(known[f"{number}.values.{part}"] for part in _PARTS)),
            )
            for number in layers
        ]
    found = find_spectra(model, tokenizer.encode(calibration_text(), add_special_tokens=False))
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".part")
        tensors = {
            f"{number}.{what}.{part}": getattr(of, part).contiguous()
            for number in layers
            for what, of in zip(("keys", "values"), found[number], strict=True)
            for part in _PARTS
        }
        save_file(tensors, unfinished)
        unfinished.replace(path)
    return found


def _output_projections(model: Any) -> list[Tensor]:
    """Give (hidden size, H * D) float64, which heads' outputs are multiplied with, by layer."""
    try:
        weights = [layer.self_attn.o_proj.weight for layer in model.base_model.layers]
    except AttributeError as error:
        raise InvalidInputError(
            "kv_rank is for models like Llama, whose layers have a self_attn.o_proj;"
            f" {type(model).__name__} has none: leave kv_rank out"
        ) from error
    return [weight.detach().double().cpu() for weight in weights]
