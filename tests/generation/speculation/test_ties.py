"""In bfloat16 a pass of several tokens rounds otherwise: answers part, but only where two tokens tie."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from _tiny import generator, prompts, proposal
from transformers import LlamaForCausalLM

from rag.core.protocols import GenerationOptions
from rag.core.registry import Family
from rag.generation.backends._causal import CausalModel
from rag.generation.backends._streaming import Progress
from rag.generation.speculation._cache import PlainCache

_MANTISSA_BITS = 7
_MAX_ULPS = 2


def written(model: CausalModel, prompt: list[int], options: GenerationOptions) -> list[int]:
    return list(model._tokens(model._load(), prompt, options, Progress(), None))


def parts_at_a_tie(model: Any, prompt: list[int], plain: Sequence[int], other: Sequence[int]) -> bool:
    """Tell whether the two likeliest tokens, where two answers part, are within two steps of bfloat16."""
    place = next(place for place, (one, two) in enumerate(zip(plain, other, strict=False)) if one != two)
    cache = PlainCache()
    with torch.inference_mode():
        for piece in (prompt, *([token_id] for token_id in plain[:place])):  # as plain decoding reads
            output = model(input_ids=torch.tensor([piece]), past_key_values=cache, use_cache=True)
    best = output.logits[0, -1].float().topk(2)
    assert plain[place] == int(best.indices[0])
    ulp = 2.0 ** (math.floor(math.log2(abs(float(best.values[0])))) - _MANTISSA_BITS)
    is_second = other[place] == int(best.indices[1])
    return is_second and float(best.values[0] - best.values[1]) < _MAX_ULPS * ulp


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("model")
    generator(made)
    LlamaForCausalLM.from_pretrained(made, dtype=torch.bfloat16).save_pretrained(made)
    return made


@pytest.mark.parametrize("name", Family("rag.generation.speculation").names())
def test_answers_in_bfloat16_part_only_at_a_tie(name: str, folder: Path) -> None:
    plain, drafted = generator(folder), generator(folder, speculation=proposal(name, folder))
    assert drafted._load().model.dtype == torch.bfloat16
    options = GenerationOptions(48)
    for prompt in prompts(10):
        answers = written(plain, prompt, options), written(drafted, prompt, options)
        if answers[0] != answers[1]:
            assert parts_at_a_tie(plain._load().model, prompt, *answers)


def test_another_token_than_the_tied_one_is_no_tie(folder: Path) -> None:
    plain = generator(folder)
    for prompt in prompts(3):
        answer = written(plain, prompt, GenerationOptions(8))
        for wrong in {2, 3, 4, 5} - {answer[-1]}:
            assert not parts_at_a_tie(plain._load().model, prompt, answer, [*answer[:-1], wrong])
