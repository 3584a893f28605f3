"""A smaller cache and several tokens a pass together: the same answer as with the smaller cache alone."""

from pathlib import Path
from typing import Literal

import pytest
from _tiny import generator as make_model
from _tiny import proposal

from rag.core.protocols import GenerationOptions
from rag.core.registry import Family
from rag.generation.backends._streaming import Progress
from rag.generation.backends.transformers import Transformers

PROMPTS = [[step * number % 40 + 2 for number in range(100)] for step in (3, 7, 11, 13)]
DRAFTING = ["lookup", "suffix", "recycling", "rasd", "adaptive", "rsd", "dyspec", "draft"]
DRAFTING += ["hidden_transfer", "fspad"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tiny")
    make_model(path)
    return path


def written(
    folder: Path,
    kv_policy: str,
    speculation: str,
    *,
    bits: Literal[4, 8] | None = None,
) -> tuple[list[list[int]], int]:
    """Give the tokens of all answers, and the passes that they took."""
    made = Transformers(
        folder,
        str(folder),
        no_repeat_tokens=0,
        kv_policy=kv_policy,
        kv_budget=0.4,
        kv_bits=bits,
        speculation=proposal(speculation, folder),
    )
    loaded, options = made._load(), GenerationOptions(max_tokens=40)
    answers, passes = [], 0
    for prompt in PROMPTS:
        progress = Progress()
        answers.append(list(made._tokens(loaded, prompt, options, progress, None)))
        passes += progress.passes
    return answers, passes


@pytest.mark.parametrize("kv_policy", ["streaming", "snapkv", "razor", "kvzip"])
def test_drafts_change_nothing_of_what_a_smaller_cache_writes(folder: Path, kv_policy: str) -> None:
    plain, passes = written(folder, kv_policy, "none")
    assert sum(map(len, plain)) > 40
    for speculation in DRAFTING:
        drafted, fewer = written(folder, kv_policy, speculation)
        assert drafted == plain, speculation
        assert fewer <= passes, speculation


@pytest.mark.parametrize("bits", [8, 4])
@pytest.mark.parametrize("kv_policy", Family("rag.generation.kv").names())
def test_nor_do_they_where_fewer_bits_are_kept(folder: Path, kv_policy: str, bits: Literal[4, 8]) -> None:
    plain, _ = written(folder, kv_policy, "none", bits=bits)
    drafted, _ = written(folder, kv_policy, "rasd", bits=bits)
    assert drafted == plain
    assert sum(map(len, plain)) > 10
