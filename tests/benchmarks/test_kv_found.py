"""Figures of smaller caches: a run goes on behind what is kept, and policies are compared text by text."""

from pathlib import Path

import pytest
import torch
from _small_llama import small_llama, text
from torch import Tensor

from benchmarks._kv_found import Found, compared, keep_text, kept_texts, row_of
from benchmarks.kv import remember
from rag.core.errors import InvalidInputError
from rag.generation.kv._attention import use_ragged_attention
from rag.generation.kv._cache import RaggedCache
from rag.generation.kv._policy import Policy, Reading
from rag.generation.kv.kvzip import Kvzip


def test_a_run_goes_on_behind_the_texts_that_are_kept(tmp_path: Path) -> None:
    file, settings = tmp_path / "kept.jsonl", {"tokens": 1000}
    first = {("ems", 0.25): Found([True], [False], [-0.5], num_tokens=[5], depths=[])}
    second = {("ems", 0.25): Found([False], [False], [-9.5], num_tokens=[5], depths=[0.15])}
    assert kept_texts(file, settings) == {}
    keep_text(file, 0, settings, first)
    keep_text(file, 1, settings, second)
    more = {("ems", 0.5): Found([True], [True], [-0.1], num_tokens=[5], depths=[])}
    keep_text(file, 0, settings, more)
    assert kept_texts(file, settings) == {0: first | more, 1: second}
    with pytest.raises(InvalidInputError, match="name another file"):
        kept_texts(file, {"tokens": 400})


def test_a_row_sums_up_all_texts() -> None:
    found = Found([True], logp=[-0.5], num_tokens=[5])
    found.add(Found([False], logp=[-9.5], num_tokens=[5], depths=[0.15]))
    row = row_of("ems", 0.25, found)
    assert (row["accuracy"], row["n"], row["logp"], row["depths_missed"]) == (0.5, 2, -5.0, [0.15])
    assert row["perplexity"] == 2.718  # 10 nats over 10 tokens
    assert row["low"] < 0.5 < row["high"]


def test_policies_are_set_beside_the_same_without_what_makes_them() -> None:
    found = {
        ("ems", 0.25): Found([True, True, False], logp=[-1.0, -2.0, -3.0]),
        ("plain", 0.25): Found([True, False, True], logp=[-2.0, -3.0, -4.0]),
        ("ems", 0.5): Found([True], logp=[-1.0]),
    }
    (row,) = compared(found, {"ems": "plain"})
    assert (row["budget"], row["n"], row["only_with"], row["only_without"]) == (0.25, 3, 1, 1)
    assert (row["logp_gain"], row["logp_low"], row["logp_high"]) == (1.0, 1.0, 1.0)


def test_the_peak_of_a_second_reading_is_that_of_each_policy_that_uses_its_scores() -> None:
    model = small_llama()
    use_ragged_attention(model)
    token_ids, peaks = text(160), []
    known: dict[type[Policy], tuple[Tensor, int]] = {}
    for bits in (None, 4):
        policy = Kvzip(0.25, bits=bits)
        cache = RaggedCache(3).observe(seen := policy.observe(model))
        with torch.inference_mode():
            model(input_ids=torch.tensor([token_ids]), past_key_values=cache, use_cache=True)
        whole = cache.num_bytes
        remember(policy, known)
        policy.compress(cache, Reading(model, token_ids, seen))
        peaks.append(cache.peak_bytes / whole)
    assert peaks == [2.0, 2.0]
