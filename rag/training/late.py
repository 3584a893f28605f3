"""Train the late-interaction head over MiniLM's token states: `python -m rag.training late --write`.

The recipe of JaColBERTv2.5: for each question the student's MaxSim scores of its candidates learn a
teacher's by KL-divergence, both sides scaled to 0..1; no in-batch negatives; schedule-free AdamW, no
clipping. Added to it: the projection learns to keep each token's best similarities as they are before it
(`--geometry-weight`), without labels. `--average` keeps the mean of checkpoints. Each choice is a flag;
what they do is in docs/experiments/retrieval.md. The encoder is frozen, so that one pass serves dense and
late vectors; its states are written once to `--work`, and training goes on where it was ended. `--layers`
trains a copy of its last layers too, to measure what that would bring; `--write` refuses it. `--scale`
takes fewer passages, or more, up to all of them. A GPU is used where there is one.

Teachers, joined by `+`: `words` (BM25), `dense`, `raw` (MaxSim of untrained token states), `gold` (labels).
Data: train_retrieval_english (the part that may be shipped) and train_multihop, a sample each
(_late_pool.py). A tenth of the passages and a third of the multi-hop questions are held out; they choose
the checkpoints.
Source: Clavié, JaColBERTv2.5, 2024, section 4 and table 7.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import torch

from rag.core.errors import InvalidInputError
from rag.networks._weights import save_weights
from rag.networks.late import LateHead
from rag.training._late_held_out import HeldOut
from rag.training._late_pool import Columns, load_pools
from rag.training._late_run import Recipe, Run
from rag.training._late_teacher import SIGNALS, mined
from rag.training._recipes import add_choices, chosen, listed

__all__ = ["main", "train"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, print the recipe and what it reaches on held-out questions, and write the weights."""
    parser = argparse.ArgumentParser(prog="python -m rag.training late", description=main.__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--work", type=Path, default=Path(".work/late"), help="states and checkpoints")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--write", action="store_true", help="write rag/networks/weights/late.safetensors")
    add_choices(parser, Recipe)
    options = vars(parser.parse_args(arguments))
    torch.set_num_threads(options["threads"])
    recipe = chosen(Recipe, options)
    if options["write"] and recipe.layers:
        raise InvalidInputError("the encoder reads a head over MiniLM as it is; write without --layers")
    head, report = train(recipe, data=options["data"], work=options["work"])
    print(json.dumps(report, indent=2))
    if options["write"]:
        weights = {name: tensor.half() for name, tensor in head.state_dict().items()}
        save_weights("late", weights | {"depths": torch.tensor(head.depths)})


def train(recipe: Recipe, *, data: Path, work: Path) -> tuple[LateHead, dict[str, object]]:
    """Give the trained head and the report, from the stored checkpoints where there are any.

    Args:
        recipe: the choices.
        data: the folder that holds train_retrieval_english and train_multihop.
        work: where states and checkpoints are kept.
    """
    listed(recipe.teacher, SIGNALS, by="+")  # before the passages are encoded
    depths, columns = Columns.of(recipe.depths, layers=recipe.layers)
    pools = load_pools(data, work, depths, scale=recipe.scale)
    examples = [mined(pool, columns, recipe, work) for pool in pools]
    held_out = [HeldOut(pool, columns) for pool in pools]
    run = Run(recipe, examples, columns, work / "runs")
    start = [each.score(run.student) for each in held_out]
    reached = [run.checkpoint(number, held_out) for number in range(1, recipe.checkpoints + 1)]
    best = sorted(reached[:-1], key=lambda checkpoint: -checkpoint[1])[: recipe.average - 1]
    kept = [weights for weights, _ in (*best, reached[-1])]
    run.student.load_state_dict(
        {name: torch.stack([each[name] for each in kept]).mean(dim=0) for name in kept[0]}
    )
    report = {
        "recipe": asdict(recipe),
        "questions": sum(len(each.queries) for each in examples),
        "held out, dense": [round(each.dense(), 4) for each in held_out],
        "held out, raw tokens": [round(each.raw(), 4) for each in held_out],
        "held out, untrained head": [round(score, 4) for score in start],
        "checkpoints, mean of the pools": [round(score, 4) for _, score in reached],
        "held out, trained head": [round(each.score(run.student), 4) for each in held_out],
    }
    return run.student.head.cpu().eval(), report
