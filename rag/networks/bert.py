"""The BERT encoder as a plain torch module, for weights in the layout of Hugging Face.

Knows nothing of text. Importing torch alone takes 1.6 s where transformers takes 5.6 s, and a search
from a cold shell pays for it (docs/decisions.md).

Source: Devlin et al., BERT, 2019, section 3 and appendix A; post-norm transformer encoder.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F

__all__ = ["Bert", "BertConfig"]


@dataclass(frozen=True, slots=True)
class BertConfig:
    """The sizes of a BERT, as in its config.json."""

    vocab_size: int
    hidden_size: int
    num_hidden_layers: int
    num_attention_heads: int
    intermediate_size: int
    max_position_embeddings: int
    layer_norm_eps: float

    @classmethod
    def from_file(cls, path: Path) -> Self:
        """Read config.json, ignoring what the encoder does not need."""
        values = json.loads(path.read_text())
        return cls(**{name: values[name] for name in cls.__dataclass_fields__})


class Bert(nn.Module):
    """Token ids -> one vector a token."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        self.words = nn.Embedding(config.vocab_size, config.hidden_size)
        self.positions = nn.Embedding(config.max_position_embeddings, config.hidden_size)
        self.types = nn.Embedding(2, config.hidden_size)
        self.norm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.layers = nn.ModuleList(_Layer(config) for _ in range(config.num_hidden_layers))

    @classmethod
    def from_directory(cls, directory: Path) -> Self:
        """Load config.json and model.safetensors, ready for inference."""
        model = cls(BertConfig.from_file(directory / "config.json"))
        weights = load_file(directory / "model.safetensors")
        model.load_state_dict({name: weights[_stored_name(name)] for name in model.state_dict()})
        return model.eval()

    def multiply_in(self, dtype: torch.dtype) -> Self:
        """Let the layers' matrices, and what attends, be of a type; sums, norms and states stay float32."""
        for layer in self.layers:
            for module in layer.children():
                if isinstance(module, nn.Linear):
                    module.to(dtype)
        return self

    def forward(
        self,
        token_ids: Tensor,
        mask: Tensor,
        positions: Tensor | None = None,
        segments: Tensor | None = None,
    ) -> Tensor:
        """Encode.

        Args:
            token_ids: (B, T) int64.
            mask: (B, T) bool, true for tokens, false for padding.
            positions: (T,) float32, between 0 and the last position; a fraction stands between the
                embeddings of two. By default 0, 1, 2, ...
            segments: (B, T) int64, 0 or 1: which of two texts a token is of. By default all are of one.

        Returns:
            (B, T, D) float32.
        """
        return self.hidden_states(token_ids, mask, positions, segments)[-1]

    def hidden_states(
        self,
        token_ids: Tensor,
        mask: Tensor,
        positions: Tensor | None = None,
        segments: Tensor | None = None,
    ) -> list[Tensor]:
        """Give the states of every depth, (B, T, D) each: the embeddings first, the last layer last."""
        types = self.types.weight[0] if segments is None else self.types(segments)
        states: Tensor = self.words(token_ids) + self._places(token_ids, positions) + types
        depths = [self.norm(states)]
        attended = mask[:, None, None, :]  # (B, 1, 1, T)
        for layer in self.layers:
            depths.append(layer(depths[-1], attended))
        return depths

    def _places(self, token_ids: Tensor, positions: Tensor | None) -> Tensor:
        if positions is None:
            found: Tensor = self.positions(torch.arange(token_ids.shape[1], device=token_ids.device))
            return found
        lower = positions.floor().long()
        upper = (lower + 1).clamp(max=self.positions.num_embeddings - 1)
        return torch.lerp(self.positions(lower), self.positions(upper), (positions - lower)[:, None])


class _Layer(nn.Module):
    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        size = config.hidden_size
        self.num_heads = config.num_attention_heads
        self.query = nn.Linear(size, size)
        self.key = nn.Linear(size, size)
        self.value = nn.Linear(size, size)
        self.out = nn.Linear(size, size)
        self.out_norm = nn.LayerNorm(size, eps=config.layer_norm_eps)
        self.up = nn.Linear(size, config.intermediate_size)
        self.down = nn.Linear(config.intermediate_size, size)
        self.down_norm = nn.LayerNorm(size, eps=config.layer_norm_eps)

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        dtype = self.query.weight.dtype
        entered = states.to(dtype)
        query, key, value = (
            self._split(project(entered)) for project in (self.query, self.key, self.value)
        )
        attended = F.scaled_dot_product_attention(query, key, value, attn_mask=mask)  # (B, H, T, D/H)
        merged = attended.transpose(1, 2).flatten(2)
        states = self.out_norm(states + self.out(merged))
        fed: Tensor = self.down_norm(states + self.down(F.gelu(self.up(states.to(dtype)))))
        return fed

    def _split(self, states: Tensor) -> Tensor:
        return states.view(*states.shape[:2], self.num_heads, -1).transpose(1, 2)


_LAYER_NAMES = {
    "query": "attention.self.query",
    "key": "attention.self.key",
    "value": "attention.self.value",
    "out": "attention.output.dense",
    "out_norm": "attention.output.LayerNorm",
    "up": "intermediate.dense",
    "down": "output.dense",
    "down_norm": "output.LayerNorm",
}
_EMBEDDING_NAMES = {
    "words": "word_embeddings",
    "positions": "position_embeddings",
    "types": "token_type_embeddings",
    "norm": "LayerNorm",
}


def _stored_name(name: str) -> str:
    parts = name.split(".")
    if parts[0] == "layers":
        return f"encoder.layer.{parts[1]}.{_LAYER_NAMES[parts[2]]}.{parts[3]}"
    return f"embeddings.{_EMBEDDING_NAMES[parts[0]]}.{parts[1]}"
