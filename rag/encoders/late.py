"""One vector a token, for late interaction: MiniLM's tokens by default, any ColBERT checkpoint by its path.

Source: Khattab & Zaharia, ColBERT, 2020; Louis et al., ColBERT-XM, 2024; Clavié, JaColBERTv2.5, 2024
(dynamic length).
"""

from collections.abc import Sequence
from functools import cached_property

from rag.core.protocols import LateEncoder
from rag.core.types import Vector
from rag.encoders._colbert_layout import Augmentation
from rag.encoders._precision import Precision

__all__ = ["Late"]


class Late:
    """Encode text token by token.

    Without `model`: MiniLM's token states through the head that the package carries; one pass serves dense
    vectors too. With `model`: a folder in the layout of Stanford's ColBERT or of PyLate (docs/settings.md).
    """

    def __init__(
        self,
        model: str | None = None,
        device: str = "cpu",
        batch_size: int = 8,
        augmentation: Augmentation = "fixed",
        precision: Precision = "auto",
    ) -> None:
        self._model = model
        self._device = device
        self._batch_size = batch_size
        self._augmentation: Augmentation = augmentation
        self._precision: Precision = precision

    @property
    def fingerprint(self) -> str:
        """Name the vectors' kind."""
        return self._encoder.fingerprint

    @property
    def dim(self) -> int:
        """Give the length of a token's vector."""
        return self._encoder.dim

    @property
    def backbone(self) -> str | None:
        """Name the encoder whose vectors `encode_both` gives; none for a checkpoint."""
        return self._encoder.backbone

    @property
    def has_whole(self) -> bool:
        """Say whether each text's first row is of the whole text, and weighs most in a query."""
        return self._encoder.has_whole

    def encode_queries(self, texts: Sequence[str]) -> list[Vector]:
        """Give for each text (T, D) float32, each row as long as its token weighs."""
        return self._encoder.encode_queries(texts)

    def encode_passages(self, texts: Sequence[str]) -> list[Vector]:
        """Give for each text (T, D) float32 of unit rows; an empty text still has one row."""
        return self._encoder.encode_passages(texts)

    def encode_both(self, texts: Sequence[str]) -> tuple[Vector, list[Vector]]:
        """Give the backbone's vectors (N, D) and the passages' token vectors, from one pass.

        Raises:
            InvalidInputError: a checkpoint shares no pass with a dense encoder.
        """
        return self._encoder.encode_both(texts)

    @cached_property
    def _encoder(self) -> LateEncoder:
        # What a checkpoint needs (transformers) takes seconds to import; the default does without.
        if self._model is None:
            from rag.encoders._minilm_tokens import MinilmTokens  # noqa: PLC0415

            return MinilmTokens(self._device, self._batch_size, self._precision)
        from rag.encoders._colbert import Colbert  # noqa: PLC0415

        return Colbert.from_directory(
            self._model,
            device=self._device,
            batch_size=self._batch_size,
            augmentation=self._augmentation,
        )
