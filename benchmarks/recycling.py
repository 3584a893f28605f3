"""Token Recycling cold and warm: tokens a pass, by what filled its matrix and by the size of its tree.

Prompts and answers are those of benchmarks/speculation.py. Each measured prompt starts from a matrix of its
own: empty, or filled from the other prompts and their plain answers; with what follows what in the prompt
at hand (as the product has it), or without. Decoding is real, trees and all, and greedy; answers must be
the same.

`python -m benchmarks.recycling --nodes 24 80` takes trees of these sizes; `--no-repeat 0` lets answers
loop, as the paper's do. `ranks`: at which place of its row the token behind the last one stood; `reached`:
shares of passes that accepted 1 to 6 drafted tokens or more, and those a tree of all followers would have.
"""

import argparse
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from benchmarks._machine import machine
from benchmarks._speculation_prompts import GROVE, Asked, prompts
from benchmarks._speculation_runs import NO_REPEAT_TOKENS, Nothing, Read, Run, decoded, model, read
from rag.generation.backends._loading import Loaded
from rag.generation.speculation._adjacency import RANKS
from rag.generation.speculation._drafts import Draft, State
from rag.generation.speculation.recycling import Recycling

_BLIND = ", prompt left out"
_DEPTHS = range(1, 7)
_WAYS = (f"cold{_BLIND}", "cold", f"warm{_BLIND}", "warm")


class _Watched(Recycling):
    """Notes, at each pass, what its matrix says of the answer that is known already."""

    def __init__(self, nodes: int, answer: Sequence[int], seen: "_Seen") -> None:
        super().__init__(nodes)
        self._answer, self._seen = answer, seen
        self._prompt_tokens = self._before = 0

    def begin(self, state: State) -> None:
        """Keep where the prompt ends, too."""
        super().begin(state)
        self._prompt_tokens = self._before = len(state.token_ids) - 1

    def propose(self, state: State) -> Draft:
        """Look up what comes, and draft."""
        at = len(state.token_ids) - self._prompt_tokens  # in the answer, of the next token
        if self._before > self._prompt_tokens:
            self._seen.accepted[len(state.token_ids) - self._before - 1] += 1
        self._before = len(state.token_ids)
        token_id, depth = state.token_ids[-1], 0
        for following in self._answer[at:]:
            row = self._adjacency.followers(token_id)
            if depth == 0:
                self._seen.ranks[row.index(following) if following in row else -1 if row else -2] += 1
            if following not in row:
                break
            token_id, depth = following, depth + 1
        self._seen.possible[depth] += 1
        return super().propose(state)


class _Blind(_Watched):
    """Notes nothing of the prompt."""

    def begin(self, state: State) -> None:
        """Keep what earlier requests taught."""
        self._prompt_tokens = self._before = len(state.token_ids) - 1


@dataclass(frozen=True, slots=True)
class _Seen:
    """Counts over passes; the last one of an answer has no `accepted`."""

    ranks: Counter[int] = field(default_factory=Counter)  # -1: not in the row, -2: no row
    accepted: Counter[int] = field(default_factory=Counter)
    possible: Counter[int] = field(default_factory=Counter)

    def as_row(self) -> dict[str, Any]:
        """Give shares."""
        total = max(sum(self.ranks.values()), 1)
        names = {-1: "absent", -2: "unknown"}
        return {
            "ranks": {
                str(names.get(rank, rank)): round(count / total, 3)
                for rank, count in sorted(self.ranks.items(), key=lambda pair: (pair[0] < 0, pair[0]))
            },
            "reached": _reached(self.accepted),
            "reached_by_all": _reached(self.possible),
        }


def _reached(counts: Counter[int]) -> list[float]:
    """Give, for each depth from 1 to 6, the share of passes that came so far."""
    total = max(sum(counts.values()), 1)
    return [round(sum(n for depth, n in counts.items() if depth >= least) / total, 3) for least in _DEPTHS]


@dataclass(frozen=True, slots=True)
class _Known:
    """A prompt, its plain answer, and what follows each of their tokens."""

    asked: Asked
    plain: Run
    followers: Tensor  # (N, 8) of prompt and answer
    vocabulary: int

    @property
    def token_ids(self) -> list[int]:
        return [*self.asked.token_ids, *self.plain.token_ids]


def run(
    *,
    quick: bool,
    nodes: Sequence[int] = (24,),
    ways: Sequence[str] = _WAYS,
    per_category: int = 3,
    own: int = 12,
    every: int = 2,
    no_repeat: int = NO_REPEAT_TOKENS,
) -> dict[str, Any]:
    """Measure every other of some 50 prompts, of 96 tokens; `quick` every fourth of 16, of 24."""
    max_tokens = 96
    if quick:
        per_category, own, every, max_tokens = 1, 3, 4, 24
    loaded = model()
    known = [
        _known(loaded, read(loaded, each), max_tokens, no_repeat)
        for each in prompts(loaded.tokenizer, per_category, own)
    ]
    print(f"{len(known)} plain answers", file=sys.stderr, flush=True)
    counts: dict[tuple[str, int], dict[str, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0]))
    same: dict[tuple[str, int], list[bool]] = defaultdict(list)
    seen: dict[tuple[str, int], _Seen] = defaultdict(_Seen)
    for number, each in enumerate(known):
        if number % every or not each.plain.tokens:
            continue
        prompt = read(loaded, each.asked)
        for way in ways:
            for most in nodes:
                proposer = _filled(way, most, each, known, seen[way, most])
                ours = decoded(loaded, prompt, proposer, max_tokens, no_repeat_tokens=no_repeat)
                of_category = counts[way, most][each.asked.category]
                of_category[0] += ours.tokens
                of_category[1] += ours.passes
                same[way, most].append(ours.token_ids == each.plain.token_ids)
        so_far = {f"{way}, {most}": _ratio(each.values()) for (way, most), each in counts.items()}
        print(number, so_far, file=sys.stderr, flush=True)
    settings = {"max_tokens": max_tokens, "no_repeat_tokens": no_repeat, "plain_prompts": len(known)}
    rows = [
        {
            "matrix": way,
            "nodes": most,
            "prompts": len(same[way, most]),
            "identical": sum(same[way, most]),
            "tokens_per_forward": _ratio(each.values()),
            "tokens_per_forward_grove": _ratio([each[GROVE]]),
            "tokens_per_forward_by_category": {name: _ratio([pair]) for name, pair in sorted(each.items())},
            **seen[way, most].as_row(),
        }
        for (way, most), each in counts.items()
    ]
    return {"machine": machine(), "settings": settings, "rows": rows}


def _known(loaded: Loaded, prompt: Read, max_tokens: int, no_repeat: int) -> _Known:
    """Decode plainly, and read prompt and answer once more for what follows each token."""
    plain = decoded(loaded, prompt, Nothing(), max_tokens, no_repeat_tokens=no_repeat)
    with torch.inference_mode():
        inputs = torch.tensor([[*prompt.asked.token_ids, *plain.token_ids]])
        logits = loaded.model(input_ids=inputs, use_cache=False).logits[0]
    return _Known(prompt.asked, plain, logits.topk(RANKS).indices.to(torch.int32), logits.shape[-1])


def _filled(way: str, nodes: int, at_hand: _Known, known: Sequence[_Known], seen: _Seen) -> Recycling:
    """Give a proposer whose matrix knows the others, if it is warm."""
    watched = _Blind if way.endswith(_BLIND) else _Watched
    proposer = watched(nodes, at_hand.plain.token_ids, seen)
    for other in known:
        if way.startswith("warm") and other is not at_hand:
            proposer._adjacency.note(other.token_ids, other.followers, other.vocabulary)
    return proposer


def _ratio(pairs: Any) -> float:  # Any: of [tokens, passes]
    pairs = list(pairs)
    tokens, passes = sum(pair[0] for pair in pairs), sum(pair[1] for pair in pairs)
    return round(tokens / passes, 3) if passes else 0.0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, nargs="+", default=[24])
    parser.add_argument("--ways", nargs="+", choices=_WAYS, default=list(_WAYS))
    parser.add_argument("--per-category", type=int, default=3)
    parser.add_argument("--own", type=int, default=12, help="prompts of Grove's own")
    parser.add_argument("--every", type=int, default=2, help="measure each so many-th prompt")
    parser.add_argument("--no-repeat", type=int, default=NO_REPEAT_TOKENS, help="0 lets answers loop")
    parser.add_argument("--quick", action="store_true")
    chosen = parser.parse_args()
    found = run(
        quick=chosen.quick,
        nodes=chosen.nodes,
        ways=chosen.ways,
        per_category=chosen.per_category,
        own=chosen.own,
        every=chosen.every,
        no_repeat=chosen.no_repeat,
    )
    print(json.dumps(found))
