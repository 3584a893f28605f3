"""A ColBERT checkpoint on disk: markers, [MASK]s, punctuation mask, projection, language adapters.

Source: Khattab & Zaharia, ColBERT, 2020, section 3.2; one adapter a language: Louis et al., ColBERT-XM,
2024, section 3.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from transformers import AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase

from rag.core.errors import InvalidInputError
from rag.core.types import Vector
from rag.encoders._colbert_layout import Augmentation, ColbertLayout, read_layout
from rag.encoders._colbert_weights import Projection, load_body, load_projection
from rag.encoders._model_digest import model_digest
from rag.scoring.languages import language_of

_SPARE_POSITIONS = 2  # RoBERTa's positions start after the one of padding


@dataclass(frozen=True, slots=True)
class _Input:
    """One text as the network takes it."""

    ids: list[int]
    num_attended: int  # tokens from here on are [MASK]s that nothing attends to
    language: int  # the number of the adapter; 0 where there are none


class Colbert:
    """Queries and passages through one checkpoint."""

    backbone = None
    has_whole = False

    def __init__(
        self,
        layout: ColbertLayout,
        tokenizer: PreTrainedTokenizerBase,
        body: PreTrainedModel,
        projection: Projection,
        *,
        name: str,
        digest: str,
        batch_size: int = 8,
        augmentation: Augmentation = "fixed",
    ) -> None:
        self._layout, self._tokenizer, self._body = layout, tokenizer, body
        self._projection = projection
        self._name, self._digest = name, digest
        self._batch_size, self._augmentation = batch_size, augmentation
        self._languages: list[str] = list(getattr(body.config, "languages", ()))
        self._skipped = frozenset(self._token_of(symbol) for symbol in layout.skipped)

    @classmethod
    def from_directory(
        cls, directory: str, *, device: str, batch_size: int, augmentation: Augmentation
    ) -> Self:
        """Load a checkpoint.

        Raises:
            InvalidInputError: the folder is in no known layout, or its weights are not whole.
        """
        path = Path(directory)
        layout = read_layout(path)
        tokenizer = AutoTokenizer.from_pretrained(path, local_files_only=True)
        body, projection = load_body(path), load_projection(path, layout)
        return cls(
            layout,
            tokenizer,
            body.to(device),
            projection.to(device),
            name=path.resolve().name,
            digest=model_digest(path),
            batch_size=batch_size,
            augmentation=augmentation,
        )

    @property
    def fingerprint(self) -> str:
        """Name the vectors' kind: the folder, a digest of its files, and how queries are lengthened."""
        return f"colbert:{self._name}:{self._digest}:{self._augmentation}"

    @property
    def dim(self) -> int:
        """Give the length of a token's vector."""
        return self._projection.dim

    def encode_queries(self, texts: Sequence[str]) -> list[Vector]:
        """Give (T, D) float32 a text, [MASK]s among the tokens."""
        return self._encode(texts, self._query, lambda ids: np.ones(len(ids), dtype=bool))

    def encode_passages(self, texts: Sequence[str]) -> list[Vector]:
        """Give (T, D) float32 a text, without the tokens that the checkpoint skips."""
        return self._encode(texts, self._passage, lambda ids: ~np.isin(ids, list(self._skipped)))

    def encode_both(self, texts: Sequence[str]) -> tuple[Vector, list[Vector]]:
        """Refuse: no dense encoder shares this pass.

        Raises:
            InvalidInputError: always.
        """
        raise InvalidInputError(f"{self._name} shares no pass with a dense encoder: use encode_passages")

    def _encode(
        self, texts: Sequence[str], prepare: Callable[[str], _Input], kept: Callable[[list[int]], Any]
    ) -> list[Vector]:
        inputs = [prepare(text) for text in texts]
        order = sorted(range(len(inputs)), key=lambda number: len(inputs[number].ids))
        vectors: dict[int, Vector] = {}
        for start in range(0, len(order), self._batch_size):
            batch = order[start : start + self._batch_size]
            rows = self._forward([inputs[number] for number in batch]).cpu().numpy()
            for number, row in zip(batch, rows, strict=True):
                ids = inputs[number].ids
                vectors[number] = row[: len(ids)][kept(ids)]
        return [vectors[number] for number in range(len(texts))]

    @torch.inference_mode()
    def _forward(self, batch: Sequence[_Input]) -> Tensor:
        """Give (B, T, D) of unit norm."""
        shape = (len(batch), max(len(each.ids) for each in batch))
        ids = torch.full(shape, self._tokenizer.pad_token_id)
        mask = torch.zeros(shape, dtype=torch.int64)
        for row, each in enumerate(batch):
            ids[row, : len(each.ids)] = torch.tensor(each.ids)
            mask[row, : each.num_attended] = 1
        device = self._body.device
        languages = torch.tensor([each.language for each in batch], device=device)
        adapters = {"lang_ids": languages} if self._languages else {}
        states = self._body(input_ids=ids.to(device), attention_mask=mask.to(device), **adapters)
        return F.normalize(self._projection(states.last_hidden_state), dim=-1)

    def _query(self, text: str) -> _Input:
        layout = self._layout
        room = int(self._body.config.max_position_embeddings) - _SPARE_POSITIONS
        is_fixed = self._augmentation == "fixed"
        ids = self._ids(text, layout.query_marker, layout.query_length if is_fixed else room)
        length = min(layout.padded_length(len(ids), self._augmentation), room)
        masks = [self._tokenizer.mask_token_id] * (length - len(ids))
        attended = length if layout.attends_to_masks else len(ids)
        return _Input(ids + masks, attended, self._language(text))

    def _passage(self, text: str) -> _Input:
        ids = self._ids(text, self._layout.passage_marker, self._layout.passage_length)
        return _Input(ids, len(ids), self._language(text))

    def _ids(self, text: str, marker: str, length: int) -> list[int]:
        markers = [int(self._tokenizer.convert_tokens_to_ids(marker))] if marker else []
        encoded = self._tokenizer(text, truncation=True, max_length=length - len(markers))
        first, *others = encoded["input_ids"]
        return [first, *markers, *others]

    def _language(self, text: str) -> int:
        if not self._languages:
            return 0
        default = self._body.config.default_language or self._languages[0]
        return self._languages.index(language_of(text, self._languages, default))

    def _token_of(self, symbol: str) -> int:
        if self._layout.dense:  # PyLate skips the token, Stanford's code what the symbol starts with
            return int(self._tokenizer.convert_tokens_to_ids(symbol))
        return int(self._tokenizer.encode(symbol, add_special_tokens=False)[0])
