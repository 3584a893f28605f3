"""Make questions and hard negatives with a language model: `python -m rag.training synthesize`.

Passages are those of the late head's training; a model writes a question for each, and negatives from the
question alone and from question and passage; others are mined by BM25, mixed, or drawn at random. False
negatives are dropped by a share of the positive's cosine. Then the shipped late head goes on training on
each arm, with the same questions, positives and steps for all, and the arms are printed beside the head
as it is; where no question has a true negative in every arm, only how many each has. `--write` names the
file that rows go to; rows that it has already are not made again.
"""

import argparse
import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from itertools import chain
from pathlib import Path

import numpy as np
import torch

from rag.core.protocols import Generator
from rag.encoders.minilm import Minilm
from rag.evaluation.metrics import paired_interval
from rag.generation.backends.transformers import Transformers
from rag.networks.late import LateHead
from rag.training._late_held_out import HeldOut
from rag.training._late_pool import Columns, Pool, Query, encoded, load_pools
from rag.training._late_run import Recipe, Run
from rag.training._late_student import Student
from rag.training._late_teacher import Examples
from rag.training._synthetic import ARMS, MAX_SHARE, MINED, Row, make_row, with_mined

__all__ = ["compare", "main", "make_rows"]

SHIPPED = "as shipped"
_ROWS_AT_ONCE = 8  # the generator writes as many answers together
_RECIPE = Recipe(
    teacher="gold",
    ways=2,
    optimiser="linear",
    rate=5e-4,
    steps=40,
    checkpoints=1,
    average=1,
    repeat_multihop=1,
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Make rows, train the arms, print a line for each."""
    parser = argparse.ArgumentParser(prog="python -m rag.training synthesize", description=main.__doc__)
    parser.add_argument("--model", required=True, help="the folder of a causal language model")
    parser.add_argument("--questions", type=int, default=50)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--work", type=Path, default=Path(".work/late"))
    parser.add_argument("--write", type=Path, default=Path(".work/synthetic.jsonl"))
    parser.add_argument("--scale", type=float, default=1.0, help="of the sample of single-hop passages")
    parser.add_argument(
        "--max-share", type=float, default=MAX_SHARE, help="of the positive's cosine: above it, false"
    )
    parser.add_argument("--seeds", type=int, default=3, help="runs of each arm")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    depths, columns = Columns.of(_RECIPE.depths)
    pools = load_pools(options.data, options.work, depths, scale=options.scale)
    generator = Transformers(Path(options.model).parent, options.model)
    rows = asyncio.run(make_rows(generator, pools[0], options.write, count=options.questions))
    full = with_mined(rows, pools[0].passages, Minilm(), seed=0, max_share=options.max_share)
    for line in compare(full, pools, columns, options.work, seeds=range(options.seeds)):
        print(json.dumps(line))


async def make_rows(generator: Generator, pool: Pool, file: Path, *, count: int) -> list[Row]:
    """Give `count` rows, from `file` where it has them; new ones are made and added to it some at once."""
    asked = {pool.passages[each] for query in pool.queries if query.dev for each in query.positives}
    others = [text for text in pool.passages if text not in asked]
    chosen = np.random.default_rng(0).permutation(len(others))[:count]
    file.parent.mkdir(parents=True, exist_ok=True)
    known = [Row(**json.loads(line)) for line in file.read_text().splitlines()] if file.exists() else []
    made = {row.passage: row for row in known}
    missing = [others[number] for number in chosen if others[number] not in made]
    with file.open("a") as lines:
        for start in range(0, len(missing), _ROWS_AT_ONCE):
            texts = missing[start : start + _ROWS_AT_ONCE]
            for row in await asyncio.gather(*(make_row(generator, text) for text in texts)):
                made[row.passage] = row
                lines.write(f"{json.dumps(asdict(row))}\n")
            lines.flush()
    return [made[others[number]] for number in chosen]


def compare(
    rows: Sequence[Row], pools: Sequence[Pool], columns: Columns, work: Path, *, seeds: Sequence[int]
) -> list[dict[str, object]]:
    """Give for each arm how many negatives were true, and nDCG@10 on held-out questions once trained on it.

    The rows are those of `with_mined`. All arms train on the questions that have a negative in every arm,
    once a seed. `held out` is a mean for each pool, `seeds` the mean over the pools of each run. `beside
    mined` and `beside shipped` are the intervals, by a paired bootstrap over all held-out questions, of how
    much an arm is better.
    """
    usable = [row for row in rows if set(row.negatives) == set(ARMS)]
    held_out = [HeldOut(pool, columns) for pool in pools]
    runs = {SHIPPED: [_found(Student(LateHead.shipped(), columns), held_out)]}
    if usable:
        pools_of = {arm: _pool(usable, arm) for arm in ARMS}
        runs |= {
            arm: [_found(_trained(pool, columns, work, seed=seed), held_out) for seed in seeds]
            for arm, pool in pools_of.items()
        }
    means = {
        name: [np.mean(parts, axis=0).tolist() for parts in zip(*each, strict=True)]
        for name, each in runs.items()
    }
    lines: list[dict[str, object]] = []
    for name in (SHIPPED, *ARMS):
        line: dict[str, object] = {
            "arm": name,
            "true negatives": sum(name in row.negatives for row in rows),
            "trained on": len(usable) if name in ARMS else 0,
        }
        lines.append(line)
        if name not in means:
            continue
        scores = means[name]
        line["held out"] = _means(held_out, scores)
        line["seeds"] = [round(float(np.mean(_means(held_out, each))), 4) for each in runs[name]]
        for key, other in (("beside mined", MINED), ("beside shipped", SHIPPED)):
            if other in means:
                line[key] = paired_interval(list(chain(*scores)), list(chain(*means[other])))
    return lines


def _found(student: Student, held_out: Sequence[HeldOut]) -> list[list[float]]:
    return [each.found(each.late(student)) for each in held_out]


def _means(held_out: Sequence[HeldOut], scores: Sequence[Sequence[float]]) -> list[float]:
    return [round(each.mean(part), 4) for each, part in zip(held_out, scores, strict=True)]


def _pool(rows: Sequence[Row], arm: str) -> Pool:
    """Give the questions with two passages each: the positive, then the arm's negative."""
    passages = [text for row in rows for text in (row.passage, row.negatives[arm])]
    queries = [Query(row.question, [2 * number], arm, dev=False) for number, row in enumerate(rows)]
    depths, _ = Columns.of(_RECIPE.depths)
    return Pool(
        arm, passages, queries, encoded(passages, depths), encoded([row.question for row in rows], depths)
    )


def _trained(pool: Pool, columns: Columns, work: Path, *, seed: int) -> Student:
    count = len(pool.queries)
    candidates = np.arange(2 * count).reshape(-1, 2)
    gold = np.tile(np.array([1.0, 0.0], dtype=np.float32), (count, 1))
    examples = Examples(pool, list(range(count)), candidates, {"gold": gold})
    recipe = replace(_RECIPE, seed=seed)
    run = Run(recipe, [examples], columns, work / "runs", start=LateHead.shipped())
    run.learn(recipe.steps)
    return run.student
