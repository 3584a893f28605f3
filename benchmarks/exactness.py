"""Drafts change no answer: 64 prompts of 128 tokens, each proposer's own trees read by the model.

Prompts are those of benchmarks/speculation.py, one of each category after the other. Their plain answers
are written once, with what the model found likely behind each token. Each proposer then decodes, and has
to write the same. It goes from prompt to prompt, as in the product; where a run goes on behind a file, it
is told the plain answers of those before. Trees of several proposers are read in one pass of the model,
each behind its own cache; those of one alone as the generator reads them. Proposers that ask a model for
their drafts, here SmolLM2 itself in bfloat16 on the newest 32 tokens, decode the first `--trees` prompts;
on the plain answers their passes are counted (`replayed`), and `as_counted` says how often both agree.

`python -m benchmarks.exactness --kept FILE` notes each run when it is done, and measures what is not noted
yet; `--only NAME...` takes some proposers (none: plain answers alone), `--minutes M` begins no prompt later
than that. It takes no times.
"""

import argparse
import json
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from benchmarks._exact_drafts import DRAFTERS, Asking
from benchmarks._exact_kept import Done, Kept
from benchmarks._machine import machine
from benchmarks._speculation_prompts import Asked, prompts
from benchmarks._speculation_runs import (
    NO_REPEAT_TOKENS,
    Nothing,
    decoded,
    model,
    ratio_interval,
    read,
    replayed,
)
from benchmarks._trees_side_by_side import TreesSideBySide
from rag.core.settings import Settings
from rag.generation.backends._loading import Loaded, load_model
from rag.generation.backends._proposing import build_proposer
from rag.generation.backends._smollm2 import ensure_model
from rag.generation.speculation._adjacency import RANKS
from rag.generation.speculation._drafts import Proposer, State

_VOCABULARY = "+vocabulary"  # behind the name of one whose matrix starts with the model's vocabulary
_PROPOSERS = (
    *("recycling", "rasd", "suffix", "lookup", "adaptive"),
    *(f"recycling{_VOCABULARY}", f"rasd{_VOCABULARY}"),
    *DRAFTERS,
)
_PLAIN = "none"
_COUNTED = ", replayed"
_PIECE = 64  # tokens whose followers are told at a time
_GROUP = 16  # prompts whose drafts are counted side by side


class _Noting(Nothing):
    """Plain decoding that keeps what is likely behind each token."""

    def __init__(self) -> None:
        self.followers: list[list[int]] = []

    def observe(self, token_ids: Sequence[int], logits: Tensor) -> None:
        """Keep the likeliest, the likeliest first."""
        self.followers += logits.topk(RANKS).indices.tolist()


@dataclass(frozen=True, slots=True)
class Size:
    """How much is run."""

    per_category: int = 4
    own: int = 12
    max_tokens: int = 128
    trees: int = 14  # prompts that proposers decode which ask a model
    is_backwards: bool = False  # begins with the last prompt


def run(
    *,
    quick: bool,
    size: Size | None = None,
    only: Sequence[str] = _PROPOSERS,
    kept: Path | None = None,
    minutes: float | None = None,
    no_repeat: int = NO_REPEAT_TOKENS,
) -> dict[str, Any]:
    """Measure 64 prompts of 128 tokens; `quick` 14 of 16, without those that ask a model for each draft."""
    if quick:
        size, only = Size(1, 1, 16), ("recycling", "rasd", "suffix", "lookup")
    size = size or Size()
    until = time.monotonic() + 60 * minutes if minutes is not None else float("inf")
    settings = {"model": "smollm2", "max_tokens": size.max_tokens, "no_repeat_tokens": no_repeat}
    loaded, done = model(), Kept(kept, settings)
    asked = in_turn(prompts(loaded.tokenizer, size.per_category, size.own))[
        :: -1 if size.is_backwards else 1
    ]
    knowing: dict[str, Proposer] = {}
    if asking := _asking(only):
        knowing |= {name: DRAFTERS[name](asking) for name in only if name in DRAFTERS}
    knowing |= {name: _proposer(name, loaded) for name in only if name not in DRAFTERS}
    for number, each in enumerate(asked):
        if time.monotonic() > until:
            break
        if number % _GROUP == 0 and asking:
            _count_all(asking, loaded, asked[number : number + _GROUP], only, done, size.max_tokens)
        ways = [name for name in knowing if name not in DRAFTERS or number < size.trees]
        _run_all(loaded, each, {name: knowing[name] for name in ways}, done, no_repeat, size.max_tokens)
        print(f"{number + 1}/{len(asked)}", file=sys.stderr, flush=True)
    rows = [_row(name, asked, done) for name in only]
    return {"machine": machine(), "settings": settings, "rows": rows}


def in_turn(asked: Sequence[Asked]) -> list[Asked]:
    """Give one of each category, then the next of each."""
    turns: dict[str, int] = defaultdict(int)
    numbered = []
    for each in asked:
        numbered.append((turns[each.category], each))
        turns[each.category] += 1
    return [each for _, each in sorted(numbered, key=lambda pair: pair[0])]


def _proposer(name: str, loaded: Loaded) -> Proposer:
    options: dict[str, object] = {"vocabulary": True} if name.endswith(_VOCABULARY) else {}
    proposer = build_proposer(
        name.removesuffix(_VOCABULARY),
        options,
        loaded=lambda: loaded,
        device="cpu",
        folder=Settings().models_dir,
    )
    assert proposer is not None
    return proposer


def _run_all(
    loaded: Loaded, asked: Asked, knowing: dict[str, Proposer], done: Kept, no_repeat: int, max_tokens: int
) -> None:
    """Write one prompt's plain answer and each proposer's, if missing; tell all of the plain."""
    plain = done.get(asked.name, _PLAIN)
    jobs: dict[str, Proposer] = {} if plain else {_PLAIN: _Noting()}
    for way, proposer in knowing.items():
        if done.get(asked.name, way) is None:
            jobs[way] = proposer
        elif plain and plain.tokens:
            tell(proposer, asked.token_ids, plain, len(loaded.tokenizer))
    if not jobs:
        return
    prompt, trees = read(loaded, asked), TreesSideBySide(loaded.model)
    found = trees.run(
        [
            partial(
                decoded,
                loaded,
                prompt,
                proposer,
                max_tokens,
                no_repeat_tokens=no_repeat,
                side_by_side=trees if len(jobs) > 1 else None,
            )
            for proposer in jobs.values()
        ]
    )
    for (way, proposer), ours in zip(jobs.items(), found, strict=True):
        followers = proposer.followers if isinstance(proposer, _Noting) else []
        done.keep(asked.name, way, Done(ours.token_ids, ours.passes, followers))


def tell(proposer: Proposer, prompt: Sequence[int], plain: Done, vocabulary: int) -> None:
    """Let a proposer see an answer as if it had decoded it."""
    state = State([*prompt, plain.token_ids[0]])
    proposer.begin(state)
    state.token_ids += plain.token_ids[1:]
    for start in range(0, len(plain.followers), _PIECE):
        best = torch.tensor(plain.followers[start : start + _PIECE])
        logits = torch.full((len(best), vocabulary), -torch.inf)
        order = torch.arange(RANKS, 0, -1, dtype=torch.float32)
        logits.scatter_(1, best, order.expand(len(best), -1))
        proposer.observe(plain.token_ids[start : start + len(best)], logits)


def _asking(only: Sequence[str]) -> Asking | None:
    """Load the model that drafts, if one is needed."""
    if not set(only) & set(DRAFTERS):
        return None
    drafter = load_model(ensure_model(Settings().models_dir), attention=None, device="cpu")
    return Asking(drafter.model.to(torch.bfloat16))


def _count_all(
    asking: Asking, loaded: Loaded, group: Sequence[Asked], only: Sequence[str], done: Kept, limit: int
) -> None:
    """Count the passes of those that ask a model, on the plain answers that are there."""
    known = [(each, plain) for each in group if (plain := done.get(each.name, _PLAIN)) and plain.tokens]
    for name in (each for each in only if each in DRAFTERS):
        left = [(each, plain) for each, plain in known if not done.get(each.name, name + _COUNTED)]
        jobs = [
            partial(
                replayed,
                each,
                [*plain.token_ids, loaded.tokenizer.eos_token_id][:limit],  # it ended, if it is shorter
                DRAFTERS[name](asking),
                limit=limit,
            )
            for each, plain in left
        ]
        for (each, plain), passes in zip(left, asking.together(jobs), strict=True):
            done.keep(each.name, name + _COUNTED, Done(plain.token_ids, passes))


def _row(name: str, asked: Sequence[Asked], done: Kept) -> dict[str, Any]:
    """Sum up what a proposer really decoded, and what was counted on all answers."""
    runs = [(each, done.get(each.name, _PLAIN), done.get(each.name, name)) for each in asked]
    both = [(each, plain, ours) for each, plain, ours in runs if plain and ours and plain.tokens]
    row = {
        "proposer": name,
        "prompts": len(both),
        "identical": sum(plain.token_ids == ours.token_ids for _, plain, ours in both),
        "tokens": sum(ours.tokens for *_, ours in both),
        **_ratios([(each.category, *ours.pair) for each, _, ours in both]),
    }
    counted = {each.name: known for each in asked if (known := done.get(each.name, name + _COUNTED))}
    if counted:
        row["as_counted"] = sum(counted[each.name].passes == ours.passes for each, _, ours in both)
        row["replayed"] = {
            "prompts": len(counted),
            "tokens": sum(each.tokens for each in counted.values()),
            **_ratios(
                [(each.category, *counted[each.name].pair) for each in asked if each.name in counted]
            ),
        }
    return row


def _ratios(found: Sequence[tuple[str, int, int]]) -> dict[str, Any]:
    """Give tokens a pass from (category, tokens, passes)."""
    by_category = groupby(sorted(found), key=lambda row: row[0])
    return {
        "tokens_per_forward": _ratio(found),
        "tokens_per_forward_interval": ratio_interval([row[1:] for row in found]),
        "tokens_per_forward_by_category": {name: _ratio(list(rows)) for name, rows in by_category},
    }


def _ratio(found: Sequence[tuple[str, int, int]]) -> float:
    passes = sum(row[2] for row in found)
    return round(sum(row[1] for row in found) / passes, 3) if passes else 0.0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", choices=_PROPOSERS, default=list(_PROPOSERS))
    parser.add_argument("--per-category", type=int, default=4)
    parser.add_argument("--own", type=int, default=12, help="prompts of Grove's own")
    parser.add_argument("--trees", type=int, default=14, help="prompts decoded by those that ask a model")
    parser.add_argument(
        "--backwards", action="store_true", help="meets another run that began at the front"
    )
    parser.add_argument("--kept", type=Path, help="file of the answers that are done")
    parser.add_argument("--minutes", type=float)
    parser.add_argument("--no-repeat", type=int, default=NO_REPEAT_TOKENS, help="0 lets answers loop")
    parser.add_argument("--quick", action="store_true")
    chosen = parser.parse_args()
    measured = run(
        quick=chosen.quick,
        size=Size(chosen.per_category, chosen.own, trees=chosen.trees, is_backwards=chosen.backwards),
        only=chosen.only,
        kept=chosen.kept,
        minutes=chosen.minutes,
        no_repeat=chosen.no_repeat,
    )
    print(json.dumps(measured))
