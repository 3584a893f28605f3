"""Passages read once and attached elsewhere: keys as computed there, and answers that are checked first."""

import json
from collections.abc import Sequence
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import torch
from _passage_model import byte_model, prompt, written
from _small_llama import small_llama
from torch import Tensor
from transformers import DynamicCache, LlamaConfig, LlamaForCausalLM

from rag.core.errors import InvalidInputError
from rag.core.protocols import Prompt
from rag.core.registry import Family
from rag.generation.backends._compressing import build_policy
from rag.generation.backends._reusing import PassageReader, read_all
from rag.generation.backends.transformers import Transformers
from rag.generation.kv._cache import RaggedCache
from rag.generation.kv._rotation import moved, speeds
from rag.generation.kv._store import ByteStore
from rag.generation.speculation._cache import PlainCache

TEXTS = [
    " ".join(f"{word}{number * step % 17}" for number in range(9))
    for step, word in enumerate(("ash", "birch", "cedar", "elm"), 1)
]
TOLERANCE = 1e-4  # float32, behind three layers of large weights


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return byte_model(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def loaded(folder: Path) -> Any:
    return Transformers(folder, str(folder))._load()


def tokens(loaded: Any, asked: Prompt) -> list[int]:
    chat = [{"role": message.role, "content": message.content} for message in asked.messages]
    ids: list[int] = loaded.tokenizer.apply_chat_template(
        chat, add_generation_prompt=True, tokenize=True, return_dict=False
    )
    return ids


def reader(loaded: Any, **options: Any) -> PassageReader:
    made = PassageReader(ByteStore(1 << 24), **options)
    made.prepare(loaded)
    return made


def logits(loaded: Any, cache: Any, unread: Sequence[int]) -> Tensor:
    with torch.inference_mode():
        given = loaded.model(input_ids=torch.tensor([list(unread)]), past_key_values=cache, use_cache=True)
    result: Tensor = given.logits[0, -1]
    return result


def plainly(loaded: Any, token_ids: list[int], size: int) -> Tensor:
    cache = PlainCache()
    with torch.inference_mode():
        read_all(loaded.model, cache, token_ids[:-size], Event())
    return logits(loaded, cache, token_ids[-size:])


@pytest.mark.parametrize("distance", [1, 40, 700, -3])
def test_moved_keys_are_those_computed_there(distance: int) -> None:
    model = small_llama()
    token_ids = torch.arange(2, 22)[None]
    keys = []
    for first in (50, 50 + distance):
        cache = DynamicCache()
        places = torch.arange(first, first + 20)[None]
        with torch.inference_mode():
            model(input_ids=token_ids, position_ids=places, past_key_values=cache, use_cache=True)
        keys.append([layer.keys for layer in cache.layers])
    for before, after in zip(*keys, strict=True):
        assert torch.allclose(moved(before, distance, speeds(model)), after, atol=TOLERANCE)
        assert not torch.allclose(before, after, atol=0.1)


def test_a_model_whose_keys_cannot_be_moved_is_refused() -> None:
    config = LlamaConfig(
        vocab_size=64,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=1,
        num_attention_heads=4,
        rope_parameters={"rope_type": "dynamic", "rope_theta": 1e4, "factor": 2.0},
    )
    with pytest.raises(InvalidInputError, match=r"LlamaForCausalLM cannot be moved.*take kv_reuse prefix"):
        speeds(LlamaForCausalLM(config).eval())


def test_a_passage_where_it_was_read_is_as_good_as_read_now(loaded: Any) -> None:
    made = reader(loaded)
    for question in ("which?", "how many?"):
        token_ids = tokens(loaded, prompt(TEXTS[:1], question))
        with torch.inference_mode():
            cache, unread = made.read(loaded, token_ids, Event())
        assert torch.allclose(
            logits(loaded, cache, unread), plainly(loaded, token_ids, len(unread)), atol=TOLERANCE
        )


@pytest.mark.parametrize("repaired", [0, 8])
def test_attached_passages_are_each_read_where_it_stands_behind_the_beginning(
    loaded: Any, repaired: int
) -> None:
    token_ids = tokens(loaded, prompt(TEXTS, "which?"))
    text = loaded.tokenizer.decode(token_ids).replace("<end>", "#")  # now a token is a letter
    starts = [text.index(f' title="Title of {each[:8]}') for each in TEXTS]
    ends = [text.index("</passage>", start) + len("</passage>") for start in starts]
    before = token_ids[: starts[0]]
    slow = PlainCache()
    with torch.inference_mode():
        read_all(loaded.model, slow, before, Event())
        for start, end in zip(starts, ends, strict=True):
            first = start + repaired if start > len(before) else start
            read_all(loaded.model, slow, token_ids[slow.get_seq_length() : first], Event())
            alone = PlainCache()
            places = torch.arange(start - len(before), end)[None]
            inputs = torch.tensor([[*before, *token_ids[start:end]]])
            loaded.model(input_ids=inputs, position_ids=places, past_key_values=alone, use_cache=True)
            for number, layer in enumerate(alone.layers):
                slow.update(
                    layer.keys[:, :, first - end :], layer.values[:, :, first - end :], layer_idx=number
                )
        cache, unread = reader(loaded, repaired_tokens=repaired).read(loaded, token_ids, Event())
    assert unread == token_ids[ends[-1] :]
    expected = logits(loaded, slow, unread)
    assert torch.allclose(logits(loaded, cache, unread), expected, atol=TOLERANCE)
    assert not torch.allclose(plainly(loaded, token_ids, len(unread)), expected, atol=0.01)


def test_passages_are_read_once_in_any_order_and_conversation(loaded: Any) -> None:
    made = reader(loaded)
    prompts = [
        prompt(TEXTS, "which?"),
        prompt(TEXTS[::-1], "how many?"),
        prompt(TEXTS[1:3], "which?", history=("Hello.", "Hm?")),
    ]
    read: list[int] = []
    hook = loaded.model.register_forward_pre_hook(
        lambda *call: read.append(call[2]["input_ids"].shape[1]), with_kwargs=True
    )
    kept = []
    for each in prompts:
        read.clear()
        with torch.inference_mode():
            made.read(loaded, tokens(loaded, each), Event())
        kept.append((sum(read), len(made.store)))
    hook.remove()
    sizes = [len(tokens(loaded, each)) for each in prompts]
    assert kept[0][0] > 0.8 * sizes[0]
    assert all(count < 0.5 * size for (count, _), size in zip(kept[1:], sizes[1:], strict=True))


@pytest.mark.parametrize("policy", ["kvzip", "keydiff"])
def test_smaller_passages_with_a_full_budget_are_whole_ones(loaded: Any, policy: str) -> None:
    token_ids = tokens(loaded, prompt(TEXTS, "which?"))
    given = []
    for options in ({}, {"policy": build_policy(policy, 1.0, None)}):
        with torch.inference_mode():
            cache, unread = reader(loaded, repaired_tokens=4, **options).read(loaded, token_ids, Event())
        given.append(logits(loaded, cache, unread))
    # In the plain form the first passage is in place, and nothing of it is read anew.
    assert torch.allclose(given[0], given[1], atol=TOLERANCE)


def test_a_quarter_of_a_passage_takes_a_quarter_of_its_bytes(loaded: Any) -> None:
    token_ids = tokens(loaded, prompt(TEXTS, "which?"))
    made = reader(loaded, policy=build_policy("kvzip", 0.25, None))
    with torch.inference_mode():
        cache, _ = made.read(loaded, token_ids, Event())
    assert isinstance(cache, RaggedCache)
    token = 2 * 8 * 4  # keys and values of 8 float32 numbers
    entries = sum(sum(layer.entries.counts) for layer in cache.layers)
    whole = sum(layer.keys.shape[0] * cache.num_read for layer in cache.layers)
    assert 0.1 * whole < entries < 0.25 * whole
    assert made.cache_bytes == cache.num_bytes == cache.num_entries * token + 8 * 3 * 2


@pytest.mark.parametrize("policy", sorted(set(Family("rag.generation.kv").names()) - {"kvzip", "keydiff"}))
def test_a_policy_that_needs_the_question_is_refused(policy: str) -> None:
    with pytest.raises(ValueError, match=f"kv_policy {policy} does not judge passages alone"):
        Transformers(Path(), kv_reuse="passages", kv_policy=policy)


@pytest.mark.parametrize("times", range(1, 6))
@pytest.mark.parametrize("policy", [None, "kvzip"])
def test_a_stopped_reading_keeps_whole_passages_or_none(
    loaded: Any, policy: str | None, times: int
) -> None:
    options = {"policy": build_policy(policy, 0.5, None) if policy else None}
    made, token_ids = reader(loaded, **options), tokens(loaded, prompt(TEXTS, "which?"))

    class _Late(Event):
        """Set once it was asked so many times."""

        asked = 0

        def is_set(self) -> bool:
            self.asked += 1
            return self.asked > times

    with torch.inference_mode():
        made.read(loaded, token_ids, _Late())
        kept = len(made.store)
        cache, unread = made.read(loaded, token_ids, Event())
        again, _ = reader(loaded, **options).read(loaded, token_ids, Event())
    assert kept < len(made.store)
    assert torch.allclose(logits(loaded, cache, unread), logits(loaded, again, unread), atol=TOLERANCE)


@pytest.mark.parametrize("budget", [None, 0.5])
@pytest.mark.parametrize("speculation", ["none", "suffix"])
def test_known_passages_write_what_new_ones_do(
    folder: Path, budget: float | None, speculation: str
) -> None:
    made = Transformers(folder, str(folder), speculation=speculation)
    made._reader = reader(made._load(), policy=build_policy("kvzip", budget, None) if budget else None)
    prompts = [prompt(texts, "which?") for texts in (TEXTS[:3], TEXTS[2:0:-1])]
    new, known = (written(made, prompts) for _ in range(2))
    assert new == known
    assert all(known)


def test_a_store_that_drops_much_stays_within_its_size(loaded: Any) -> None:
    token_ids = tokens(loaded, prompt(TEXTS, "which?"))
    small, large = PassageReader(ByteStore(60_000)), PassageReader(ByteStore(1 << 24))
    given = []
    for made in (small, large):
        made.prepare(loaded)
        with torch.inference_mode():
            for _ in range(2):
                cache, unread = made.read(loaded, token_ids, Event())
                assert made.store.num_bytes <= made.store.max_bytes
        given.append(logits(loaded, cache, unread))
    assert small.store.num_bytes < large.store.num_bytes
    assert torch.allclose(given[0], given[1], atol=TOLERANCE)


def test_a_model_whose_answers_change_may_not_reuse_passages(folder: Path, tmp_path: Path) -> None:
    made = Transformers(tmp_path, str(folder), kv_reuse="passages", context_tokens=4096)
    with pytest.raises(
        InvalidInputError, match=r"the same answer with and without to \d+% of 20 questions"
    ):
        made._load()
    (known,) = tmp_path.glob("passage_reuse-*.json")
    share = json.loads(known.read_text())["agreement"]
    assert 0 <= share < 0.9
    lower = Transformers(tmp_path, str(folder), kv_reuse="passages", kv_reuse_agreement=share)
    lower._load()
    assert isinstance(lower._reader, PassageReader)
    assert len(lower._reader.store) == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kv_reuse": "passages", "kv_policy": "kvzip", "kv_bits": 4}, "leave out kv_bits"),
        ({"kv_reuse": "prefix", "kv_reuse_agreement": 0.5}, "is for kv_reuse passages"),
        ({"kv_reuse": "passages", "kv_reuse_agreement": 1.5}, "a share from 0 to 1, got 1.5"),
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Transformers(Path(), **options)
