"""Checkpoints beside a plain reimplementation: one text at a time, the whole state dict taken by hand."""

import string
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from _colbert_checkpoints import LANGUAGES, save_pylate, save_stanford, save_xmod
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModel, AutoTokenizer, BertModel

from rag.core.errors import InvalidInputError
from rag.core.types import Vector
from rag.encoders._colbert_weights import load_body
from rag.encoders.late import Late
from rag.networks._reading import READING
from rag.scoring.languages import language_of

QUERIES = ["where is snow?", "ab", "a much longer question that exceeds its limit"]
PASSAGES = [
    "snow, in the north.",
    "!?",
    "a much longer passage, with words and more words; it is cut at forty",
]
MIXED = ["the cat is on the mat", "das ist der Hund und die Katze", "これは検索です", "12"]


def oracle(
    folder: Path, text: str, *, is_query: bool, masks_to: int = 0, language: int | None = None
) -> Vector:
    """Encode one text by the definition; `masks_to` lengthens it by [MASK]s that nothing attends to."""
    is_pylate = (folder / "modules.json").exists()
    tokens = AutoTokenizer.from_pretrained(folder)
    marker = {
        (True, True): "[Q] ",
        (True, False): "[D] ",
        (False, True): "[unused0]",
        (False, False): "[unused1]",
    }
    limit = 16 if is_query and masks_to <= 16 else 40
    letters = [letter for letter in text.lower()]
    ids = [tokens.convert_tokens_to_ids(letter) for letter in letters][: limit - 3]
    ids = [
        tokens.cls_token_id,
        tokens.convert_tokens_to_ids(marker[is_pylate, is_query]),
        *ids,
        tokens.sep_token_id,
    ]
    attended = [1] * len(ids) + [0] * (masks_to - len(ids))
    ids += [tokens.mask_token_id] * (masks_to - len(ids))
    stored = load_file(folder / "model.safetensors")
    projection = load_file(folder / "1_Dense/model.safetensors") if is_pylate else stored
    body = AutoModel.from_config(AutoConfig.from_pretrained(folder)).eval()
    prefix = "" if is_pylate else f"{body.base_model_prefix}."
    body.load_state_dict(
        {name: stored[prefix + name] for name in body.state_dict() if prefix + name in stored}
    )
    chosen = {} if language is None else {"lang_ids": torch.tensor([language])}
    with torch.inference_mode():
        states = body(
            torch.tensor([ids]), attention_mask=torch.tensor([attended]), **chosen
        ).last_hidden_state
        rows = states[0] @ projection["linear.weight"].T
    rows = rows / rows.norm(dim=1, keepdim=True)
    skipped = {tokens.convert_tokens_to_ids(symbol) for symbol in string.punctuation}
    kept: Vector = rows[[is_query or each not in skipped for each in ids]].numpy()
    return kept


@pytest.mark.parametrize("save", [save_stanford, save_pylate])
def test_queries_are_lengthened_by_masks(tmp_path: Path, save: Callable[[Path], None]) -> None:
    save(tmp_path)
    for found, text in zip(Late(str(tmp_path)).encode_queries(QUERIES), QUERIES, strict=True):
        np.testing.assert_allclose(found, oracle(tmp_path, text, is_query=True, masks_to=16), atol=1e-5)


@pytest.mark.parametrize("save", [save_stanford, save_pylate])
def test_passages_lose_their_punctuation(tmp_path: Path, save: Callable[[Path], None]) -> None:
    save(tmp_path)
    for found, text in zip(Late(str(tmp_path)).encode_passages(PASSAGES), PASSAGES, strict=True):
        np.testing.assert_allclose(found, oracle(tmp_path, text, is_query=False), atol=1e-5)


def test_a_dynamic_length_sees_the_whole_question(tmp_path: Path) -> None:
    save_stanford(tmp_path)
    encoder = Late(str(tmp_path), augmentation="dynamic")
    short, _, long = encoder.encode_queries(QUERIES)
    assert [len(short), len(long)] == [32, 64]  # 14 letters and 45, three tokens around them
    np.testing.assert_allclose(short, oracle(tmp_path, QUERIES[0], is_query=True, masks_to=32), atol=1e-5)


def test_masks_may_be_attended_to(tmp_path: Path) -> None:
    (tmp_path / "deaf").mkdir()
    (tmp_path / "all").mkdir()
    save_stanford(tmp_path / "deaf")
    save_stanford(tmp_path / "all", attend_to_mask_tokens=True)
    deaf, every = (Late(str(tmp_path / name)).encode_queries(["ab"])[0] for name in ("deaf", "all"))
    assert deaf.shape == every.shape
    assert not np.allclose(deaf, every, atol=1e-3)


def test_a_checkpoint_without_expansion_gives_the_words_alone(tmp_path: Path) -> None:
    save_pylate(tmp_path, do_query_expansion=False)
    assert len(Late(str(tmp_path)).encode_queries(["ab"])[0]) == 5


def test_a_mixed_batch_takes_each_text_through_its_own_adapter(tmp_path: Path) -> None:
    save_xmod(tmp_path)
    found = Late(str(tmp_path)).encode_passages(MIXED)
    for rows, text, language in zip(found, MIXED, (0, 1, 2, 0), strict=True):
        wanted = oracle(tmp_path, text, is_query=False, language=language)
        np.testing.assert_allclose(rows, wanted, atol=1e-5)
    other = oracle(tmp_path, MIXED[1], is_query=False, language=0)
    assert not np.allclose(found[1], other, atol=1e-3)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("What is the height of the tower?", "en_XX"),
        ("Qual è la capitale d'Italia?", "it_IT"),
        ("¿Cuál es la capital de España?", "es_XX"),
        ("Quelle est la capitale de la France ?", "fr_XX"),
        ("Jaka jest stolica Polski i co to jest?", "pl_PL"),
        ("Где находится Эрмитаж и что это?", "ru_RU"),
        ("東京の人口はどれくらいですか", "ja_XX"),
        ("北京有多少人口", "zh_CN"),
        ("서울의 인구는?", "ko_KR"),
        ("ما هي عاصمة مصر؟", "ar_AR"),
        ("42", "fr_XX"),
    ],
)
def test_the_language_is_told_by_script_and_small_words(text: str, language: str) -> None:
    known = ["en_XX", "it_IT", "es_XX", "fr_XX", "pl_PL", "ru_RU", "ja_XX", "zh_CN", "ko_KR", "ar_AR"]
    assert language_of(text, known, "fr_XX") == language


def test_a_language_without_adapter_takes_the_default() -> None:
    assert language_of("서울의 인구는?", LANGUAGES, "en_XX") == "en_XX"


def test_a_projection_saved_in_half_precision_with_a_bias_is_read(tmp_path: Path) -> None:
    save_pylate(tmp_path)
    file = tmp_path / "1_Dense/model.safetensors"
    weight = load_file(file)["linear.weight"].half()
    bias = torch.ones(len(weight), dtype=torch.float16)
    save_file({"linear.weight": weight, "linear.bias": bias}, file)
    (half,) = Late(str(tmp_path)).encode_queries(QUERIES[:1])
    save_file({"linear.weight": weight.float(), "linear.bias": bias.float()}, file)
    np.testing.assert_allclose(half, Late(str(tmp_path)).encode_queries(QUERIES[:1])[0], atol=1e-6)


def test_a_folder_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"artifact\.metadata"):
        Late(str(tmp_path)).encode_queries(["a"])


def test_a_checkpoint_that_lacks_weights_is_refused(tmp_path: Path) -> None:
    save_stanford(tmp_path)
    BertModel.from_pretrained(tmp_path).save_pretrained(tmp_path)  # the projection is gone
    with pytest.raises(InvalidInputError, match="linear"):
        Late(str(tmp_path)).encode_queries(["a"])


def test_a_checkpoint_is_not_read_while_another_model_is(tmp_path: Path) -> None:
    save_stanford(tmp_path)
    with ThreadPoolExecutor(1) as pool:
        with READING:
            body = pool.submit(load_body, tmp_path)
            with pytest.raises(TimeoutError):
                body.result(timeout=0.5)
        assert body.result().config.hidden_size == 16
