"""The generator in this process writes from a smaller cache, and says no to what it cannot do."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
import torch
from _small_llama import SIZE, small_llama
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import AutoTokenizer, MistralConfig, MistralForCausalLM, PreTrainedTokenizerFast

from rag.core.errors import InvalidInputError, UnknownPluginError
from rag.core.protocols import Delta, GenerationOptions, Message, Prompt
from rag.core.registry import Family
from rag.generation.backends._streaming import Progress
from rag.generation.backends.transformers import Transformers

WORDS = " ".join(f"w{7 * number % 60 + 2}" for number in range(150))
PROMPT = Prompt((Message("user", WORDS),), "which?")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder of a small model whose tokens are words."""
    path = tmp_path_factory.mktemp("model")
    words = Tokenizer(models.WordLevel({f"w{number}": number for number in range(SIZE)}, "w0"))
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    fast = PreTrainedTokenizerFast(tokenizer_object=words, unk_token="w0", eos_token="w1")
    fast.chat_template = "{% for message in messages %}{{ message['content'] }} {% endfor %}"
    fast.save_pretrained(path)
    small_llama().save_pretrained(path)
    return path


def deltas(generator: Transformers) -> list[Delta]:
    async def collect() -> list[Delta]:
        return [delta async for delta in generator.stream(PROMPT, GenerationOptions(max_tokens=12))]

    return asyncio.run(collect())


def written(generator: Transformers) -> str:
    return "".join(delta.text for delta in deltas(generator))


@pytest.mark.parametrize("policy", Family("rag.generation.kv").names())
def test_a_full_budget_writes_what_no_policy_writes(folder: Path, policy: str) -> None:
    plain = Transformers(folder, str(folder))
    assert written(Transformers(folder, str(folder), kv_policy=policy, kv_budget=1.0)) == written(plain)


@pytest.mark.parametrize("policy", Family("rag.generation.kv").names())
def test_a_small_budget_still_writes(folder: Path, policy: str) -> None:
    generator = Transformers(folder, str(folder), kv_policy=policy, kv_budget=0.3)
    assert written(generator) == written(generator) != ""


@pytest.mark.parametrize("budget", [1.0, 0.5])
def test_the_usage_says_how_many_bytes_the_cache_took(folder: Path, budget: float) -> None:
    generator = Transformers(folder, str(folder), kv_policy="snapkv", kv_budget=budget)
    usage = deltas(generator)[-1].usage
    assert usage is not None
    token = 2 * 8 * 4 * 3 * 2  # keys and values of 8 float32 numbers, in 3 layers of 2 heads
    prompt = budget * (usage.prompt_tokens - 1) * token
    assert 0 < usage.cache_bytes - prompt <= (1 + usage.completion_tokens) * token + 3 * 2 * 8


@pytest.mark.parametrize("passes", [1, 4])
def test_a_cancelled_prompt_is_not_read_again(folder: Path, passes: int) -> None:
    made = Transformers(folder, str(folder), kv_policy="kvzip")
    loaded, progress, read = made._load(), Progress(), []

    def note(*_: object) -> None:
        read.append(1)
        if len(read) == passes:
            progress.stop.set()

    loaded.model.register_forward_hook(note)
    tokens = [number % 50 + 2 for number in range(600)]  # three passes, and three again
    assert list(made._tokens(loaded, tokens, GenerationOptions(4), progress, None)) == []
    assert len(read) == passes


@pytest.fixture(scope="module")
def windowed(folder: Path) -> Path:
    """Give the folder of a model whose layers see 190 tokens back."""
    path = folder / "windowed"
    AutoTokenizer.from_pretrained(folder).save_pretrained(path)
    sizes = small_llama().config.to_dict() | {"sliding_window": 190, "model_type": "mistral"}
    torch.manual_seed(3)
    MistralForCausalLM(MistralConfig.from_dict(sizes)).save_pretrained(path)
    return path


@pytest.mark.parametrize("options", [{"kv_policy": "streaming"}, {"kv_rank": 0.5}])
def test_a_model_that_does_not_see_all_of_its_context_is_refused(
    windowed: Path, options: dict[str, Any]
) -> None:
    with pytest.raises(InvalidInputError, match="lower context_tokens to what they see"):
        written(Transformers(windowed, str(windowed), context_tokens=191, **options))


def test_a_model_that_sees_all_of_its_context_is_not(windowed: Path) -> None:
    plain = Transformers(windowed, str(windowed), context_tokens=190)
    made = Transformers(windowed, str(windowed), context_tokens=190, kv_policy="streaming", kv_budget=1.0)
    assert written(made) == written(plain) != ""


def test_an_unknown_policy_is_refused_by_name() -> None:
    with pytest.raises(UnknownPluginError, match="snapkv, streaming"):
        Transformers(Path(), kv_policy="magic")


@pytest.mark.parametrize("budget", [0.0, 1.5])
def test_a_budget_is_a_share(budget: float) -> None:
    with pytest.raises(ValueError, match="over 0 and at most 1"):
        Transformers(Path(), kv_policy="snapkv", kv_budget=budget)


def test_a_budget_without_a_policy_is_refused() -> None:
    with pytest.raises(ValueError, match="there is none"):
        Transformers(Path(), kv_budget=0.5)


def test_fewer_bits_take_fewer_bytes(folder: Path) -> None:
    bytes_by_bits = {}
    for bits in (None, 8, 4):
        made = Transformers(folder, str(folder), kv_policy="snapkv", kv_budget=0.5, kv_bits=bits)
        usage = deltas(made)[-1].usage
        assert usage is not None
        bytes_by_bits[bits] = usage.cache_bytes
    assert bytes_by_bits[4] < bytes_by_bits[8] < bytes_by_bits[None]


def test_all_dimensions_write_what_no_policy_writes(folder: Path) -> None:
    plain = Transformers(folder, str(folder))
    assert written(Transformers(folder, str(folder), kv_rank=1.0)) == written(plain)


def test_fewer_dimensions_take_fewer_bytes_alone_and_with_a_policy_and_bits(folder: Path) -> None:
    sizes = []
    for options in ({}, {"kv_policy": "snapkv"}, {"kv_policy": "snapkv", "kv_bits": 8}):
        for rank in (1.0, 0.5):
            made = Transformers(folder, str(folder), kv_rank=rank, **options)
            usage = deltas(made)[-1].usage
            assert usage is not None
            sizes.append(usage.cache_bytes)
    assert sizes == sorted(sizes, reverse=True)
    assert len(set(sizes)) == 6


@pytest.mark.parametrize("kv_policy", ["none", "razor"])
def test_drafts_change_nothing_where_dimensions_are_fewer(folder: Path, kv_policy: str) -> None:
    plain, drafting = (
        Transformers(folder, str(folder), kv_policy=kv_policy, kv_rank=0.5, speculation=kind)
        for kind in ("none", "lookup")
    )
    assert written(drafting) == written(plain) != ""


@pytest.mark.parametrize("rank", [0.0, 1.5])
def test_a_rank_is_a_share(rank: float) -> None:
    with pytest.raises(ValueError, match="kv_rank is over 0 and at most 1"):
        Transformers(Path(), kv_rank=rank)


def test_bits_without_a_policy_and_other_bits_are_refused(folder: Path) -> None:
    with pytest.raises(ValueError, match="are for a kv_policy"):
        Transformers(folder, str(folder), kv_bits=4)
    with pytest.raises(ValueError, match="4 or 8 bits"):
        Transformers(folder, str(folder), kv_policy="snapkv", kv_bits=3)  # type: ignore[arg-type]
