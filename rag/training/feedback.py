"""Train the feedback reformulator: `python -m rag.training feedback --write`.

MiniLM's vectors stay as they are; a small network learns to move a question by its first answers. Each
question is revised several times, with nested sets of feedback of different sizes, and a revision that
does worse with more feedback is punished: more feedback must not hurt.

Source: Zhu et al., LoL, SIGIR 2022, https://arxiv.org/abs/2204.11545, sections 3 and 4. Deviations: a
network over frozen vectors instead of a language model over texts; now and then the right passage is taken
from the feedback, since elsewhere the first search finds less than here.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
from torch import Tensor

from rag.encoders._cache import CachedEncoder
from rag.encoders.minilm import Minilm
from rag.networks._weights import save_weights
from rag.networks.feedback import Reformulator
from rag.scoring.feedback import average, rocchio
from rag.training._feedback_data import Pool, load_pool
from rag.training._feedback_loss import less_is_not_more, revision_loss
from rag.training._optimisers import LinearAdamW
from rag.training._recipes import add_choices, chosen

__all__ = ["Recipe", "main", "trained"]

_MAX_FEEDBACK = 5


@dataclass(frozen=True, slots=True)
class Recipe:
    """Every choice of a training run."""

    comparisons: Annotated[int, "n_c: revisions of a question besides one; 0: no regulariser"] = 1
    regulariser: Annotated[float, "lambda, the weight of the regulariser"] = 1.0
    depth: Annotated[int, "feedback is drawn from so many first answers"] = 10
    hidden: Annotated[float, "share of questions whose right passages are no feedback"] = 0.3
    rate: Annotated[float, "learning rate"] = 5e-4
    temperature: Annotated[float, "of the similarities"] = 0.05
    width: Annotated[int, "numbers of the hidden layer"] = 96
    batch: Annotated[int, "revisions"] = 128
    epochs: Annotated[int, "divided by the revisions of a question, as in the paper: equal work"] = 8
    seed: Annotated[int, "of what is drawn at random"] = 0


@dataclass(frozen=True, slots=True)
class _Tables:
    """The pool as tensors, on the device."""

    passages: Tensor  # (P, D)
    questions: Tensor  # (Q, D)
    positives: Tensor  # (Q, P) bool
    first: Tensor  # (Q, depth + most positives), passages by closeness
    is_held_out: Tensor  # (Q,) bool


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, print the recipe and what it reaches on held-out questions, and write the weights."""
    parser = argparse.ArgumentParser(prog="python -m rag.training feedback", description=main.__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--work", type=Path, default=Path(".work/feedback"), help="vectors")
    parser.add_argument(
        "--write", action="store_true", help="write rag/networks/weights/feedback.safetensors"
    )
    add_choices(parser, Recipe)
    options = vars(parser.parse_args(arguments))
    recipe = chosen(Recipe, options)
    pool = load_pool(options["data"], CachedEncoder(Minilm(batch_size=8), options["work"] / "vectors.db"))
    network = trained(recipe, pool)
    report = {"recipe": asdict(recipe), "questions": len(pool.asked), "held out": _figures(pool, network)}
    print(json.dumps(report, indent=2))
    if options["write"]:
        save_weights("feedback", {name: tensor.half() for name, tensor in network.state_dict().items()})


def trained(recipe: Recipe, pool: Pool) -> Reformulator:
    """Learn from the pool's questions that are not held out; on a GPU where there is one."""
    torch.manual_seed(recipe.seed)
    tables = _tables(pool, recipe.depth)
    network = Reformulator(pool.passages.shape[1], recipe.width).to(tables.passages.device)
    learned = (~tables.is_held_out).nonzero()[:, 0]
    num_sizes = recipe.comparisons + 1
    a_batch, epochs = max(recipe.batch // num_sizes, 1), max(recipe.epochs // num_sizes, 1)
    steps = epochs * -(-len(learned) // a_batch)
    optimiser = LinearAdamW(network.parameters(), rate=recipe.rate, warmup_steps=steps // 10, steps=steps)
    for _ in range(epochs):
        order = learned[torch.randperm(len(learned), device=learned.device)]
        for start in range(0, len(order), a_batch):
            chosen = order[start : start + a_batch]
            losses = _revision_losses(network, tables, chosen, recipe)
            regulariser = recipe.regulariser * less_is_not_more(losses)
            torch.autograd.backward(losses.mean() + regulariser)
            optimiser.step()
    return network.cpu().requires_grad_(False).eval()


def _revision_losses(network: Reformulator, tables: _Tables, chosen: Tensor, recipe: Recipe) -> Tensor:
    """Give (S, B): the loss with less and with more of the same feedback, in random order."""
    first = tables.first[chosen]
    unwanted = torch.rand(len(chosen), device=first.device) < recipe.hidden
    is_positive = tables.positives[chosen].gather(1, first)
    keys = torch.rand(first.shape, device=first.device)
    keys[:, recipe.depth :] = 1.0  # beyond the depth: only where others are hidden
    keys[is_positive & unwanted[:, None]] = 2.0
    feedback = tables.passages[first.gather(1, keys.argsort(dim=1)[:, :_MAX_FEEDBACK])]
    sizes = torch.randperm(_MAX_FEEDBACK + 1)[: recipe.comparisons + 1].sort().values
    losses = []
    for size in sizes.tolist():
        is_there = torch.ones(len(chosen), size, dtype=torch.bool, device=first.device)
        moved = network(tables.questions[chosen], feedback[:, :size], is_there)
        scores = moved @ tables.passages.T
        losses.append(revision_loss(scores, tables.positives[chosen], temperature=recipe.temperature))
    return torch.stack(losses)


def _tables(pool: Pool, depth: int) -> _Tables:
    device = "cuda" if torch.cuda.is_available() else "cpu"
    passages = torch.from_numpy(pool.passages).to(device)
    questions = torch.from_numpy(pool.questions).to(device)
    positives = torch.zeros(len(questions), len(passages), dtype=torch.bool, device=device)
    for row, each in enumerate(pool.asked):
        positives[row, list(each.positives)] = True
    most = max(len(each.positives) for each in pool.asked)
    first = (questions @ passages.T).topk(min(depth + most, len(passages)), dim=1).indices
    is_held_out = torch.tensor([each.is_held_out for each in pool.asked], device=device)
    return _Tables(passages, questions, positives, first, is_held_out)


def _figures(pool: Pool, network: Reformulator) -> dict[str, dict[str, float]]:
    """Give MRR@10 of the held-out questions, by method and number of passages."""
    chosen = [row for row, each in enumerate(pool.asked) if each.is_held_out]
    first = np.argsort(-(pool.questions[chosen] @ pool.passages.T), axis=1, kind="stable")[
        :, :_MAX_FEEDBACK
    ]
    methods = {"average": average, "rocchio": rocchio, "lol": network.moved}
    return {
        name: {
            str(size): _reciprocal_rank(
                pool,
                chosen,
                np.stack(
                    [
                        method(pool.questions[row], pool.passages[near[:size]])
                        for row, near in zip(chosen, first, strict=True)
                    ]
                ),
            )
            for size in range(_MAX_FEEDBACK + 1)
        }
        for name, method in methods.items()
    }


def _reciprocal_rank(pool: Pool, chosen: Sequence[int], moved: np.ndarray) -> float:
    scores = moved @ pool.passages.T
    ranks = [
        int((row > row[list(pool.asked[question].positives)].max()).sum()) + 1
        for row, question in zip(scores, chosen, strict=True)
    ]
    return round(float(np.mean([1 / rank if rank <= 10 else 0.0 for rank in ranks])), 4)
