"""Vectors kept on disk by text and encoder, so that evaluations encode a corpus once."""

import hashlib
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from rag.core.protocols import Encoder, PortableTokens, QueryEncoder
from rag.core.types import Vector


class CachedEncoder:
    """An encoder that remembers; equal to the one it wraps but for the time it takes."""

    def __init__(self, encoder: Encoder, path: Path) -> None:
        self._encoder = encoder
        path.parent.mkdir(parents=True, exist_ok=True)
        self._database = sqlite3.connect(path, check_same_thread=False)
        self._database.execute("CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB)")

    @property
    def fingerprint(self) -> str:
        """Name the vectors' kind."""
        return self._encoder.fingerprint

    @property
    def dim(self) -> int:
        """Give the length of a vector."""
        return self._encoder.dim

    @property
    def max_tokens(self) -> int:
        """Give the tokens beyond which text is cut off."""
        return self._encoder.max_tokens

    def token_starts(self, text: str) -> list[int]:
        """Give the character at which each token starts."""
        return self._encoder.token_starts(text)

    @property
    def portable_token_starts(self) -> Callable[[str], list[int]] | None:
        """Give what the encoder gives."""
        return self._encoder.portable_token_starts if isinstance(self._encoder, PortableTokens) else None

    def encode(self, texts: Sequence[str]) -> Vector:
        """Give (N, D) float32 of unit norm, from the cache where it has them."""
        keys = [hashlib.sha256(f"{self.fingerprint}\0{text}".encode()).digest() for text in texts]
        known = {key: vector for key in keys if (vector := self._known(key)) is not None}
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        if missing:
            encoded = self._encoder.encode(list(missing.values()))
            known |= dict(zip(missing, encoded, strict=True))
            with self._database:
                self._database.executemany(
                    "INSERT OR REPLACE INTO vectors VALUES (?, ?)",
                    [(key, known[key].tobytes()) for key in missing],
                )
        return np.stack([known[key] for key in keys]) if keys else self._encoder.encode([])

    def encode_queries(self, texts: Sequence[str]) -> Vector:
        """Give what the encoder gives, anew each time where it reads questions otherwise."""
        if isinstance(self._encoder, QueryEncoder):
            return self._encoder.encode_queries(texts)
        return self.encode(texts)

    def _known(self, key: bytes) -> Vector | None:
        row = self._database.execute("SELECT vector FROM vectors WHERE key = ?", (key,)).fetchone()
        return None if row is None else np.frombuffer(row[0], dtype=np.float32)
