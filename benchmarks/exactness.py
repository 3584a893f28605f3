"""Drafts change no answer: 64 prompts of 128 tokens, each proposer's own trees read by the model.

Prompts are those of benchmarks/speculation.py, one of each category after the other. Their plain answers
are written once, with what the model found likely behind each token. Each proposer then decodes, and has
to write the same. It goes from prompt to prompt, as in the product; where a run goes on behind a file, it
is told the plain answers of those before. `lookup` and `suffix` look at no logits: their passes are counted
on all plain answers, too (`replayed`).

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
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from benchmarks._machine import machine
from benchmarks._speculation_prompts import Asked, prompts
from benchmarks._speculation_runs import NO_REPEAT_TOKENS, Nothing, Read, decoded, model, read, replayed
from rag.core.errors import InvalidInputError
from rag.generation.backends._loading import Loaded
from rag.generation.backends._proposing import build_proposer
from rag.generation.speculation._adjacency import RANKS
from rag.generation.speculation._drafts import Proposer, State

_REPLAYED = ("lookup", "suffix")
_PROPOSERS = ("recycling", "rasd", "suffix", "lookup", "adaptive", "draft", "dyspec", "rsd")
_PLAIN = "none"
_PIECE = 64  # tokens whose followers are told at a time


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


@dataclass(slots=True)
class Done:
    """One answer: plain, or of a proposer."""

    token_ids: list[int]
    passes: int
    followers: list[list[int]] = field(default_factory=list)  # (N, 8) of a plain one's tokens but the last

    @property
    def tokens(self) -> int:
        """Give how many tokens came after the first."""
        return max(len(self.token_ids) - 1, 0)


class Kept:
    """Answers by prompt and proposer, in a file where one is named."""

    def __init__(self, file: Path | None, settings: dict[str, Any]) -> None:
        """Read what a file has.

        Raises:
            InvalidInputError: the file is of other settings.
        """
        self._file, self._settings = file, settings
        self._done: dict[tuple[str, str], Done] = {}
        for line in file.read_text().splitlines() if file and file.exists() else []:
            row = json.loads(line)
            if row["settings"] != settings:
                raise InvalidInputError(
                    f"{file} holds {row['settings']}, not {settings}; name another file"
                )
            self._done[row["prompt"], row["way"]] = Done(**row["done"])

    def get(self, prompt: str, way: str) -> Done | None:
        """Give an answer, None where there is none yet."""
        return self._done.get((prompt, way))

    def keep(self, prompt: str, way: str, done: Done) -> None:
        """Write one down."""
        self._done[prompt, way] = done
        if self._file:
            row = {"prompt": prompt, "way": way, "settings": self._settings}
            row["done"] = {name: getattr(done, name) for name in Done.__slots__}
            with self._file.open("a") as lines:
                lines.write(json.dumps(row) + "\n")


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
    asked = in_turn(prompts(loaded.tokenizer, size.per_category, size.own))
    knowing = {name: _proposer(name, loaded) for name in only}
    for number, each in enumerate(asked):
        if time.monotonic() > until:
            break
        _run_all(loaded, each, knowing, done, no_repeat, size.max_tokens)
        print(f"{number + 1}/{len(asked)}", file=sys.stderr, flush=True)
    rows = [_row(name, asked, done) for name in only]
    rows += [_replayed(name, asked, done, _proposer(name, loaded)) for name in _REPLAYED]
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
    proposer = build_proposer(name, {}, loaded=lambda: loaded, device="cpu")
    assert proposer is not None
    return proposer


def _run_all(
    loaded: Loaded, asked: Asked, knowing: dict[str, Proposer], done: Kept, no_repeat: int, max_tokens: int
) -> None:
    """Write one prompt's plain answer and each proposer's, if missing; tell all of the plain."""
    prompt: Read | None = None
    for way in (_PLAIN, *knowing):
        plain = done.get(asked.name, _PLAIN)
        if done.get(asked.name, way) is None:
            prompt = prompt or read(loaded, asked)
            noting = _Noting()
            proposer = noting if way == _PLAIN else knowing[way]
            ours = decoded(loaded, prompt, proposer, max_tokens, no_repeat_tokens=no_repeat)
            done.keep(asked.name, way, Done(ours.token_ids, ours.passes, noting.followers))
        elif way != _PLAIN and plain and plain.tokens:
            tell(knowing[way], asked.token_ids, plain, len(loaded.tokenizer))


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


def _row(name: str, asked: Sequence[Asked], done: Kept) -> dict[str, Any]:
    """Sum up what a proposer really decoded."""
    pairs = [(each, done.get(each.name, _PLAIN), done.get(each.name, name)) for each in asked]
    both = [(each, plain, ours) for each, plain, ours in pairs if plain and ours and plain.tokens]
    return {
        "proposer": name,
        "prompts": len(both),
        "identical": sum(plain.token_ids == ours.token_ids for _, plain, ours in both),
        "tokens": sum(ours.tokens for *_, ours in both),
        **_ratios([(each.category, ours.tokens, ours.passes) for each, _, ours in both]),
    }


def _replayed(name: str, asked: Sequence[Asked], done: Kept, proposer: Proposer) -> dict[str, Any]:
    """Count the passes of a proposer that looks at no logits on all plain answers."""
    found = []
    for each in asked:
        plain = done.get(each.name, _PLAIN)
        if plain and plain.tokens:
            found.append((each.category, plain.tokens, replayed(each, plain.token_ids, proposer)))
    return {
        "proposer": f"{name}, replayed",
        "prompts": len(found),
        "tokens": sum(tokens for _, tokens, _ in found),
        **_ratios(found),
    }


def _ratios(found: Sequence[tuple[str, int, int]]) -> dict[str, Any]:
    """Give tokens a pass from (category, tokens, passes)."""
    by_category = groupby(sorted(found), key=lambda row: row[0])
    return {
        "tokens_per_forward": _ratio(found),
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
    parser.add_argument("--kept", type=Path, help="file of the answers that are done")
    parser.add_argument("--minutes", type=float)
    parser.add_argument("--no-repeat", type=int, default=NO_REPEAT_TOKENS, help="0 lets answers loop")
    parser.add_argument("--quick", action="store_true")
    chosen = parser.parse_args()
    measured = run(
        quick=chosen.quick,
        size=Size(chosen.per_category, chosen.own),
        only=chosen.only,
        kept=chosen.kept,
        minutes=chosen.minutes,
        no_repeat=chosen.no_repeat,
    )
    print(json.dumps(measured))
