"""A smaller model may have more or fewer logits than the one that it drafts for, but no other tokens."""

from pathlib import Path

import pytest
import torch
from _tiny import SIZE, generator, prompts
from tokenizers import Tokenizer, models
from transformers import AutoTokenizer, LlamaForCausalLM, PreTrainedTokenizerFast

from rag.core.errors import InvalidInputError
from rag.core.protocols import GenerationOptions
from rag.generation.backends._causal import CausalModel
from rag.generation.backends._proposing import build_proposer
from rag.generation.backends._streaming import Progress
from rag.generation.speculation.draft import DraftModel


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model")
    generator(path)
    return path


def written(model: CausalModel, prompt: list[int], options: GenerationOptions) -> list[int]:
    return list(model._tokens(model._load(), prompt, options, Progress(), None))


def drafting(folder: Path, other: Path, kind: str) -> CausalModel:
    return generator(folder, speculation={"kind": kind, "options": {"draft": str(other)}})


@pytest.fixture(scope="module")
def wide(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a model with the same tokens and more logits, of which those behind the tokens are great."""
    path = tmp_path_factory.mktemp("wide")
    model = LlamaForCausalLM.from_pretrained(folder)
    model.resize_token_embeddings(SIZE + 16, mean_resizing=False)
    with torch.no_grad():
        model.lm_head.weight[SIZE:] = 9 * model.lm_head.weight[2]
    model.save_pretrained(path)
    AutoTokenizer.from_pretrained(folder).save_pretrained(path)
    return path


@pytest.mark.parametrize("kind", ["draft", "rsd", "dyspec"])
def test_a_model_with_more_logits_drafts_as_well(folder: Path, wide: Path, kind: str) -> None:
    plain, drafted = generator(folder), drafting(folder, wide, kind)
    for seed, prompt in enumerate(prompts(3)):
        options = GenerationOptions(24, temperature=0.9, seed=seed)
        assert max(written(drafted, prompt, options)) < SIZE
        assert written(drafted, prompt, GenerationOptions(24)) == written(
            plain, prompt, GenerationOptions(24)
        )


def test_logits_are_as_many_as_the_model_has_that_verifies(folder: Path, wide: Path) -> None:
    given = {}
    for large, small in ((folder, wide), (wide, folder)):
        proposer = build_proposer(
            "draft", {"draft": str(small)}, loaded=generator(large)._load, device="cpu"
        )
        assert isinstance(proposer, DraftModel)
        given[large] = proposer._draft([[5, 6, 7]])[0]
    assert given[folder].shape == (SIZE,)
    assert given[wide].shape == (SIZE + 16,)
    assert given[wide][SIZE:].tolist() == [-torch.inf] * 16
    assert torch.isfinite(given[wide][:SIZE]).all()


def test_another_vocabulary_is_refused_by_name(folder: Path, tmp_path: Path) -> None:
    LlamaForCausalLM.from_pretrained(folder).save_pretrained(tmp_path)
    words = Tokenizer(models.WordLevel({f"v{number}": number for number in range(SIZE)}, "v0"))
    PreTrainedTokenizerFast(tokenizer_object=words, eos_token="v1").save_pretrained(tmp_path)
    with pytest.raises(InvalidInputError, match=f"{tmp_path.name}, which is to draft, has other tokens"):
        written(drafting(folder, tmp_path, "draft"), [5, 6], GenerationOptions(4))
