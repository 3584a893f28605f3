"""Keys and values in fewer dimensions: the best of that number, and at full rank nothing changed."""

from pathlib import Path
from typing import Any

import pytest
import torch
from _small_llama import small_llama, text
from torch import Tensor
from transformers import GPTNeoXConfig, GPTNeoXForCausalLM
from transformers.models.llama.modeling_llama import apply_rotary_pos_emb

from rag.core.errors import InvalidInputError
from rag.core.registry import Family
from rag.generation.backends._rotary import extend_context
from rag.generation.kv._attention import use_ragged_attention
from rag.generation.kv._cache import RaggedCache
from rag.generation.kv._calibration import calibration_text, find_spectra, rotation_of, spectra
from rag.generation.kv._entries import WHOLE_TOKENS, Head, NarrowEntries
from rag.generation.kv._low_rank import LowRank, Spectrum, divided, low_rank
from rag.generation.kv._policy import Reading

POLICIES = Family("rag.generation.kv").names()
TOKENS, QUESTION = text(90), text(7, seed=1)
SIZE, LAYERS, KEPT = 8, 3, 2


class Words:
    """A tokenizer of words, by their lengths."""

    def encode(self, words: str, *, add_special_tokens: bool) -> list[int]:
        return [2 + len(word) % 60 for word in words.split()][:300]


@pytest.fixture(scope="module")
def model() -> Any:
    """Give a prepared model."""
    small = small_llama()
    use_ragged_attention(small)
    return small


@pytest.fixture(scope="module")
def found(model: Any) -> list[tuple[Spectrum, Spectrum]]:
    return find_spectra(model, text(300, seed=5))


def read(model: Any, cache: Any, token_ids: list[int]) -> Tensor:
    with torch.inference_mode():
        output = model(input_ids=torch.tensor([token_ids]), past_key_values=cache, use_cache=True)
    logits: Tensor = output.logits[0]
    return logits


def compressed(
    model: Any, policy: str, budget: float, low_rank: list[LowRank] | None, bits: int | None = None
) -> RaggedCache:
    made = Family("rag.generation.kv").load(policy)(budget, bits=bits)
    seen = made.observe(model)
    cache = RaggedCache(LAYERS, low_rank).observe(seen)
    read(model, cache, TOKENS)
    made.compress(cache, Reading(model, TOKENS, seen, calibration_ids=text(120, seed=8)))
    return cache


def maps(model: Any, found: list[tuple[Spectrum, Spectrum]], share: float) -> list[LowRank]:
    return low_rank(found, share, rotation=rotation_of(model), like=torch.zeros(1))


@pytest.mark.parametrize("budget", [1.0, 0.5])
@pytest.mark.parametrize("policy", POLICIES)
def test_at_full_rank_the_model_reads_on_as_it_would(
    model: Any, found: list[tuple[Spectrum, Spectrum]], policy: str, budget: float
) -> None:
    plain = read(model, compressed(model, policy, budget, None), QUESTION)
    logits = read(model, compressed(model, policy, budget, maps(model, found, 1.0)), QUESTION)
    assert torch.allclose(logits, plain, atol=1e-3)
    assert torch.equal(logits.argmax(dim=-1), plain.argmax(dim=-1))


@pytest.mark.parametrize("bits", [None, 8, 4])
@pytest.mark.parametrize("policy", ["streaming", "razor", "ems"])
def test_the_bytes_of_dimensions_left_out_are_not_allocated(
    model: Any, found: list[tuple[Spectrum, Spectrum]], policy: str, bits: int | None
) -> None:
    whole, half = (
        compressed(model, policy, 0.6, maps(model, found, share), bits).num_bytes for share in (1.0, 0.5)
    )
    entries = round(0.6 * LAYERS * KEPT * len(TOKENS))
    least = LAYERS * KEPT * (WHOLE_TOKENS + 1)  # held whole
    left_out = SIZE * (entries - least) * {None: 4.0, 8: 1.0, 4: 0.5}[bits]  # half of keys and of values
    assert left_out <= whole - half <= SIZE * entries * 4


def test_half_of_the_dimensions_change_less_than_half_of_the_entries(
    model: Any, found: list[tuple[Spectrum, Spectrum]]
) -> None:
    wanted = read(model, compressed(model, "streaming", 1.0, None), QUESTION)
    narrow = read(model, compressed(model, "streaming", 1.0, maps(model, found, 0.5)), QUESTION)
    fewer = read(model, compressed(model, "streaming", 0.5, None), QUESTION)
    assert 0 < (narrow - wanted).norm() < (fewer - wanted).norm()


def drawn(*shape: int, seed: int) -> Tensor:
    random = torch.Generator().manual_seed(seed)
    mixed = torch.randn(*shape, generator=random, dtype=torch.float64)
    return mixed @ torch.randn(shape[-1], shape[-1], generator=random, dtype=torch.float64) + 3


def fitted(vectors: Tensor, asked: Tensor) -> Spectrum:
    mean = vectors.mean(dim=1)
    centred = vectors - mean[:, None]
    return Spectrum.fit(mean, centred.mT @ centred / vectors.shape[1], asked.mT @ asked / asked.shape[1])


def test_no_other_directions_leave_a_smaller_error_of_the_products() -> None:
    vectors, asked = drawn(2, 200, SIZE, seed=0), drawn(2, 300, SIZE, seed=1)
    spectrum = fitted(vectors, asked)
    wanted = (vectors - vectors.mean(dim=1, keepdim=True)) @ asked.mT
    for rank in (2, 4, 6):
        factors = spectrum.cut(rank, vectors)
        given = [factors.widen(factors.narrow(each, number), number) for number, each in enumerate(vectors)]
        error = ((torch.stack(given) - vectors) @ asked.mT).norm(dim=(1, 2))
        best = torch.linalg.svdvals(wanted)[:, rank:].norm(dim=1)
        assert torch.allclose(error, best, rtol=0.02)  # the ridge costs what is more than nothing
        for seed in range(20):
            random = torch.linalg.qr(drawn(2, SIZE, rank, seed=seed)).Q
            centred = vectors - vectors.mean(dim=1, keepdim=True)
            other = ((centred @ random @ random.mT - centred) @ asked.mT).norm(dim=(1, 2))
            assert (error < other).all()


def test_entries_give_back_keys_rotated_from_the_directions_before_rotation(model: Any) -> None:
    rotation, positions = rotation_of(model), torch.tensor([0, 3, 4, 9, 60])
    plain, values = drawn(2, 5, SIZE, seed=3).float(), drawn(2, 5, SIZE, seed=4).float()
    rotated = rotation.do(plain, positions)
    assert torch.allclose(rotation.undo(rotated, positions), plain, atol=1e-5)
    by_model = model.base_model.rotary_emb(plain, positions[None])
    assert torch.allclose(rotated, apply_rotary_pos_emb(plain[None], plain[None], *by_model)[0][0])
    many = drawn(2, 200, SIZE, seed=5)
    cut = [fitted(part, many).cut(4, plain) for part in (many, drawn(2, 200, SIZE, seed=6))]
    heads = [Head(*pair, positions=positions) for pair in zip(rotated, values, strict=True)]
    entries = NarrowEntries(heads, None, LowRank(cut[0], cut[1], rotation))
    for number in (0, 1):
        keys, given, bias = entries.head(number)
        wide = cut[0].widen(cut[0].narrow(plain[number], number), number)
        assert torch.equal(keys[:2], rotated[number, :2])  # the first tokens are held whole
        assert torch.allclose(keys[2:], rotation.do(wide, positions)[2:], atol=1e-4)
        wide = cut[1].widen(cut[1].narrow(values[number], number), number)
        assert torch.allclose(given, torch.cat((values[number, :2], wide[2:])), atol=1e-4)
        assert bias is None


def test_dimensions_go_where_most_is_lost_without_them() -> None:
    energies = torch.tensor([[1.0] * 8, [7.0] * 4 + [0.5] * 4, [3.0] * 4 + [2.0] * 4])
    assert divided(energies, 2 / 3) == [4, 4, 8]
    assert divided(energies, 1.0) == [8, 8, 8]
    assert divided(energies, 0.01) == [4, 4, 4]


def test_a_model_is_calibrated_once(tmp_path: Path, model: Any) -> None:
    first = spectra(model, Words(), tmp_path)
    assert [path.suffix for path in tmp_path.iterdir()] == [".safetensors"]
    second = spectra(model, None, tmp_path)
    for one, other in zip(first, second, strict=True):
        assert all(torch.equal(left.down, right.down) for left, right in zip(one, other, strict=True))


def test_directions_are_found_of_a_model_whose_queries_grow_with_their_position() -> None:
    model = small_llama()
    extend_context(model, 2 * model.config.max_position_embeddings, "entropy_abf")
    kept = maps(model, find_spectra(model, text(300, seed=5)), 1.0)
    plain = read(model, compressed(model, "streaming", 1.0, None), QUESTION)
    logits = read(model, compressed(model, "streaming", 1.0, kept), QUESTION)
    assert torch.allclose(logits, plain, atol=1e-3)


def test_the_text_to_calibrate_on_comes_with_the_package() -> None:
    assert len(calibration_text().split()) > 1000


def test_a_text_of_few_tokens_is_refused(model: Any) -> None:
    with pytest.raises(InvalidInputError, match="needs 100 tokens of text to calibrate on, and has 90"):
        find_spectra(model, TOKENS)


def test_a_model_without_an_output_projection_is_refused() -> None:
    config = GPTNeoXConfig(
        vocab_size=64, hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2
    )
    with pytest.raises(InvalidInputError, match="GPTNeoXForCausalLM has none: leave kv_rank out"):
        find_spectra(GPTNeoXForCausalLM(config), text(100))
