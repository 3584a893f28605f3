"""Vectors of texts that come again are those of the encoder, and are made once."""

from collections.abc import Sequence

import numpy as np
import pytest

from rag.core.types import Vector
from rag.encoders.hashing import Hashing
from rag.retrieval._remembered import RememberedVectors


def counting(asked: list[str]) -> Hashing:
    """Give an encoder that notes what it was asked for."""

    class Counting(Hashing):
        __slots__ = ()

        def encode(self, texts: Sequence[str]) -> Vector:
            asked.extend(texts)
            return Hashing(dim=64).encode(texts)

    return Counting(dim=64)


def test_they_are_the_encoders_own_in_the_order_asked_for() -> None:
    asked: list[str] = []
    known = RememberedVectors(counting(asked), size=10)
    known.encode(["two", "one"])
    texts = ["one", "three", "one", "two"]
    assert np.array_equal(known.encode(texts), Hashing(dim=64).encode(texts))
    assert asked == ["two", "one", "three"]


def test_only_the_latest_are_kept() -> None:
    asked: list[str] = []
    known = RememberedVectors(counting(asked), size=2)
    for text in ("one", "two", "one", "three", "one", "two"):
        known.encode([text])
    assert asked == ["one", "two", "three", "two"]


def test_more_texts_at_once_than_are_kept_are_all_given() -> None:
    texts = ["one", "two", "three"]
    found = RememberedVectors(Hashing(dim=64), size=1).encode(texts)
    assert np.array_equal(found, Hashing(dim=64).encode(texts))


def test_no_texts_give_no_rows() -> None:
    assert RememberedVectors(Hashing(dim=64), size=1).encode([]).shape == (0, 64)


def test_a_memory_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="1 or more, got 0"):
        RememberedVectors(Hashing(dim=64), size=0)
