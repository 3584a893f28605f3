"""What a smaller cache costs in answers: a number hidden in a thousand tokens, found again or not.

Two ways: the text is compressed before the question is known (`accuracy`, what a store of read documents
needs), and after it was read (`accuracy_aware`, where that changes what is kept). Each text is read once,
and all policies start from there. An answer counts if every digit is the model's first choice. The end of
the prompt, up to the first digit, is read from the smaller cache, so that no digit is free.

`python -m benchmarks.kv --budgets 0.5 0.25` takes other budgets than a quarter; `--needles N` more or fewer
texts, `--seed N` others; `--policies razor kvzip` some rows alone; `--texts pairs` keys and values of JSON
in place of needles, `--tokens 400` of them; `--kvpress` kvpress's presses beside them, on the same texts
(`make setup-kvpress`).
"""

import argparse
import json
import math
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from benchmarks._kv_recipes import LOOKS_BACK, RECIPES
from benchmarks._kv_texts import Needle, needles, pairs
from benchmarks._machine import machine
from rag.core.errors import InvalidInputError
from rag.core.settings import Settings
from rag.generation.backends._causal import Loaded
from rag.generation.backends._compressing import REPEAT
from rag.generation.backends._smollm2 import ensure_model
from rag.generation.backends.transformers import Transformers
from rag.generation.kv._attention import use_ragged_attention
from rag.generation.kv._cache import RaggedCache
from rag.generation.kv._calibration import calibration_text
from rag.generation.kv._observations import Need, Observations
from rag.generation.kv._policy import Policy, Reading
from rag.generation.kv.kvzip import Kvzip

_TOKENS = 1000
_BUDGET = 0.25
_WINDOW = 32
_Z = 1.96
_KVPRESS = Path(__file__).parents[1] / ".venv-kvpress" / "bin" / "python"
_TEXTS: Mapping[str, Callable[..., list[Needle]]] = {"needles": needles, "pairs": pairs}


@dataclass
class _Found:
    """What one row found, a number a text."""

    right: list[bool] = field(default_factory=list)
    right_aware: list[bool] = field(default_factory=list)
    logp: list[float] = field(default_factory=list)
    num_bytes: list[int] = field(default_factory=list)
    end_bytes: list[int] = field(default_factory=list)
    peak_bytes: list[int] = field(default_factory=list)
    kept: list[float] = field(default_factory=list)
    depths: list[float] = field(default_factory=list)  # of those not found


def run(
    *,
    quick: bool,
    count: int | None = None,
    budgets: Sequence[float] = (_BUDGET,),
    policies: Sequence[str] = tuple(RECIPES),
    seed: int = 7,
    texts: str = "needles",
    tokens: int = _TOKENS,
    with_kvpress: bool = False,
) -> dict[str, Any]:
    """Measure 60 needles; `quick` 4."""
    count = count or (4 if quick else 60)
    loaded = _loaded()
    found: dict[tuple[str, float], _Found] = defaultdict(_Found)
    asked = _TEXTS[texts](loaded.tokenizer, count, tokens=tokens, seed=seed)
    if with_kvpress:
        found.update(_kvpress(asked, budgets))
    for number, needle in enumerate(asked):
        with torch.inference_mode():
            _measure(loaded, needle, [(each, budget) for budget in budgets for each in policies], found)
        so_far = ", ".join(f"{name} {budget} {sum(each.right)}" for (name, budget), each in found.items())
        print(f"{number + 1}/{count}: {so_far}", file=sys.stderr, flush=True)
    settings = {"texts": texts, "needles": count, "tokens": tokens, "seed": seed, "dtype": "float32"}
    rows = [_row(policy, budget, each) for (policy, budget), each in found.items()]
    return {"machine": machine(), "settings": settings, "rows": rows}


def _kvpress(asked: Sequence[Needle], budgets: Sequence[float]) -> dict[tuple[str, float], _Found]:
    """Give what kvpress's presses find of the same texts."""
    if not _KVPRESS.exists():
        raise InvalidInputError(f"there is no {_KVPRESS}; `make setup-kvpress` makes kvpress's environment")
    texts = [
        {"context": each.context, "behind": [*each.question, *each.opening], "answer": each.answer}
        for each in asked
    ]
    with tempfile.TemporaryDirectory() as folder:
        job = Path(folder) / "job.json"
        model = str(ensure_model(Settings().models_dir))
        job.write_text(json.dumps({"model": model, "budgets": list(budgets), "texts": texts}))
        peer = Path(__file__).with_name("_peer_kvpress.py")
        done = subprocess.run([_KVPRESS, peer, job], check=True, stdout=subprocess.PIPE, text=True)
    return {
        (row["policy"], row["budget"]): _Found(
            row["right"],
            logp=row["logp"],
            num_bytes=row["num_bytes"],
            kept=row["kept"],
            depths=[each.depth for each, right in zip(asked, row["right"], strict=True) if not right],
        )
        for row in json.loads(done.stdout.splitlines()[-1])
    }


def _loaded() -> Loaded:
    folder = Settings().models_dir
    assert folder is not None
    loaded = Transformers(folder)._load()
    use_ragged_attention(loaded.model)
    return loaded


def _measure(
    loaded: Loaded,
    needle: Needle,
    rows: Sequence[tuple[str, float]],
    found: dict[tuple[str, float], _Found],
) -> None:
    """Read one text, and answer from the cache of it that each policy makes of it at a budget."""
    needs = frozenset[Need]().union(*(RECIPES[name](budget).needs for name, budget in rows))
    seen = Observations(loaded.model, needs, _WINDOW)
    cache = RaggedCache(loaded.model.config.num_hidden_layers).observe(seen)
    _read(loaded, cache, needle.context)
    asked, asked_seen = cache.copy(), seen.copy()
    asked.observe(asked_seen)
    _read(loaded, asked, needle.question)
    asked.observe()
    full = found["full", 1.0]
    behind = [*needle.question, *needle.opening]
    _note(full, needle, cache, cache.copy(), _answer(loaded, cache.copy(), behind, needle.answer))
    full.right_aware.append(full.right[-1])
    repeat_ids, ours = (
        loaded.tokenizer.encode(each, add_special_tokens=False) for each in (REPEAT, calibration_text())
    )
    folder = Settings().models_dir
    first = Reading(loaded.model, needle.context, seen, repeat_ids, ours, folder)
    second = Reading(
        loaded.model, [*needle.context, *needle.question], asked_seen, repeat_ids, ours, folder
    )
    known: dict[type[Policy], Tensor] = {}
    for name, budget in rows:
        row, policy, smaller = found[name, budget], RECIPES[name](budget), cache.copy()
        remember(policy, known)
        policy.compress(smaller, first)
        after = smaller.copy()
        _note(row, needle, smaller, after, _answer(loaded, after, behind, needle.answer))
        row.kept.append(smaller.num_entries / cache.num_entries)
        if not name.startswith(LOOKS_BACK):
            continue
        smaller = asked.copy()
        RECIPES[name](budget).compress(smaller, second)
        right, _ = _answer(loaded, smaller, needle.opening, needle.answer)
        row.right_aware.append(right)


def remember(policy: Policy, known: dict[type[Policy], Tensor]) -> None:
    """Let policies that score by reading the text again do so once a text, by what is known of it."""
    if type(policy) is not Kvzip:
        return
    score = policy.scores

    def scores(cache: RaggedCache, reading: Reading) -> Tensor:
        if Kvzip not in known:
            known[Kvzip] = score(cache, reading)
        return known[Kvzip]

    policy.scores = scores  # type: ignore[method-assign]


def _read(loaded: Loaded, cache: RaggedCache, token_ids: Sequence[int], *, keep: int = 1) -> Tensor:
    for start in range(0, len(token_ids), 256):
        piece = torch.tensor([token_ids[start : start + 256]])
        output = loaded.model(input_ids=piece, past_key_values=cache, use_cache=True, logits_to_keep=keep)
    logits: Tensor = output.logits[0]
    return logits


def _answer(
    loaded: Loaded, cache: RaggedCache, before: Sequence[int], answer: Sequence[int]
) -> tuple[bool, float]:
    """Say whether the model's first choices are the answer, and give the logarithm of its chance."""
    logits = _read(loaded, cache, [*before, *answer[:-1]], keep=len(answer))
    wanted = torch.tensor(answer)
    chances = logits.log_softmax(dim=-1).gather(1, wanted[:, None]).sum()
    return bool((logits.argmax(dim=-1) == wanted).all()), float(chances)


def _note(
    row: _Found, needle: Needle, before: RaggedCache, after: RaggedCache, answered: tuple[bool, float]
) -> None:
    row.right.append(answered[0])
    row.depths += [] if answered[0] else [needle.depth]
    row.logp.append(answered[1])
    row.num_bytes.append(before.num_bytes)
    row.end_bytes.append(after.num_bytes)
    row.peak_bytes.append(max(before.peak_bytes, after.peak_bytes))


def _row(policy: str, budget: float, found: _Found) -> dict[str, Any]:
    low, high = _interval(sum(found.right), len(found.right))
    count = len(found.right)
    return {
        "policy": policy,
        "budget": budget,
        "accuracy": round(sum(found.right) / count, 3),
        "low": low,
        "high": high,
        "accuracy_aware": round(sum(found.right_aware) / count, 3) if found.right_aware else None,
        "logp": round(sum(found.logp) / count, 2),
        "bytes": round(sum(found.num_bytes) / count),
        "bytes_end": round(sum(found.end_bytes) / count) if found.end_bytes else None,
        "bytes_peak": round(sum(found.peak_bytes) / count) if found.peak_bytes else None,
        "depths_missed": sorted(found.depths),
        "kept": round(sum(found.kept) / count, 4) if found.kept else 1.0,
        "n": count,
    }


def _interval(right: int, count: int) -> tuple[float, float]:
    """Give Wilson's 95% interval of a share."""
    share = right / count
    middle = (share + _Z**2 / (2 * count)) / (1 + _Z**2 / count)
    half = _Z * math.sqrt(share * (1 - share) / count + _Z**2 / (4 * count**2)) / (1 + _Z**2 / count)
    return round(max(0.0, middle - half), 3), round(min(1.0, middle + half), 3)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--budgets", type=float, nargs="+", default=[_BUDGET])
    parser.add_argument("--needles", type=int, default=60)
    parser.add_argument("--policies", nargs="+", choices=list(RECIPES), default=list(RECIPES))
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--texts", choices=list(_TEXTS), default="needles")
    parser.add_argument("--tokens", type=int, default=_TOKENS)
    parser.add_argument("--kvpress", action="store_true")
    chosen = parser.parse_args()
    found = run(
        quick=False,
        count=chosen.needles,
        budgets=chosen.budgets,
        policies=chosen.policies,
        seed=chosen.seed,
        texts=chosen.texts,
        tokens=chosen.tokens,
        with_kvpress=chosen.kvpress,
    )
    print(json.dumps(found))
