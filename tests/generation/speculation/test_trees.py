"""A tree read in one pass gives what its branches give; a cut cache is one that never had more."""

from typing import Any

import pytest
import torch
from _tiny import SIZE, generator, prompts
from transformers import AutoModelForCausalLM, MistralConfig, Qwen2Config

from rag.core.errors import InvalidInputError
from rag.generation.backends._loading import Loaded
from rag.generation.backends._packing import pack_linears
from rag.generation.backends._tree_reading import TreeReader
from rag.generation.speculation._cache import PlainCache
from rag.generation.speculation._drafts import ROOT, Draft, chain

DRAFT = Draft((5, 6, 7, 5, 9, 8), (ROOT, 0, 0, ROOT, 2, 4))
PROMPT = prompts(1)[0]
SHAPE: dict[str, Any] = {
    "vocab_size": SIZE,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "initializer_range": 0.3,
}


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    return generator(tmp_path_factory.mktemp("model"))._load()


def filled(loaded: Loaded) -> PlainCache:
    cache = PlainCache()
    loaded.model(input_ids=torch.tensor([PROMPT]), past_key_values=cache, use_cache=True)
    return cache


def test_a_tree_is_its_branches(loaded: Loaded) -> None:
    with torch.inference_mode():
        tree = TreeReader(loaded.model, filled(loaded), "cpu")([3, *DRAFT.token_ids], DRAFT)
        for place, path in enumerate(DRAFT.paths()):
            read = TreeReader(loaded.model, filled(loaded), "cpu")
            branch = read([3, *path], chain(path))[-1]
            assert torch.allclose(tree[place + 1], branch, atol=1e-5)
    assert tree.shape == (7, SIZE)


WINDOWED = {
    "all": MistralConfig(**SHAPE, sliding_window=4),
    "some": Qwen2Config(**SHAPE, sliding_window=4, use_sliding_window=True, max_window_layers=1),
}


@pytest.mark.parametrize("kind", WINDOWED)
def test_a_tree_is_its_branches_for_layers_that_see_the_newest_tokens_alone(kind: str) -> None:
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(WINDOWED[kind]).eval()
    loaded = Loaded(model, None, frozenset())
    with torch.inference_mode():
        tree = TreeReader(model, filled(loaded), "cpu")([3, *DRAFT.token_ids], DRAFT)
        for place, path in enumerate(DRAFT.paths()):
            branch = model(input_ids=torch.tensor([[*PROMPT, 3, *path]]), use_cache=False).logits[0, -1]
            assert torch.allclose(tree[place + 1], branch, atol=1e-4)


def test_a_model_that_reads_no_tree_says_so() -> None:
    config = Qwen2Config(**SHAPE, layer_types=["chunked_attention"] * 2)
    model = AutoModelForCausalLM.from_config(config).eval()
    with pytest.raises(InvalidInputError, match="layers of chunked_attention"):
        TreeReader(model, PlainCache(), "cpu")([3, *DRAFT.token_ids], DRAFT)


@pytest.mark.parametrize("path", [[0], [0, 1], [0, 1, 3, 5, 6], []])
def test_a_cut_cache_is_that_of_plain_decoding(loaded: Loaded, path: list[int]) -> None:
    with torch.inference_mode():
        cache, plain = filled(loaded), filled(loaded)
        ids = [3, *DRAFT.token_ids]
        TreeReader(loaded.model, cache, "cpu")(ids, DRAFT)
        cache.keep(len(ids), path)
        for place in path:
            TreeReader(loaded.model, plain, "cpu")([ids[place]], Draft())
    assert cache.get_seq_length() == plain.get_seq_length() == len(PROMPT) + len(path)
    for ours, other in zip(cache.layers, plain.layers, strict=True):
        assert torch.allclose(ours.keys, other.keys, atol=1e-5)
        assert torch.allclose(ours.values, other.values, atol=1e-5)


def test_packed_weights_give_the_same(tmp_path_factory: pytest.TempPathFactory) -> None:
    model = generator(tmp_path_factory.mktemp("model"))._load().model
    with torch.inference_mode():
        inputs = torch.tensor([PROMPT[:9]])
        plain = model(input_ids=inputs).logits
        pack_linears(model)
        assert torch.allclose(model(input_ids=inputs).logits, plain, atol=1e-5)
        assert torch.allclose(model(input_ids=inputs[:, :1]).logits, plain[:, :1], atol=1e-5)
