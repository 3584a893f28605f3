"""Train TreeHop's update for MiniLM's vectors: `python -m rag.training treehop --write`.

Every step of a question is an example: the states along the way to it, then InfoNCE of the last state, the
passage that comes next, and five passages offered with the question that it does not need; the encoder and
the question's own vector stay as they are. `--calibrate` fits the weights of rag/scoring/hops.py instead.

Source: Li et al., TreeHop, 2025, section 3.4 and the authors' code: InfoNCE an edge, random negatives of
the same question. We add the other passages of the batch to them.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from rag.core.types import Vector
from rag.encoders._cache import CachedEncoder
from rag.networks._weights import save_weights
from rag.networks.treehop import TreeHop
from rag.training._optimisers import LinearAdamW
from rag.training._recipes import add_choices, chosen
from rag.training._treehop_data import Link, Way, links, paths, retold
from rag.training._treehop_pool import Pool, load_pool
from rag.training._treehop_routing import fit_routing
from rag.training._treehop_weights import PARTS, WAYS, calibrate

__all__ = ["Examples", "Recipe", "main", "step_loss", "trained"]

_NUM_OTHERS = 5


@dataclass(frozen=True, slots=True)
class Recipe:
    """Every choice of a training run."""

    gate: Annotated[int, "numbers of the update gate"] = 256
    blocks: Annotated[int, "of the update module"] = 1
    share: Annotated[float, "of the passage in the next question; -1 is the paper's"] = 1.0
    rate: Annotated[float, "learning rate"] = 3e-4
    temperature: Annotated[float, "of the similarities"] = 0.05
    batch: Annotated[int, "steps of questions"] = 64
    epochs: Annotated[int, "how often every step is read"] = 6
    links: Annotated[int, "questions synthesised from train_qa_english; their gain is not yet measured"] = 0
    whole_batch: Annotated[int, "1: other examples' passages are negatives too"] = 1
    seed: Annotated[int, "of what is drawn at random"] = 0


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """Steps to learn, as numbers of vectors."""

    questions: Vector  # (Q, D)
    passages: Vector  # (N, D)
    ways: Sequence[Way]


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, print the recipe and how often held-out steps are found, and write the weights."""
    parser = argparse.ArgumentParser(prog="python -m rag.training treehop", description=main.__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--work", type=Path, default=Path(".work/treehop"), help="index and vectors")
    parser.add_argument(
        "--write", action="store_true", help="write the weights, or with --calibrate hops.py"
    )
    parser.add_argument(
        "--calibrate",
        nargs="*",
        choices=[*WAYS, *PARTS, "MULTIHOP"],
        help="fit the weights of the reasons to hop, of all ways or of some, or MULTIHOP, whether to",
    )
    add_choices(parser, Recipe)
    options = vars(parser.parse_args(arguments))
    if len(wanted := options["calibrate"] or ()) > 1 and "MULTIHOP" in wanted:
        parser.error("--calibrate fits MULTIHOP alone: it reads other questions than the rest")
    if options["calibrate"] == ["MULTIHOP"]:
        report = fit_routing(options["data"], options["work"] / "routing", write=options["write"])
        print(json.dumps(report, indent=2))
        return
    pool = load_pool(options["data"], options["work"])
    recipe = chosen(Recipe, options)
    encoder = CachedEncoder(pool.encoder, options["work"] / "vectors.db")
    if options["calibrate"] is not None:
        ways = options["calibrate"] or list(WAYS)
        report = calibrate(replace(pool, encoder=encoder), ways, write=options["write"])
        print(json.dumps(report, indent=2))
        return
    learned, held_out = examples(pool, encoder, held_out=False), examples(pool, encoder, held_out=True)
    source = options["data"] / "train_qa_english" / "train.jsonl.gz"
    asked, ways = retold([each for each in pool.questions if not each.is_held_out], _texts(pool))
    told = Examples(encoder.encode(asked), learned.passages, ways)
    linked = links(source, limit=recipe.links, seed=recipe.seed)
    made = [told, *synthesised(linked, encoder, recipe.seed)]
    device = "cuda" if torch.cuda.is_available() else "cpu"
    module = trained(recipe, [learned, *made], device=device)
    report = {"recipe": asdict(recipe), "steps": [len(each.ways) for each in (learned, *made, held_out)]}
    report["held out"] = found_again(module, held_out)
    print(json.dumps(report, indent=2))
    if options["write"]:
        save_weights("treehop", {name: each.half() for name, each in module.state_dict().items()})


def examples(pool: Pool, encoder: CachedEncoder, *, held_out: bool) -> Examples:
    """Give the steps of the annotated questions: those that train, or those held out."""
    chosen = [question for question in pool.questions if question.is_held_out == held_out]
    vectors = pool.store.vectors([passage.chunk_id for passage in pool.passages], pool.snapshot.segments)
    return Examples(encoder.encode([each.text for each in chosen]), vectors, paths(chosen, _texts(pool)))


def _texts(pool: Pool) -> list[tuple[str, str]]:
    return [(passage.title, passage.text) for passage in pool.passages]


def synthesised(made: Sequence[Link], encoder: CachedEncoder, seed: int) -> list[Examples]:
    """Give the steps of synthesised questions; their other passages are drawn from all."""
    if not made:
        return []
    numbers: dict[str, int] = {}
    ends = [
        (numbers.setdefault(link.parent, len(numbers)), numbers.setdefault(link.child, len(numbers)))
        for link in made
    ]
    chooser = np.random.default_rng(seed)
    ways = [
        Way(number, (parent,), child, tuple(chooser.integers(0, len(numbers), _NUM_OTHERS).tolist()))
        for number, (parent, child) in enumerate(ends)
    ]
    return [Examples(encoder.encode([link.question for link in made]), encoder.encode(list(numbers)), ways)]


def trained(recipe: Recipe, sets: Sequence[Examples], *, device: str = "cpu") -> TreeHop:
    """Learn the steps of every set, in batches of one set and one length of way each."""
    torch.manual_seed(recipe.seed)
    chooser = np.random.default_rng(recipe.seed)
    dim = sets[0].questions.shape[1]
    module = TreeHop(dim, gate=recipe.gate, num_blocks=recipe.blocks, share=recipe.share)
    torch.nn.init.zeros_(module.update.weight)  # it starts as the plain sum or difference
    module.to(device)
    batches = [
        (number, [ways[place] for place in chosen])
        for _ in range(recipe.epochs)
        for number, each in enumerate(sets)
        for ways in _by_length(each.ways)
        for chosen in np.array_split(chooser.permutation(len(ways)), -(-len(ways) // recipe.batch))
    ]
    steps = len(batches)
    optimiser = LinearAdamW(module.parameters(), rate=recipe.rate, warmup_steps=steps // 20, steps=steps)
    tensors = [
        tuple(torch.from_numpy(part).to(device) for part in (each.questions, each.passages))
        for each in sets
    ]
    for place in chooser.permutation(steps):
        number, ways = batches[place]
        questions, passages = tensors[number]
        states = _states(module, questions, passages, ways)
        candidates = [
            [way.child, *chooser.choice(way.others or (way.child,), _NUM_OTHERS).tolist()] for way in ways
        ]
        torch.autograd.backward(step_loss(states, passages, candidates, recipe))
        optimiser.step()
    return module.requires_grad_(False).eval().cpu()


def step_loss(
    states: Tensor, passages: Tensor, candidates: Sequence[Sequence[int]], recipe: Recipe
) -> Tensor:
    """Give the mean InfoNCE of states (B, D); of each row of candidates the first is right."""
    numbers = torch.tensor(candidates, device=states.device)  # (B, 1 + negatives)
    right = F.normalize(states, dim=-1)
    own = torch.einsum("bd,bnd->bn", right, passages[numbers]) / recipe.temperature
    own[:, 1:] = own[:, 1:].masked_fill(numbers[:, 1:] == numbers[:, :1], -torch.inf)
    if recipe.whole_batch:
        others = numbers.flatten()
        scores = right @ passages[others].T / recipe.temperature
        scores = scores.masked_fill(others[None, :] == numbers[:, :1], -torch.inf)
        own = torch.cat([own[:, :1], scores], dim=1)
    return F.cross_entropy(own, torch.zeros(len(own), dtype=torch.long, device=states.device))


def found_again(module: TreeHop, held_out: Examples, *, k: int = 5) -> dict[str, float]:
    """Give the share of steps whose passage is among the k nearest of all, without those followed."""
    questions, passages = torch.from_numpy(held_out.questions), torch.from_numpy(held_out.passages)
    rows = [questions[way.question] for way in held_out.ways]
    followed = [passages[list(way.parents)].sum(0) for way in held_out.ways]
    with torch.inference_mode():
        moved = torch.cat([_states(module, questions, passages, [way]) for way in held_out.ways])
    asked, behind = torch.stack(rows), torch.stack(followed)
    ways = {"question": asked, "q - c": asked - behind, "q + c": asked + behind, "treehop": moved}
    return {name: _recall(states, passages, held_out.ways, k) for name, states in ways.items()}


def _recall(states: Tensor, passages: Tensor, ways: Sequence[Way], k: int) -> float:
    scores = F.normalize(states, dim=-1) @ passages.T
    for row, way in enumerate(ways):
        scores[row, list(way.parents)] = -torch.inf
    nearest = scores.topk(k, dim=1).indices.tolist()
    return round(float(np.mean([way.child in row for way, row in zip(ways, nearest, strict=True)])), 4)


def _states(module: TreeHop, questions: Tensor, passages: Tensor, ways: Sequence[Way]) -> Tensor:
    """Give the states (B, D) after the passages of ways of one length."""
    states = questions[[way.question for way in ways]]
    for parents in zip(*(way.parents for way in ways), strict=True):
        states = module(states, passages[list(parents)])
    return states


def _by_length(ways: Sequence[Way]) -> list[list[Way]]:
    lengths = sorted({len(way.parents) for way in ways})
    return [[way for way in ways if len(way.parents) == length] for length in lengths]
