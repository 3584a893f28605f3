"""In bfloat16 a pass of several tokens rounds otherwise: answers part, but only where two tokens tie."""

from pathlib import Path

import pytest
import torch
from _tiny import generator, prompts, proposal
from transformers import LlamaForCausalLM

from benchmarks._gpu_decoding import parts_at_a_tie
from rag.core.protocols import GenerationOptions
from rag.core.registry import Family
from rag.generation.backends._causal import CausalModel
from rag.generation.backends._streaming import Progress


def written(model: CausalModel, prompt: list[int], options: GenerationOptions) -> list[int]:
    return list(model._tokens(model._load(), prompt, options, Progress(), None))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("model")
    generator(made)
    LlamaForCausalLM.from_pretrained(made, dtype=torch.bfloat16).save_pretrained(made)
    return made


@pytest.mark.parametrize("name", Family("rag.generation.speculation").names())
def test_answers_in_bfloat16_part_only_at_a_tie(name: str, folder: Path) -> None:
    plain = generator(folder, precision="bfloat16")
    drafted = generator(folder, speculation=proposal(name, folder), precision="bfloat16")
    assert drafted._load().model.dtype == torch.bfloat16
    options = GenerationOptions(48)
    for prompt in prompts(10):
        answers = written(plain, prompt, options), written(drafted, prompt, options)
        if answers[0] != answers[1]:
            assert parts_at_a_tie(plain._load().model, prompt, *answers)


def test_another_token_than_the_tied_one_is_no_tie(folder: Path) -> None:
    plain = generator(folder, precision="bfloat16")
    for prompt in prompts(3):
        answer = written(plain, prompt, GenerationOptions(8))
        for wrong in {2, 3, 4, 5} - {answer[-1]}:
            assert not parts_at_a_tie(plain._load().model, prompt, answer, [*answer[:-1], wrong])
