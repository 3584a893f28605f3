"""Every encoder of one vector a token keeps these laws, and so does a checkpoint of each layout."""

from pathlib import Path

import numpy as np
import pytest
from _colbert_checkpoints import save_pylate, save_stanford, save_xmod

from rag.core.protocols import Encoder, LateEncoder
from rag.core.registry import Family

ENCODERS = Family("rag.encoders")
LATE = [name for name in ENCODERS.names() if hasattr(ENCODERS.load(name), "encode_passages")]
# In bfloat16 the size of a batch moves the last digits.
EXACT = {name: {"precision": "float32"} for name in ("late", "minilm")}
CHECKPOINTS = {"stanford": save_stanford, "pylate": save_pylate, "xmod": save_xmod}
DENSE = [name for name in ("minilm", "hashing") if name in ENCODERS.names()]
TEXTS = [
    "",
    "snow",
    "The depot is at Kungsgatan 12.",
    "検索 拡張 生成",
    "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 😀 e\u0301",
    "word " * 600,
    "Die Garantie läuft sechzig Monate.",
]


@pytest.fixture(scope="module", params=[*LATE, *(f"late:{layout}" for layout in CHECKPOINTS)])
def encoder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> LateEncoder:
    name, _, layout = request.param.partition(":")
    options = dict(EXACT.get(request.param, {}))
    if layout:
        folder: Path = tmp_path_factory.mktemp(layout)
        CHECKPOINTS[layout](folder)
        options["model"] = str(folder)
    built: LateEncoder = ENCODERS.load(name)(**options)
    return built


def assert_equal(found: list[np.ndarray], wanted: list[np.ndarray]) -> None:
    assert [each.shape for each in found] == [each.shape for each in wanted]
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_rows_of_passages_have_unit_norm_and_the_stated_length(encoder: LateEncoder) -> None:
    for rows in encoder.encode_passages(TEXTS):
        assert rows.dtype == np.float32
        assert rows.shape[1:] == (encoder.dim,)
        assert len(rows) >= 1
        np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1.0, atol=1e-5)


def test_rows_of_queries_have_a_finite_weight(encoder: LateEncoder) -> None:
    for rows in encoder.encode_queries(TEXTS):
        assert rows.dtype == np.float32
        assert rows.shape[1:] == (encoder.dim,)
        norms = np.linalg.norm(rows, axis=1)
        assert len(rows) >= 1
        assert ((norms > 0) & np.isfinite(norms)).all()


def test_the_first_row_weighs_most_where_it_is_of_the_whole(encoder: LateEncoder) -> None:
    if not encoder.has_whole:
        pytest.skip("no row is of the whole text, by its own word")
    for text, rows in zip(TEXTS, encoder.encode_queries(TEXTS), strict=True):
        if len(text.split()) > 1:
            assert np.linalg.norm(rows, axis=1).argmax() == 0


@pytest.mark.parametrize("kind", ["encode_queries", "encode_passages"])
def test_a_batch_equals_a_loop_in_any_order(encoder: LateEncoder, kind: str) -> None:
    encode = getattr(encoder, kind)
    loop = [encode([text])[0] for text in TEXTS]
    assert_equal(encode(TEXTS), loop)
    assert_equal(encode(TEXTS[::-1]), loop[::-1])


def test_no_texts_give_no_vectors(encoder: LateEncoder) -> None:
    assert encoder.encode_queries([]) == encoder.encode_passages([]) == []


def test_equal_fingerprints_give_equal_vectors(encoder: LateEncoder) -> None:
    assert encoder.fingerprint == encoder.fingerprint != ""
    assert_equal(encoder.encode_passages(TEXTS), encoder.encode_passages(TEXTS))


def test_one_pass_gives_what_two_give(encoder: LateEncoder) -> None:
    if encoder.backbone is None:
        pytest.skip("it shares no pass with a dense encoder")
    built: list[Encoder] = [ENCODERS.load(name)(**EXACT.get(name, {})) for name in DENSE]
    (dense,) = [each for each in built if each.fingerprint == encoder.backbone]
    vectors, tokens = encoder.encode_both(TEXTS)
    np.testing.assert_array_equal(vectors, dense.encode(TEXTS))
    assert_equal(tokens, encoder.encode_passages(TEXTS))
