"""A tree read in one pass gives what its branches give; a cut cache is one that never had more."""

import pytest
import torch
from _tiny import SIZE, generator, prompts

from rag.generation.backends._loading import Loaded
from rag.generation.backends._packing import pack_linears
from rag.generation.backends._tree_reading import TreeReader
from rag.generation.speculation._cache import PlainCache
from rag.generation.speculation._drafts import ROOT, Draft, chain

DRAFT = Draft((5, 6, 7, 5, 9, 8), (ROOT, 0, 0, ROOT, 2, 4))
PROMPT = prompts(1)[0]


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
