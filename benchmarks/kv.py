"""What a smaller cache costs in answers: a number hidden in a thousand tokens, found again or not.

Two ways: the text is compressed before the question is known (`accuracy`, what a store of read documents
needs), and after it was read (`accuracy_aware`, where that changes what is kept). Each text is read once,
and all policies start from there. An answer counts if every digit is the model's first choice. The end of
the prompt, up to the first digit, is read from the smaller cache, so that no digit is free.

`python -m benchmarks.kv --budgets 0.5 0.25` takes other budgets than a quarter; `--needles N` more or fewer
texts, `--seed N` others; `--policies razor kvzip` some rows alone; `--texts pairs` keys and values of JSON
in place of needles, `--tokens 400` of them, `--texts papers` the 255 tokens behind a part of a paper, of
which log p and the perplexity tell; `--kvpress` kvpress's presses beside them, on the same texts
(`make setup-kvpress`).
`--kept FILE` notes each text when it is done; a later run on the same texts, of other policies or budgets
too, measures what is not noted yet. `against` sets policies beside the same without what makes them.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from benchmarks._kv_found import Found, Row, compared, keep_text, kept_texts, row_of
from benchmarks._kv_recipes import LOOKS_BACK, RECIPES, WITHOUT
from benchmarks._kv_texts import Needle, needles, pairs, papers
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
_FULL: Row = ("full", 1.0)
_KVPRESS = Path(__file__).parents[1] / ".venv-kvpress" / "bin" / "python"
_TEXTS: Mapping[str, Callable[..., list[Needle]]] = {
    "needles": needles, "pairs": pairs, "papers": papers,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Texts:
    """What is read."""

    kind: str = "needles"
    count: int = 60
    tokens: int = _TOKENS
    seed: int = 7


def run(
    *,
    quick: bool,
    texts: Texts | None = None,
    budgets: Sequence[float] = (_BUDGET,),
    policies: Sequence[str] = tuple(RECIPES),
    with_kvpress: bool = False,
    kept: Path | None = None,
) -> dict[str, Any]:
    """Measure 60 needles, `quick` 4; go on behind what a file has `kept`."""
    texts = texts or Texts(count=4 if quick else 60)
    rows: list[Row] = [(each, budget) for budget in budgets for each in policies]
    settings = {"dtype": "float32", **asdict(texts)}
    same = {name: each for name, each in settings.items() if name != "count"}  # more go on behind fewer
    done = kept_texts(kept, same) if kept else {}
    loaded = _loaded()
    found: dict[Row, Found] = defaultdict(Found)
    asked = _TEXTS[texts.kind](loaded.tokenizer, texts.count, tokens=texts.tokens, seed=texts.seed)
    if with_kvpress:
        found.update(_kvpress(asked, budgets))
    for number, needle in enumerate(asked):
        known = done.setdefault(number, {})
        if missing := [row for row in rows if row not in known]:
            with torch.inference_mode():
                new = _measure(loaded, needle, missing)
            if kept:
                keep_text(kept, number, same, new)
            known.update(new)
        for row in (_FULL, *rows):
            found[row].add(known[row])
        so_far = ", ".join(f"{name} {budget} {sum(each.right)}" for (name, budget), each in found.items())
        print(f"{number + 1}/{texts.count}: {so_far}", file=sys.stderr, flush=True)
    return {
        "machine": machine(),
        "settings": settings,
        "rows": [row_of(policy, budget, each) for (policy, budget), each in found.items()],
        "against": compared(found, WITHOUT),
    }


def _kvpress(asked: Sequence[Needle], budgets: Sequence[float]) -> dict[Row, Found]:
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
        (row["policy"], row["budget"]): Found(
            row["right"],
            logp=row["logp"],
            num_tokens=[len(each.answer) for each in asked],
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


def _measure(loaded: Loaded, needle: Needle, rows: Sequence[Row]) -> dict[Row, Found]:
    """Read one text, and answer from the cache of it that each policy makes of it at a budget."""
    found: dict[Row, Found] = defaultdict(Found)
    needs = frozenset[Need]().union(*(RECIPES[name](budget).needs for name, budget in rows))
    seen = Observations(loaded.model, needs, _WINDOW)
    cache = RaggedCache(loaded.model.config.num_hidden_layers).observe(seen)
    _read(loaded, cache, needle.context)
    asked, asked_seen = cache.copy(), seen.copy()
    asked.observe(asked_seen)
    if needle.question and any(name.startswith(LOOKS_BACK) for name, _ in rows):
        _read(loaded, asked, needle.question)
    asked.observe()
    full = found[_FULL]
    behind = [*needle.question, *needle.opening]
    _note(full, needle, cache, cache.copy(), _answer(loaded, cache.copy(), behind, needle.answer))
    if needle.question:
        full.right_aware.append(full.right[-1])
        full.logp_aware.append(full.logp[-1])
    repeat_ids, ours = (
        loaded.tokenizer.encode(each, add_special_tokens=False) for each in (REPEAT, calibration_text())
    )
    folder = Settings().models_dir
    first = Reading(loaded.model, needle.context, seen, repeat_ids, ours, folder)
    second = Reading(
        loaded.model, [*needle.context, *needle.question], asked_seen, repeat_ids, ours, folder
    )
    known: dict[type[Policy], tuple[Tensor, int]] = {}
    for name, budget in rows:
        row, policy, smaller = found[name, budget], RECIPES[name](budget), cache.copy()
        remember(policy, known)
        policy.compress(smaller, first)
        after = smaller.copy()
        _note(row, needle, smaller, after, _answer(loaded, after, behind, needle.answer))
        row.kept.append(smaller.num_entries / cache.num_entries)
        if not (name.startswith(LOOKS_BACK) and needle.question):
            continue
        smaller = asked.copy()
        RECIPES[name](budget).compress(smaller, second)
        right, logp = _answer(loaded, smaller, needle.opening, needle.answer)
        row.right_aware.append(right)
        row.logp_aware.append(logp)
    return dict(found)


def remember(policy: Policy, known: dict[type[Policy], tuple[Tensor, int]]) -> None:
    """Let policies that score by reading the text again do so once a text, by what is known of it.

    The bytes at the peak of that reading are every policy's.
    """
    if type(policy) is not Kvzip:
        return
    score = policy.scores

    def scores(cache: RaggedCache, reading: Reading) -> Tensor:
        if Kvzip not in known:
            known[Kvzip] = score(cache, reading), cache.peak_bytes
        found, peak_bytes = known[Kvzip]
        cache.peak_bytes = max(cache.peak_bytes, peak_bytes)
        return found

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
    row: Found, needle: Needle, before: RaggedCache, after: RaggedCache, answered: tuple[bool, float]
) -> None:
    row.right.append(answered[0])
    row.depths += [] if answered[0] else [needle.depth]
    row.logp.append(answered[1])
    row.num_tokens.append(len(needle.answer))
    row.num_bytes.append(before.num_bytes)
    row.end_bytes.append(after.num_bytes)
    row.peak_bytes.append(max(before.peak_bytes, after.peak_bytes))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--budgets", type=float, nargs="+", default=[_BUDGET])
    parser.add_argument("--needles", type=int, default=60)
    parser.add_argument("--policies", nargs="+", choices=list(RECIPES), default=list(RECIPES))
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--texts", choices=list(_TEXTS), default="needles")
    parser.add_argument("--tokens", type=int, default=_TOKENS)
    parser.add_argument("--kvpress", action="store_true")
    parser.add_argument("--kept", type=Path, help="file of the texts that are done")
    chosen = parser.parse_args()
    found = run(
        quick=False,
        texts=Texts(chosen.texts, chosen.needles, chosen.tokens, chosen.seed),
        budgets=chosen.budgets,
        policies=chosen.policies,
        with_kvpress=chosen.kvpress,
        kept=chosen.kept,
    )
    print(json.dumps(found))
