"""Any model of sentence-transformers, by its path on disk or its name where a network is allowed."""

from collections.abc import Callable, Sequence
from functools import cached_property, partial
from pathlib import Path

import numpy as np
import sentence_transformers

from rag.core.types import Vector
from rag.encoders._model_digest import model_digest
from rag.networks._reading import READING

__all__ = ["SentenceTransformers"]

_PASSAGE_PROMPTS = ("document", "passage", "corpus")


class SentenceTransformers:
    """Encode text by a sentence-transformers model, with the prompts of its configuration."""

    def __init__(self, model: str, device: str = "cpu", batch_size: int = 16) -> None:
        self._model_name = model
        self._device = device
        self._batch_size = batch_size

    @cached_property
    def fingerprint(self) -> str:
        """Name the vectors' kind: the model's folder with a digest of its files, or its name."""
        folder = Path(self._model_name)
        name = f"{folder.name}:{model_digest(folder)}" if folder.is_dir() else self._model_name
        return f"sentence-transformers:{name}"

    @property
    def dim(self) -> int:
        """Give the length of a vector."""
        dim = self._model.get_embedding_dimension()
        assert dim is not None, "a pooled model has a dimension"
        return int(dim)

    @property
    def max_tokens(self) -> int:
        """Give the tokens beyond which text is cut off, special tokens and a prompt's excluded."""
        tokenizer = self._model.tokenizer
        taken = tokenizer.num_special_tokens_to_add() + len(self.token_starts(self._passage_prompt))
        return int(self._model.max_seq_length) - int(taken)

    def encode(self, texts: Sequence[str]) -> Vector:
        """Give (N, D) float32 of unit norm, after the model's prompt for passages if it has one."""
        encode = partial(self._model.encode_document, prompt=self._passage_prompt or None)
        return self._encode(encode, texts)

    def encode_queries(self, texts: Sequence[str]) -> Vector:
        """Give (N, D) float32 of unit norm, after the model's prompt for queries if it has one."""
        return self._encode(self._model.encode_query, texts)

    @property
    def _passage_prompt(self) -> str:
        # `encode_document` alone takes "document", which is there, and empty, where a model has "passage".
        prompts = [self._model.prompts.get(name) for name in _PASSAGE_PROMPTS]
        return next((prompt for prompt in prompts if prompt), "")

    def _encode(self, encode: Callable[..., Vector], texts: Sequence[str]) -> Vector:
        if not texts:
            return np.zeros((0, self.dim), dtype=np.float32)
        return encode(
            list(texts), batch_size=self._batch_size, normalize_embeddings=True, show_progress_bar=False
        )

    def token_starts(self, text: str) -> list[int]:
        """Give the character at which each token of the whole text starts."""
        encoded = self._model.tokenizer(
            text, add_special_tokens=False, return_offsets_mapping=True, verbose=False
        )
        return [start for start, _ in encoded["offset_mapping"]]

    @cached_property
    def _model(self) -> sentence_transformers.SentenceTransformer:
        with READING:
            return sentence_transformers.SentenceTransformer(self._model_name, device=self._device)
