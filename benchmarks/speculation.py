"""What drafting is worth: tokens a pass, sameness, CPU time beside plain decoding and transformers' own.

Spec-Bench's questions of all categories and Grove's own prompts, greedily, with SmolLM2. Every run of a
prompt starts from one reading of it and is timed behind it; runs of a prompt follow each other, in another
order for each prompt. `lookup` and `suffix` look at no logits: tokens a pass are counted on all plain
outputs, and real passes run on a part, as for the others. `prompts` are those that ran really.

transformers' assisted generation has the first layers of the model itself as its assistant, and runs on few
prompts. `python -m benchmarks.speculation --only NAME...` runs some rows alone.
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

from benchmarks._machine import machine
from benchmarks._speculation_prompts import GROVE, Asked, prompts
from benchmarks._speculation_runs import (
    NO_REPEAT_TOKENS,
    Nothing,
    Read,
    Run,
    decoded,
    first_layers,
    model,
    ratio_interval,
    read,
    replayed,
    theirs,
)
from rag.generation.backends._loading import Loaded
from rag.generation.backends._proposing import build_proposer
from rag.generation.speculation._drafts import Proposer

RAG = ("rag", GROVE)
_QUOTING = ("rag", "summarization", GROVE)
_REPLAYED = ("lookup", "suffix")
_DRAWN = ("draft", "dyspec", "rsd")  # ask a model for every drafted token, here the whole one
_ASSISTED = "theirs assisted"
_ASSISTANT_LAYERS = 2
_QUOTED_RUN = 5  # tokens in a row that stand in the prompt are quoted


@dataclass(frozen=True, slots=True)
class Size:
    """How much is run."""

    per_category: int
    own: int
    max_tokens: int
    every: dict[str, int]  # a proposer runs really on every so many prompts
    drawn_prompts: int
    drawn_tokens: int


QUICK = Size(1, 3, 24, {"adaptive": 1, "recycling": 4, "rasd": 4, "lookup": 3, "suffix": 3}, 1, 10)
FULL = Size(3, 12, 96, {"adaptive": 1, "recycling": 2, "rasd": 2, "lookup": 2, "suffix": 2}, 2, 48)


@dataclass(slots=True)
class Figures:
    """Of one way to decode."""

    pairs: dict[str, list[tuple[float, float]]] = field(default_factory=lambda: defaultdict(list))
    tokens: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    passes: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    late: list[tuple[int, int]] = field(default_factory=list)
    prompts: int = 0
    identical: int = 0

    def add(self, category: str, run: Run, plain: Run) -> None:
        """Take note of a run and the plain one beside it."""
        self.prompts += 1
        self.identical += run.token_ids == plain.token_ids
        self.pairs[category].append((plain.seconds, run.seconds))
        self.late.append((run.tokens, run.passes))
        self.count(category, run.tokens, run.passes)

    def count(self, category: str, tokens: int, passes: int) -> None:
        """Take note of tokens and passes."""
        self.tokens[category] += tokens
        self.passes[category] += passes


def run(*, quick: bool, only: Collection[str] | None = None) -> dict[str, Any]:
    """Measure some 50 prompts of 96 tokens; `quick` 16 of 24; `only` some rows beside the plain one."""
    size = QUICK if quick else FULL
    names = [*size.every, *_DRAWN, "theirs lookup", _ASSISTED]
    names = [name for name in names if only is None or name in only]
    loaded = model()
    asked = prompts(loaded.tokenizer, size.per_category, size.own)
    proposers = {name: _proposer(name, loaded) for name in names if not name.startswith("theirs")}
    figures: dict[str, Figures] = defaultdict(Figures)
    plains: list[tuple[Asked, Run]] = []
    for number, each in enumerate(asked):
        if only is None or not set(only) <= {_ASSISTED, *_DRAWN} or each.category == GROVE:
            plains.append((each, _one(loaded, number, each, size, proposers, names, figures)))
    for name in set(_REPLAYED) & set(names):
        figures[name].tokens.clear()
        figures[name].passes.clear()
        proposer = _proposer(name, loaded)
        for each, plain in plains:
            if plain.tokens:
                passes = replayed(each, plain.token_ids, proposer)
                figures[name].count(each.category, plain.tokens, passes)
                if _quotes(each, plain):
                    figures[name].count("quoting", plain.tokens, passes)
    rows = [_row(name, figures[name]) for name in ("none", *names)]
    settings = {
        "model": "smollm2", "max_tokens": size.max_tokens, "no_repeat_tokens": NO_REPEAT_TOKENS,
        "plain_prompts": len(plains), "plain_tokens": sum(plain.tokens for _, plain in plains),
        "quoting_prompts": sum(_quotes(each, plain) for each, plain in plains),
    }  # fmt: skip
    return {"machine": machine(), "settings": settings, "rows": rows}


def _proposer(name: str, loaded: Loaded) -> Proposer:
    proposer = build_proposer(name, {}, loaded=lambda: loaded, device="cpu")
    assert proposer is not None
    return proposer


def _one(
    loaded: Loaded,
    number: int,
    asked: Asked,
    size: Size,
    proposers: dict[str, Proposer],
    names: list[str],
    figures: dict[str, Figures],
) -> Run:
    """Run one prompt in all ways; give the plain run."""
    prompt = read(loaded, asked)
    ways = _ways(loaded, number, prompt, size, proposers, names)
    order = list(ways)
    start = number % len(order)
    runs = {name: ways[name]() for name in (*order[start:], *order[:start])}
    plain = runs["none"]
    for name, each in runs.items():
        if plain.tokens:
            figures[name].add(asked.category, each, plain)
    drawn = [name for name in _DRAWN if name in names and figures[name].prompts < size.drawn_prompts]
    if drawn and asked.category == GROVE and plain.tokens:
        short = decoded(loaded, prompt, Nothing(), size.drawn_tokens)
        for name in drawn:
            each = decoded(loaded, prompt, proposers[name], size.drawn_tokens)
            figures[name].add(asked.category, each, short)
    return plain


def _ways(
    loaded: Loaded, number: int, prompt: Read, size: Size, proposers: dict[str, Proposer], names: list[str]
) -> dict[str, Callable[[], Run]]:
    """Give the ways that are timed beside plain decoding of one prompt, and that."""
    asked = prompt.asked
    ways: dict[str, Callable[[], Run]] = {
        "none": lambda: decoded(loaded, prompt, Nothing(), size.max_tokens)
    }
    for name, every in size.every.items():
        if name in names and (number % every == 0 or asked.category == GROVE):
            ways[name] = _way(loaded, prompt, proposers[name], size.max_tokens)
    if asked.category in RAG and "theirs lookup" in names:
        ways["theirs lookup"] = lambda: theirs(
            loaded, asked, size.max_tokens, prompt_lookup_num_tokens=10, max_matching_ngram_size=3
        )
    if asked.category == GROVE and _ASSISTED in names and number % 2 == 0:
        small = first_layers(loaded.model, _ASSISTANT_LAYERS)
        ways[_ASSISTED] = lambda: theirs(loaded, asked, size.max_tokens, assistant_model=small)
    return ways


def _way(loaded: Loaded, prompt: Read, proposer: Proposer, max_tokens: int) -> Callable[[], Run]:
    return lambda: decoded(loaded, prompt, proposer, max_tokens)


def _row(name: str, figures: Figures) -> dict[str, Any]:
    rag = [pair for category in RAG for pair in figures.pairs[category]]
    everything = [pair for pairs in figures.pairs.values() for pair in pairs]
    by_category = {category: _ratio(pairs) for category, pairs in sorted(figures.pairs.items()) if pairs}
    low, high = ratio_interval(rag)
    all_low, all_high = ratio_interval(everything)
    passes = {key: number for key, number in figures.passes.items() if number}
    half = figures.late[len(figures.late) // 2 :]
    own = [key for key in passes if key != "quoting"]
    return {
        "proposer": name,
        "prompts": figures.prompts,
        "identical": figures.identical,
        "tokens_per_forward": _divided(
            sum(figures.tokens[key] for key in own), sum(passes[key] for key in own)
        ),
        "tokens_per_forward_second_half": _divided(sum(t for t, _ in half), sum(p for _, p in half)),
        "tokens_per_forward_by_category": {
            key: _divided(figures.tokens[key], passes[key]) for key in sorted(passes)
        },
        "speedup": _ratio(everything),
        "speedup_low": all_low,
        "speedup_high": all_high,
        "speedup_rag": _ratio(rag),
        "speedup_rag_low": low,
        "speedup_rag_high": high,
        "speedup_min": min(by_category.values(), default=1.0),
        "speedup_by_category": by_category,
    }


def _quotes(asked: Asked, plain: Run) -> bool:
    """Tell whether most of an answer stands in its prompt, in runs of five tokens."""
    size = _QUOTED_RUN
    prompt = {asked.token_ids[at : at + size] for at in range(len(asked.token_ids) - size + 1)}
    quoted: set[int] = set()
    for at in range(len(plain.token_ids) - size + 1):
        if tuple(plain.token_ids[at : at + size]) in prompt:
            quoted.update(range(at, at + size))
    return asked.category in _QUOTING and 2 * len(quoted) > len(plain.token_ids)


def _divided(above: float, below: float) -> float:
    return round(above / below, 3) if below else 0.0


def _ratio(pairs: list[tuple[float, float]]) -> float:
    """Give how many times faster, over all prompts together."""
    return _divided(sum(plain for plain, _ in pairs), sum(ours for _, ours in pairs))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", choices=[*FULL.every, *_DRAWN, "theirs lookup", _ASSISTED])
    parser.add_argument("--quick", action="store_true")
    chosen = parser.parse_args()
    print(json.dumps(run(quick=chosen.quick, only=chosen.only)))
